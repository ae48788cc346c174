"""Loops that keep CPUs awake: busy when asked, asleep otherwise, never counted as work of the mechanism."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from resource import RUSAGE_CHILDREN

import pytest
from commands import in_state, until

from ipcbench.errors import NotOffered, PeerFailed
from ipcbench.measure.process.awake import Awake
from ipcbench.measure.process.placement import usable_cpus
from ipcbench.measure.process.team import helper_usage, total_usage, usage
from ipcbench.run.containment.disturbances import Watch

pytestmark = [
    pytest.mark.usefixtures("no_leaks"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),  # a worker has one thread
    pytest.mark.skipif(sys.platform != "linux", reason="SCHED_IDLE is Linux's"),
]

SOON = 30.0
BUSY = 0.005  # seconds; beside a busy program, a loop of the lowest priority gets a five-hundredth of a CPU


class Ended(Awake):
    close = Awake.end


@pytest.fixture
def awake() -> Iterator[Awake]:
    with closing(Ended(usable_cpus())) as loops:
        yield loops


def used(awake: Awake) -> list[float]:
    return [helper_usage([pid]).system for pid in awake.loops.values()]


def asleep(awake: Awake) -> bool:
    return all(in_state(pid, "S") for pid in awake.loops.values())


def dead(pid: int) -> bool:
    """Return whether a loop has ended. Raise its priority first: at the lowest one it takes long to end."""
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
    return not Path(f"/proc/{pid}").exists() or in_state(pid, "XZ")


def spin(awake: Awake) -> None:
    """Keep the CPUs awake until every loop has been busy."""
    before = used(awake)
    with awake:
        assert until(lambda: all(now > then + BUSY for now, then in zip(used(awake), before, strict=True)), SOON)


def test_the_loops_are_busy_inside_the_context_and_asleep_outside(awake: Awake) -> None:
    assert until(lambda: asleep(awake), SOON)
    for _ in range(2):
        spin(awake)
        assert until(lambda: asleep(awake), SOON)


def test_each_loop_is_of_the_lowest_priority_on_its_cpu_in_this_session_and_holds_no_descriptor(awake: Awake) -> None:
    assert until(lambda: asleep(awake), SOON)
    assert list(awake.loops) == usable_cpus()
    for cpu, pid in awake.loops.items():
        assert os.sched_getscheduler(pid) == os.SCHED_IDLE
        assert os.sched_getaffinity(pid) == {cpu}
        assert os.getsid(pid) == os.getsid(0)
        assert not os.listdir(f"/proc/{pid}/fd")


def test_the_time_of_the_loops_is_no_time_of_the_visit_and_no_load_by_others(awake: Awake) -> None:
    watch = Watch()
    before, look, own = total_usage([usage(), usage(RUSAGE_CHILDREN)]), watch.look(), time.process_time()
    spin(awake)
    spent = total_usage([usage(), usage(RUSAGE_CHILDREN)]).since(before)
    own = time.process_time() - own  # much, where other programs leave the loops little time
    loops = sum(used(awake))
    assert spent.user + spent.system - own < loops / 2
    awake.end()
    assert watch.look().own - look.own >= loops


def test_a_loop_that_has_ended_is_an_error(awake: Awake) -> None:
    pid = next(iter(awake.loops.values()))
    awake.__enter__()
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: dead(pid), SOON)
    with pytest.raises(PeerFailed, match=r"the loop that kept CPU \d+ awake has ended"):
        awake.__exit__(None, None, None)


def test_loops_end_with_the_process_that_started_them() -> None:
    reading, writing = os.pipe()
    worker = os.fork()
    if not worker:
        pids = Awake(usable_cpus()).loops.values()
        os.write(writing, " ".join(map(str, pids)).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(writing)
    with open(reading, "rb") as file:
        loops = [int(pid) for pid in file.read().split()]
    os.waitpid(worker, 0)
    assert loops
    assert until(lambda: all([dead(pid) for pid in loops]), SOON)


def test_a_system_without_the_policy_does_not_offer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setscheduler")
    with pytest.raises(NotOffered, match="CPUs cannot be kept awake"):
        Awake(usable_cpus())


def test_without_cpus_there_is_no_loop() -> None:
    with Awake(()) as none:
        assert not none.loops
