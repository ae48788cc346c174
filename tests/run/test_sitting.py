"""Visits that are alive at once: they take turns, sleep in between, and the trouble of one is nobody else's."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from commands import EXTRA, in_state, parent_of, running, until, workers

from ipcbench.measure.process.placement import usable_cpus
from ipcbench.measure.registry import mechanism_names
from ipcbench.model import Case, Failure, Outcome, Timing, Visit
from ipcbench.plan import catalog
from ipcbench.run.containment.processes import children_of
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

pytestmark = pytest.mark.usefixtures("no_leaks")

TIMING = Timing(values=3, warmups=0, min_time=0.001)
NAMES = ("pipe", "queue", "manager-queue")
DEAF = Case("deaf-peer", "pipe", 64)  # its turn has no end of its own
SOON = 30.0


@pytest.fixture(autouse=True)
def extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(EXTRA))
    monkeypatch.setenv("PYTHONWARNINGS", "error")


@pytest.fixture(params=[False, True], ids=["forked", "fresh"])
def visitor(stop: Stop, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    with closing(Visitor(TIMING._replace(fresh=request.param), stop)) as made:
        yield made


def visits(*cases: Case, loops: int | None = 20) -> list[Visit]:
    return [Visit(case, 1, position, loops) for position, case in enumerate(cases)]


PIPES = visits(*(Case("ping-pong", name, 64) for name in NAMES))


def test_every_visit_has_its_turns_and_none_has_two_in_a_row_while_others_wait(visitor: Visitor) -> None:
    found = visitor.sitting(PIPES, "seed")
    turns = [one.turns for one in found if isinstance(one, Outcome)]
    assert sorted(turn for one in turns for turn in one) == list(range(9))
    for cycle in range(3):
        assert sorted(turn // 3 for turn in [one[cycle] for one in turns]) == [cycle] * 3
    again, other = visitor.sitting(PIPES, "seed"), visitor.sitting(PIPES, "another seed")
    assert [one.turns for one in again if isinstance(one, Outcome)] == turns
    assert [one.turns for one in other if isinstance(one, Outcome)] != turns


def test_calibrating_visits_take_as_many_turns_as_they_need(visitor: Visitor) -> None:
    found = visitor.sitting(visits(*(visit.case for visit in PIPES), loops=None), "")
    assert all(isinstance(one, Outcome) and one.warmups[-1][1] > 0 for one in found)


def when_deaf(folder: Path, act: Callable[[], None]) -> threading.Thread:
    """A thread that does something once the deaf visit has its turn, and then kills that visit's worker."""

    def wait() -> None:
        assert until(lambda: any("timing" in path.read_text() for path in folder.glob("*/*_2/stage")), SOON)
        try:
            act()
        finally:
            os.kill(worker_of(2), signal.SIGKILL)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def worker_of(visit: int) -> int:
    """The worker of a visit, by the visit's number in its run."""
    (pid,) = [pid for pid, folder in workers().items() if folder.endswith(f"_{visit}")]
    return pid


def with_a_deaf_one(visitor: Visitor) -> list[Outcome | Failure]:
    """A sitting whose second visit takes its turn and never gives it back."""
    one, other, _ = PIPES
    return visitor.sitting([one, Visit(DEAF, 1, 1, 20), other._replace(position=2)], "seed")


@pytest.mark.usefixtures("short_timing")
def test_a_visit_that_keeps_its_turn_loses_its_number_and_the_others_have_theirs(visitor: Visitor) -> None:
    one, deaf, other = with_a_deaf_one(visitor)
    assert isinstance(deaf, Failure)
    assert (deaf.verdict, deaf.stage) == ("timed-out", "timing")
    assert all(isinstance(found, Outcome) and len(found.values) == 3 for found in (one, other))


@pytest.mark.parametrize("who", ["worker", "custodian"])
def test_a_process_that_is_killed_while_it_waits_fails_its_own_visit_only(
    visitor: Visitor, temporary: Path, who: str
) -> None:
    def kill() -> None:
        worker = worker_of(1)
        victim = worker if who == "worker" else parent_of(worker)
        os.kill(victim, signal.SIGKILL)
        assert until(lambda: in_state(victim, "XZ"), SOON)
        assert until(lambda: in_state(worker, "XZ"), SOON), "the warden ends what a custodian leaves"

    thread = when_deaf(temporary, kill)
    killed, deaf, other = with_a_deaf_one(visitor)
    thread.join(SOON)
    assert isinstance(killed, Failure)
    assert isinstance(deaf, Failure)
    assert f"{who} was killed by SIGKILL" in killed.detail
    assert "worker was killed by SIGKILL" in deaf.detail
    assert isinstance(other, Outcome)
    assert isinstance(visitor.visit(PIPES[0]), Outcome)


def test_a_template_that_is_killed_is_replaced(stop: Stop) -> None:
    with closing(Visitor(TIMING, stop)) as visitor:
        assert isinstance(visitor.visit(PIPES[0]), Outcome)
        (template,) = running("ipcbench.run.containment.template")
        os.kill(template, signal.SIGKILL)
        assert until(lambda: in_state(template, "XZ"), SOON)
        assert all(isinstance(found, Outcome) for found in visitor.sitting(PIPES, "seed"))


def test_a_template_lasts_for_one_round(stop: Stop) -> None:
    with closing(Visitor(TIMING, stop)) as visitor:
        seen = []
        for number in (1, 1, 2):
            visitor.visit(PIPES[0]._replace(round=number))
            seen.append(running("ipcbench.run.containment.template"))
        assert all(len(pids) == 1 for pids in seen)
        assert seen[0] == seen[1] != seen[2]


def loops_of(worker: int) -> list[int]:
    """The children of a worker that keep CPUs awake."""
    children = [member.pid for member in children_of(worker)]
    return [pid for pid in children if os.sched_getscheduler(pid) == os.SCHED_IDLE]


def test_a_visit_keeps_its_cpus_awake_during_its_turns_only_and_leaves_no_loop_when_its_worker_is_killed(
    visitor: Visitor, temporary: Path
) -> None:
    seen: list[int] = []

    def look() -> None:
        sleeping, busy = loops_of(worker_of(1)), loops_of(worker_of(2))
        seen.extend([*sleeping, *busy])
        assert len(sleeping) == len(busy) == min(2, len(usable_cpus()))
        before = {pid: cpu_time(pid) for pid in seen}
        assert until(lambda: all(cpu_time(pid) > before[pid] + RESTING for pid in busy), SOON)
        assert all(cpu_time(pid) == before[pid] and in_state(pid, "S") for pid in sleeping)

    thread = when_deaf(temporary, look)
    awake = [visit._replace(case=visit.case._replace(cpus="awake")) for visit in visits(PIPES[0].case, DEAF)]
    one, deaf = visitor.sitting(awake, "seed")
    thread.join(SOON)
    assert isinstance(one, Outcome), one
    assert isinstance(deaf, Failure)
    assert (deaf.verdict, deaf.detail) == ("failed", "the worker was killed by SIGKILL")
    assert seen
    assert not any(Path(f"/proc/{pid}").exists() for pid in seen)


RESTING = 0.02  # seconds of CPU time that all processes of a visit may take while another has the turn for a second


def cpu_time(pid: int) -> float:
    used = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        used += int(task.read_text().split()[0])
    return used / 1e9


def resting(name: str) -> bool:
    """Whether a mechanism is here and passes messages back and forth, so that it can wait beside others."""
    case = Case("ping-pong", name, 64)
    return not catalog.missing(name) and not catalog.pattern("ping-pong").unfit(catalog.mechanism(name), case)


NAMES_THAT_REST = [name for name in mechanism_names() if resting(name)]


@pytest.mark.sample
@pytest.mark.parametrize("names", [NAMES_THAT_REST[start::6] for start in range(6)], ids=", ".join)
def test_a_visit_that_waits_for_its_turn_uses_no_cpu_time(stop: Stop, temporary: Path, names: Sequence[str]) -> None:
    used: dict[int, float] = {}

    def look() -> None:
        deaf = worker_of(2)
        others = [pid for pid in running("") if deaf not in (pid, parent_of(pid))]
        before = {pid: cpu_time(pid) for pid in others}
        time.sleep(1.0)
        used.update({pid: cpu_time(pid) - before[pid] for pid in others})

    thread = when_deaf(temporary, look)
    with closing(Visitor(TIMING, stop)) as visitor:
        one, *more = (Case("ping-pong", name, 64) for name in names)
        found = visitor.sitting(visits(one, DEAF, *more), "seed")
    thread.join(SOON)
    failures = [one for one in found if not isinstance(one, Outcome)]
    assert len(failures) == 1, failures  # the deaf one
    assert len(used) > len(names)
    assert sum(used.values()) < RESTING, used


HANGING = """
import os, sys, time
if "ipcbench.run.containment.template" in sys.orig_argv:
    time.sleep(600)
"""


def test_a_template_that_hangs_while_it_starts_fails_its_visits_and_is_gone(
    stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HANGING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("IPCBENCH_TIMEOUT_MUL", "0.05")
    with closing(Visitor(TIMING, stop)) as visitor:
        found = visitor.sitting(PIPES[:1], "seed")
        assert found == [Failure("failed", "start", "its custodian cannot start: no answer after 0.8 s")]
        assert not running("ipcbench.run.containment.template")
