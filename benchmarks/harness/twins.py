"""Runs in which every case is measured twice, side by side, for aa.py and power.py.

The twin of a case is an equal case under this same interpreter, given as with `--python`. A block holds both, so they
are neighbours in every round, like two mechanisms that a reader compares.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ipcbench.analysis.stats import FloatArray, by_round
from ipcbench.machine.facts import capabilities, machine_facts
from ipcbench.machine.pythons import interpreters
from ipcbench.model import Budget, Case, Failure, Interpreter, Outcome, Timing, Visit
from ipcbench.plan.planner import Plan, why_not
from ipcbench.results.frame import visit_frame
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import save
from ipcbench.run.cost import time_to_start
from ipcbench.run.listener import Ahead
from ipcbench.run.result import Occasion, make_result
from ipcbench.run.schedule import measure
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

ROUNDS = 7  # as `ipcbench all` makes on two CPUs
_LATENCY = ("pipe", "pipe-bytes", "queue", "simple-queue", "os-pipe", "unix-stream", "shared-memory", "manager-queue")
CASES = (
    *(Case("ping-pong", name, size) for name in _LATENCY for size in (64, 65_536)),
    *(Case("stream", name, size) for name in ("pipe", "queue", "os-pipe", "shared-memory") for size in (64, 2**20)),
    *(Case("ping-pong", name, 64, placement="pack") for name in ("pipe", "queue", "shared-memory")),
    *(Case("counter", name, 8, workers) for name in ("value", "array") for workers in (1, 4)),
    *(Case("access", name, 8, operation="read") for name in ("value", "manager-dict")),
    *(Case("hand-over", name, 0) for name in ("semaphore", "event")),
    *(Case("task-queue", "queue", 64, workers) for workers in (1, 4)),
    Case("tasks", "pool", 64, 2, "map"),
)


class _Unheard:
    """A listener without a journal; a script that fails must be started again."""

    def started(self, visit: Visit, attempt: int) -> None:
        pass

    def ended(self, visit: Visit, attempt: int, seconds: float, found: Outcome | Failure) -> None:
        pass

    def visiting(self, visits: Sequence[Visit], ahead: Ahead) -> None:
        if not visits[0].position:
            said = f"round {visits[0].round}, about {ahead.seconds:.0f} s left"
            print(said, file=sys.stderr, flush=True)

    def failed(self, case: Case, failure: Failure) -> None:
        print(f"{case.id}: {failure.verdict}: {failure.detail}", file=sys.stderr, flush=True)


def measure_twins(cases: Sequence[Case], rounds: int, path: Path) -> ResultFile:
    """Measure every case and its twin, save the file, and return it."""
    (twin,) = interpreters([sys.executable])
    offer, started, unheard = capabilities(), datetime.now(UTC), _Unheard()
    chosen = [case for case in cases if not why_not(case, offer)]
    plan = Plan(
        cases=tuple(found for case in chosen for found in (case, twin_of(case, twin))),
        skips=(),
        seed=random.SystemRandom().randrange(2**32),
        budget=Budget(rounds=rounds),
        timing=Timing(),
        pythons=(twin,),
    )
    with Stop() as stop, contextlib.closing(Visitor(plan.timing, stop, pythons=plan.pythons)) as visitor:
        findings = measure(plan, time_to_start(plan, visitor.sitting), visitor.sitting, unheard, unheard, stop)
    occasion = Occasion(path.stem, started.isoformat(timespec="seconds"), "twins", 0.0, machine_facts())
    result = make_result(plan, findings, occasion)
    save(result, path, replace=True)
    return result


def twin_of(case: Case, interpreter: Interpreter) -> Case:
    """Return the twin of a case."""
    return case._replace(python=interpreter.tag)


def pairs(result: ResultFile) -> list[tuple[FloatArray, FloatArray]]:
    """Return the visit means of every case and of its twin, in seconds, round by round: (rounds,) and (rounds,)."""
    series = by_round(visit_frame(result))
    names = {case: Case.parse(case) for case in series}
    twins = {case._replace(python="").id: name for name, case in names.items() if case.python}
    return [(series[case], series[twins[case]]) for case in names if case in twins]


def files(folder: Path, rounds: int, cases: Sequence[Case] = CASES) -> list[ResultFile]:
    """Make two runs of twins, one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    return [measure_twins(cases, rounds, folder / f"twins-{number}.json") for number in (1, 2)]


def spread(arrays: Sequence[tuple[FloatArray, FloatArray]]) -> dict[str, float]:
    """Return the scatter of rounds and of paired ratios: median over cases of the standard deviation of logarithms."""
    logs = [(np.log(one), np.log(other)) for one, other in arrays]
    return {
        "rounds": float(np.median([np.nanstd(one, ddof=1) for one, _ in logs])),
        "paired ratios": float(np.median([np.nanstd(one - other, ddof=1) for one, other in logs])),
    }
