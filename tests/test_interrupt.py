"""Signals: whatever the moment, what is finished is kept, what is half done goes, and nothing is left running."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from commands import TOKEN, Finished, finish, marked_processes, start, until

from ipcbench.results import store
from ipcbench.run.journal import read_records

pytestmark = pytest.mark.usefixtures("no_leaks")

MECHANISMS = ("pipe", "queue")
WORDS = ["run", "--mechanism", ",".join(MECHANISMS), "--pattern", "ping-pong", "--size", "64B", "--rounds", "500"]
SOON = 5.0
JOURNAL, RESULTS = Path("results/mine.journal"), Path("results/mine.json")

# Moments, as the number of records in the journal: 1 is the plan, then one per calibration, then one per visit.
PLANNED, CALIBRATING, CALIBRATED, IN_ROUND_1, AFTER_ROUND_1, IN_ROUND_3 = 1, 2, 3, 4, 5, 8


def records(folder: Path) -> int:
    try:
        return len(read_records((folder / JOURNAL).read_bytes()))
    except FileNotFoundError:
        return -1


def interrupt(folder: Path, moment: int, *signals: int) -> Finished:
    """Send signals to a run when its journal has so many records, and wait until it has ended, which must be soon."""
    process = start(*WORDS, "--label", "mine", cwd=folder)
    try:
        assert until(lambda: records(folder) >= moment or process.poll() is not None, 40.0)
        assert process.poll() is None, process.communicate()
        for number in signals:
            os.kill(process.pid, number)
        began = time.monotonic()
    finally:
        done = finish(process, 30.0)
    assert time.monotonic() - began < SOON
    assert "Traceback" not in done.err
    return done


def check_results(folder: Path, least: int) -> None:
    """The results file holds the complete rounds, at least so many, and nothing of a later one."""
    result = store.load(folder / RESULTS)
    record = result.ipcbench
    assert not record.complete
    assert record.rounds >= least
    assert {visit.round for visit in record.visits} == set(range(1, record.rounds + 1))
    for benchmark in result.benchmarks:
        assert [run.metadata.get("ipcbench_round") for run in benchmark.runs] == list(range(1, record.rounds + 1))
    assert {case.verdict for case in record.cases} == {"ok"}
    assert len(result.benchmarks) == len(MECHANISMS)
    assert os.listdir(folder / "results") == [RESULTS.name]


@pytest.mark.parametrize("moment", [0, PLANNED, CALIBRATING])
def test_a_run_stopped_before_anything_was_measured_says_so_and_writes_nothing(tmp_path: Path, moment: int) -> None:
    done = interrupt(tmp_path, moment, signal.SIGINT)
    assert (done.code, done.out) == (130, "")
    assert done.errors[-1] == "ipcbench: stopped before anything was measured; nothing was written"
    assert os.listdir(tmp_path / "results") == []


@pytest.mark.parametrize(("moment", "least"), [(AFTER_ROUND_1, 1), (IN_ROUND_3, 2)])
def test_an_interrupted_run_keeps_its_complete_rounds(tmp_path: Path, moment: int, least: int) -> None:
    done = interrupt(tmp_path, moment, signal.SIGINT)
    assert done.code == 130
    assert "interrupted" in done.out
    check_results(tmp_path, least)


def test_a_run_stopped_in_its_first_round_keeps_what_there_is(tmp_path: Path) -> None:
    done = interrupt(tmp_path, IN_ROUND_1, signal.SIGINT)
    assert done.code == 130
    record = store.load(tmp_path / RESULTS).ipcbench
    assert not record.complete
    if record.rounds == 0:
        assert {visit.round for visit in record.visits} == {1}
        assert [case.verdict for case in record.cases] == ["ok"]
        assert [skip.reason for skip in record.skips] == ["the run was stopped before this case was measured"]
    assert os.listdir(tmp_path / "results") == [RESULTS.name]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"])
def test_other_signals_are_obeyed_as_well(tmp_path: Path, number: int, code: int) -> None:
    assert interrupt(tmp_path, AFTER_ROUND_1, number).code == code
    check_results(tmp_path, 1)


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_a_second_signal_ends_it_at_once_and_leaves_nothing_running(tmp_path: Path, second: int) -> None:
    done = interrupt(tmp_path, IN_ROUND_3, signal.SIGINT, second)
    assert done.code == 130
    if (tmp_path / RESULTS).exists():  # the two came as one, or the first had been obeyed already
        check_results(tmp_path, 2)
    else:
        data = (tmp_path / JOURNAL).read_bytes()
        assert len(read_records(data)) == data.count(b"\n") >= IN_ROUND_3
        assert os.listdir(tmp_path / "results") == [JOURNAL.name]


def test_a_killed_run_leaves_a_journal_of_whole_records_and_no_lock(tmp_path: Path, temporary: Path) -> None:
    process = start(*WORDS, "--label", "mine", cwd=tmp_path)
    try:
        assert until(lambda: records(tmp_path) >= AFTER_ROUND_1 or process.poll() is not None, 40.0)
    finally:
        process.kill()
        finish(process)
    found = read_records((tmp_path / JOURNAL).read_bytes())
    assert [record["kind"] for record in found[:3]] == ["plan", "done", "done"]
    assert len(found) >= AFTER_ROUND_1
    # The visit that was under way has a worker that nobody watches any more; it ends by itself, being told how much to
    # do, and its folder stays: nothing that is killed can tidy up.
    assert until(lambda: not marked_processes(os.environ[TOKEN]), 40.0)
    for folder in temporary.glob("ib*"):
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()
