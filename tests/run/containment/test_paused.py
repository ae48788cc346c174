"""A visit whose processes stood still has a note, whoever stopped them and how; a busy machine alone makes none.

A pause has a length, so these tests sleep for it: it is what they are about, and nothing waits for its end.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from commands import TOKEN, first, marked_processes, parent_of, running, until, workers
from control_groups import control_group, freeze

from ipcbench.model import Case, Failure, Outcome, Timing, Visit
from ipcbench.run.containment.disturbances import BEAT, LATE, Pulse
from ipcbench.run.containment.processes import children_of
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

pytestmark = pytest.mark.usefixtures("no_leaks")

PIPE = Case("ping-pong", "pipe", 64)
TIMING = Timing(values=2, warmups=1, min_time=0.05)
LOOPS = 4000
SOON = 60.0
PAUSE = 2 * (BEAT + LATE)


@pytest.fixture
def visitor(stop: Stop) -> Iterator[Visitor]:
    """A visitor whose warden has made its first visit."""
    with closing(Visitor(TIMING, stop)) as made:
        assert isinstance(made.visit(Visit(PIPE, 1, 0, 20)), Outcome)
        yield made


def warden() -> int:
    """The process id of this test's warden."""
    found = [pid for pid, _ in marked_processes(os.environ[TOKEN]) if b".warden" in command(pid)]
    return first(found)


def move_into(group: Path) -> None:
    """Put the processes into a control group from which all further visits of this round come."""
    for pid in (warden(), *running("ipcbench.run.containment.template")):
        (group / "cgroup.procs").write_text(str(pid))


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def paused_visit(visitor: Visitor, folder: Path, pause: Callable[[], None], loops: int = LOOPS) -> Outcome | Failure:
    """What a visit finds during whose timing something happens."""

    def act() -> None:
        assert until(lambda: "timing" in "".join(path.read_text() for path in folder.glob("*/*/stage")), SOON)
        pause()

    thread = threading.Thread(target=act)
    thread.start()
    found = visitor.visit(Visit(PIPE, 1, 0, loops))
    thread.join(SOON)
    return found


def test_a_visit_whose_control_group_is_frozen_is_noted_as_paused(visitor: Visitor, temporary: Path) -> None:
    with control_group("freezer") as group:
        if group is None:
            pytest.skip("needs root and a control group that freezes")
        move_into(group)

        def pause() -> None:
            freeze(group, True)
            try:
                time.sleep(PAUSE)
            finally:
                freeze(group, False)

        found = paused_visit(visitor, temporary, pause)
        visitor.close()
    assert isinstance(found, Outcome), found
    assert "paused" in found.notes


@pytest.mark.sample
@pytest.mark.parametrize("who", ["worker", "peer", "everybody"])
def test_a_visit_of_which_processes_are_stopped_by_signal_is_noted_as_paused(
    visitor: Visitor, temporary: Path, who: str
) -> None:
    def pause() -> None:
        (worker,) = workers()
        (peer,) = [child.pid for child in children_of(worker) if not child.is_tracker]
        chosen = {"worker": [worker], "peer": [peer], "everybody": [parent_of(worker), worker, peer]}[who]
        for pid in chosen:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(PAUSE if who == "everybody" else 0.02)
        for pid in chosen:
            os.kill(pid, signal.SIGCONT)

    found = paused_visit(visitor, temporary, pause)
    assert isinstance(found, Outcome), found
    assert "paused" in found.notes


def test_a_visit_that_nobody_stops_is_not_noted_as_paused(visitor: Visitor, temporary: Path) -> None:
    found = paused_visit(visitor, temporary, lambda: None)
    assert isinstance(found, Outcome), found
    assert "paused" not in found.notes


def test_the_time_that_a_visit_is_paused_does_not_count_against_its_deadline(
    stop: Stop, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPCBENCH_TIMEOUT_MUL", "0.3")
    with closing(Visitor(TIMING, stop)) as hasty, control_group("freezer") as group:
        if group is None:
            pytest.skip("needs root and a control group that freezes")
        hasty.visit(Visit(PIPE, 1, 0, 20))
        move_into(group)

        def pause() -> None:
            freeze(group, True)
            try:
                time.sleep(10.0)  # longer than the whole visit may take
            finally:
                freeze(group, False)

        found = paused_visit(hasty, temporary, pause, LOOPS // 4)
        hasty.close()
    assert isinstance(found, Outcome), found
    assert "paused" in found.notes


def test_a_sleeper_that_waited_for_a_cpu_was_not_stopped(tmp_path: Path) -> None:
    schedule = tmp_path / "schedstat"
    schedule.write_text("1000 0 5\n")
    pulse = Pulse(schedule)
    pulse.woke(LATE / 2)
    schedule.write_text("1000 1000000000 6\n")  # it was ready to run for a second
    pulse.woke(1.0)
    assert pulse.stopped == 0.0
    pulse.woke(2.0)
    assert pulse.stopped == pytest.approx(2.0)
    schedule.unlink()
    uncounted = Pulse(schedule)
    uncounted.woke(0.5)
    assert uncounted.stopped == pytest.approx(0.5)
