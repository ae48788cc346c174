"""`python -m ipcbench` with visits that take no time and start no process, for tests of everything else.

IPCBENCH_TEST_FAULTS maps "<mechanism> <round> <attempt>" to a verdict, as JSON; "escaped" means a visit that cannot be
contained, and "note:<text>" a good outcome with that note. Outcomes of different processes differ by the process id.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from records import outcome

import ipcbench.report
from ipcbench.cli import main
from ipcbench.errors import NotContained
from ipcbench.machine.finding import Finding, Level
from ipcbench.model import Failure, Outcome, Timing, Visit
from ipcbench.run import local
from ipcbench.run.containment.processes import ISOLATION


class Instant:
    """A Visitor that starts no process."""

    isolation = os.environ.get("IPCBENCH_TEST_ISOLATION", ISOLATION)

    def __init__(self, timing: Timing, _stop: object, **_more: object) -> None:
        self.timing = timing
        self.faults: dict[str, str] = json.loads(os.environ.get("IPCBENCH_TEST_FAULTS", "{}"))
        self.made: dict[tuple[str, int], int] = {}

    def sitting(self, visits: Sequence[Visit], _seed: str) -> list[Outcome | Failure]:
        return [self.visit(visit) for visit in visits]

    def visit(self, visit: Visit) -> Outcome | Failure:
        if visit.round == 0 and visit.loops:
            return outcome()  # ipcbench only wants to know how long it takes
        key = visit.case.mechanism, visit.round
        self.made[key] = attempt = self.made.get(key, 0) + 1
        fault: Any = self.faults.get(f"{visit.case.mechanism} {visit.round} {attempt}", "")
        if fault == "escaped":
            raise NotContained(f"{visit.case.id}: process 17 outlived its visit")
        if fault and not fault.startswith("note:"):
            return Failure(fault, "timing", f"made to be {fault}")
        found = outcome((visit.round + 1) * 1e-5, tuple(filter(None, [fault.removeprefix("note:")])))
        return found._replace(metadata=found.metadata | {"date": f"2026-01-15 10:20:30.{os.getpid() % 10**6:06}"})

    def close(self) -> None:
        pass


def examine() -> list[Finding]:
    """Return findings of a machine on battery, or with the power that IPCBENCH_TEST_POWER names."""
    power = os.environ.get("IPCBENCH_TEST_POWER", "battery")
    level: Level = "warning" if power == "battery" else "good"
    return [Finding("power", power, level, "The clock is kept low."), Finding("SMT", "off", "good", "")]


if __name__ == "__main__":
    for module, name, instead in [
        (local, "examine", examine),
        (local, "Visitor", Instant),
        (ipcbench.report, "said", lambda *_: []),
    ]:
        getattr(module, name)  # setting a name that does not exist would have no effect
        setattr(module, name, instead)
    main()
