"""What happens to the machine during a visit is noted, by looks before and after it; what cannot be read is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import Finished
from crashes import RESULTS, WORDS, instant
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.cli.measuring.summary import summary_lines
from ipcbench.machine.cpu_times import TICK, CpuTimes, cpu_times
from ipcbench.measure.process.placement import usable_cpus
from ipcbench.model import TOUCHED, Case, Failure, Outcome, Timing, Visit
from ipcbench.results import store
from ipcbench.results.touched import touched
from ipcbench.run.containment import disturbances, warden_client
from ipcbench.run.containment.disturbances import Look, Watch, notes
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

pytestmark = pytest.mark.usefixtures("no_leaks")

CPUS = (0, 1)
BEFORE = Look(100.0, 5.0, CPUS, CpuTimes(2, 1, 1000.0, 7.0, 2000.0), 40.0, 3)


def after(
    *,
    wall: float = 0.5,
    own: float = 0.4,
    others: float = 0.0,
    stolen: float = 0.0,
    unaccounted: float = 0.0,
    **more: Any,
) -> Look:
    """The look at the end of a visit; what nobody used is spare, unaccounted is what the kernel charges to nobody."""
    spare = 2 * wall - own - others - stolen - unaccounted
    times = CpuTimes(2, 1, 1000.0 + spare, 7.0 + stolen, 2000.0 + 2 * wall - unaccounted)
    return Look(100.0 + wall, 5.0, CPUS, times, 40.0 + own, 3)._replace(**more)


HAPPENED: dict[str, tuple[Look, list[str]]] = {
    "nothing": (after(), []),
    "all CPUs ours": (after(own=1.0), []),
    "a little beside us": (after(others=0.04), []),
    "others": (after(others=0.2), ["loaded"]),
    "others, and we wait": (after(own=0.1, others=0.5), ["loaded"]),
    "waking up is charged to nobody": (after(unaccounted=0.2), []),
    "rounding": (after(others=0.05 + 1.9 * TICK), []),
    "a tick of steal": (after(stolen=0.02 + 0.9 * TICK), []),
    "steal": (after(stolen=0.1), ["stolen"]),
    "steal and others": (after(stolen=0.1, others=0.3), ["loaded", "stolen"]),
    "too hot": (after(throttled=4), ["throttled"]),
    "asleep": (after(slept=9.0), ["suspended"]),
    "a clock that is put right": (after(slept=5.05), []),
    "fewer CPUs": (after(cpus=(0,)), ["affinity-changed"]),
    "no times": (after(times=None, throttled=9), ["throttled"]),
    "times of a sandbox": (after(times=CpuTimes(2, 1, 1000.0, 7.0, 2000.0)), []),
    "fewer lines": (after(others=0.3, times=CpuTimes(2, 2, 1000.0, 9.0, 2001.0)), []),
}


@pytest.mark.parametrize("what", HAPPENED)
def test_what_happened_between_two_looks_is_noted(what: str) -> None:
    look, expected = HAPPENED[what]
    assert notes(BEFORE, look, CPUS) == expected


def test_other_cpus_than_the_run_began_with_are_noted_at_every_visit() -> None:
    assert notes(BEFORE, after(), (0, 1, 2)) == ["affinity-changed"]


def test_every_note_is_one_that_summary_and_exit_code_know() -> None:
    found = [note for _, expected in HAPPENED.values() for note in expected]
    assert {*found, "paused"} == set(TOUCHED)  # tests/run/containment/test_paused.py has that one


STAT = "cpu  100 0 50 900 10 1 2 5 0 0\ncpu0 60 0 20 400 4 1 1 3 0 0\ncpu1 40 0 30 500 6 0 1 2 0 0\nintr 5 0\n"


def test_the_sum_of_all_cpus_is_taken_where_all_are_ours_and_else_the_lines_of_ours() -> None:
    for cpus, expected in {(0, 1): (2, 1, 913, 5, 1068), (1,): (1, 1, 507, 2, 579)}.items():
        found = cpu_times(STAT, cpus)
        assert found is not None
        assert found[:2] == expected[:2]
        assert found[2:] == pytest.approx([ticks * TICK for ticks in expected[2:]])


@pytest.mark.parametrize("stat", ["", "cpu  1 2 3\n", "cpu x y\n", "intr 5\n", STAT.replace("cpu1", "cpu7"), "\0" * 50])
def test_times_that_are_not_those_of_all_our_cpus_are_none(stat: str) -> None:
    assert cpu_times(stat, (0, 1)) is None


@given(st.text(max_size=200) | st.text("cpu0123456789 \n", max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    cpu_times(text, (0, 1))


def counting(root: Path, throttled: int, hot: int) -> None:
    """A machine whose control group was throttled, and whose first CPU was too hot, so often."""
    cpu = usable_cpus()[0]
    for path, text in {
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/cpu.stat": f"usage_usec 5\nnr_periods 9\nnr_throttled {throttled}\nthrottled_usec 7\n",
        f"sys/devices/system/cpu/cpu{cpu}/thermal_throttle/core_throttle_count": f"{hot}\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.mark.parametrize(("throttled", "hot", "expected"), [(3, 1, []), (4, 1, ["throttled"]), (3, 2, ["throttled"])])
def test_throttling_is_seen_by_the_counts_that_have_grown(
    tmp_path: Path, throttled: int, hot: int, expected: list[str]
) -> None:
    counting(tmp_path, 3, 1)
    watch = Watch(tmp_path)
    before = watch.look()
    assert (before.throttled, before.times) == (4, None)
    counting(tmp_path, throttled, hot)
    assert watch.since(before) == expected


def test_a_machine_that_slept_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(tmp_path)
    before = watch.look()
    monkeypatch.setattr(disturbances, "_slept", lambda: before.slept + 60)
    assert watch.since(before) == ["suspended"]


def test_cpus_that_are_taken_away_are_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(tmp_path)
    before = watch.look()
    monkeypatch.setattr(disturbances, "usable_cpus", lambda: [*before.cpus, 99])
    assert watch.since(before) == ["affinity-changed"]


SPY = """
import os, sys
from ipcbench.run.containment import warden
from ipcbench.run.containment.processes import descendants

class Spied(warden.Watch):
    def look(self):
        with open(os.environ["SPIED"], "a") as file:
            print(sum('.template' not in member.command for member in descendants()), file=file)
        return super().look()

warden.Watch = Spied
warden.Warden(sys.argv[1], int(sys.argv[2]), sys.argv[3]).serve()
"""


def test_nobody_looks_while_a_process_of_a_visit_lives(
    stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warden_client, "_WARDEN", ("-S", "-P", "-c", SPY))
    monkeypatch.setenv("SPIED", str(tmp_path / "looks"))
    visits = [Visit(Case("ping-pong", mechanism, 64), 1, 0, 20) for mechanism in ("pipe", "queue", "fifo")]
    with closing(Visitor(Timing(values=2, warmups=1, min_time=0.01), stop)) as visitor:
        assert all(isinstance(found, Outcome) for found in visitor.sitting(visits, "seed"))
        assert (tmp_path / "looks").read_text().split() == ["0", "0"], "one look before the sitting, and one after it"


@pytest.fixture
def busy() -> Iterator[None]:
    """A process for every usable CPU that does nothing but compute."""
    program = "print('ready', flush=True)\nwhile True: pass"
    hogs = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in usable_cpus()]
    try:
        for hog in hogs:
            assert hog.stdout is not None
            assert hog.stdout.readline() == "ready\n"
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.communicate()


def visit(stop: Stop, case: Case) -> Outcome | Failure:
    visitor = Visitor(Timing(values=2, warmups=1, min_time=0.05), stop)
    try:
        return visitor.visit(Visit(case, 1, 0, 2000))
    finally:
        visitor.close()


@pytest.mark.usefixtures("busy")
@pytest.mark.skipif(cpu_times(Path("/proc/stat").read_text(), tuple(usable_cpus())) is None, reason="no CPU times here")
@pytest.mark.parametrize("mechanism", ["pipe", "value"])
def test_a_busy_process_beside_a_real_visit_makes_it_loaded(stop: Stop, mechanism: str) -> None:
    pattern = "counter" if mechanism == "value" else "ping-pong"
    found = visit(stop, Case(pattern, mechanism, 8))
    assert isinstance(found, Outcome), found
    assert "loaded" in found.notes
    assert found.values, "what is touched is kept"


ENDS = [("stolen", 7), ("throttled", 7), ("suspended", 7), ("affinity-changed", 7), ("paused", 7), ("loaded", 0)]


def touched_run(folder: Path, note: str) -> Finished:
    faults = json.dumps({"pipe 1 1": f"note:{note}", "pipe 2 1": f"note:{note}", "pipe 0 1": f"note:{note}"})
    return instant(*WORDS, "--label", "mine", cwd=folder, IPCBENCH_TEST_FAULTS=faults)


@pytest.mark.sample
@pytest.mark.parametrize(("note", "code"), ENDS)
def test_a_run_with_touched_visits_keeps_them_says_how_many_and_ends_with_its_code(
    tmp_path: Path, note: str, code: int
) -> None:
    done = touched_run(tmp_path, note)
    assert done.code == code, done.err
    result = store.load(tmp_path / RESULTS)
    assert sorted(note for note, _ in ENDS) == sorted(TOUCHED)
    assert touched(result.ipcbench) == (2, {note: 2})
    assert len(result.ipcbench.visits) == 6
    assert f"; 2 of 6 visits were touched: 2 {note}" in done.out.splitlines()[0]
    assert {case.id: case.notes for case in result.ipcbench.cases}["ping-pong/pipe/64B/1w"] == [
        f"{note} in 2 of 3 visits"
    ]


def test_a_run_that_was_not_touched_says_nothing_of_it(tmp_path: Path) -> None:
    assert instant(*WORDS, "--label", "mine", cwd=tmp_path).code == 0
    result = store.load(tmp_path / RESULTS)
    assert touched(result.ipcbench) == (0, {})
    assert "touched" not in summary_lines(result, Path("x"))[0]
