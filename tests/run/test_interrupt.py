"""Signals: whatever the moment, what is finished is kept, what is half done goes, and nothing is left running."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from commands import (
    EXTRA,
    PACKAGE_PARENT,
    TOKEN,
    Finished,
    environment,
    finish,
    in_state,
    marked_processes,
    open_terminal,
    run,
    start,
    start_python,
    until,
    workers,
)
from crashes import CONTINUE

from ipcbench.results import store
from ipcbench.run.journal.records import Done, Ended, Failed, Started, read_bytes
from ipcbench.run.visitor import slowness

pytestmark = pytest.mark.usefixtures("no_leaks")

MECHANISMS = ("pipe", "queue")
WORDS = ["run", "--mechanism", ",".join(MECHANISMS), "--pattern", "ping-pong", "--size", "64B", "--rounds", "500"]
SOON = 5.0 * slowness()
JOURNAL, RESULTS = Path("results/mine.journal"), Path("results/mine.json")

# Moments, as the number of records in the journal: 1 is the plan, then the begins and the ends of each sitting of two.
PLANNED, CALIBRATING, IN_ROUND_1, AFTER_ROUND_1, IN_ROUND_3 = 1, 4, 7, 9, 15


def records(folder: Path) -> int:
    try:
        return len(read_bytes((folder / JOURNAL).read_bytes()))
    except FileNotFoundError:
        return -1


def interrupt(folder: Path, moment: int, *signals: int, words: Sequence[str] = WORDS) -> Finished:
    """Send signals to a run when its journal has so many records, and wait until it has ended, which must be soon."""
    process = start(*words, "--label", "mine", cwd=folder)
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
    assert sorted(os.listdir(folder / "results")) == sorted([JOURNAL.name, RESULTS.name])


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_calibrated_is_kept_by_a_stop_and_by_a_stop_of_the_continuation(
    tmp_path: Path, signal_number: signal.Signals
) -> None:
    done = interrupt(tmp_path, CALIBRATING, signal_number)
    assert done.code == 128 + signal_number
    assert done.errors[-1].startswith("ipcbench: stopped before the first round; what was calibrated is in results/")
    assert f"to continue: {sys.executable} -m ipcbench run --resume " in done.errors[-1]
    kept = (tmp_path / JOURNAL).read_bytes()
    process = start("run", "--resume", JOURNAL.stem, cwd=tmp_path, env=environment())
    assert process.stderr is not None
    assert process.stderr.readline().startswith("continuing ")
    process.send_signal(signal_number)
    assert finish(process, SOON).code == 128 + signal_number
    assert (tmp_path / JOURNAL).read_bytes().startswith(kept)


@pytest.mark.parametrize("moment", [0, PLANNED])
def test_a_run_stopped_before_anything_was_measured_says_so_and_writes_nothing(tmp_path: Path, moment: int) -> None:
    done = interrupt(tmp_path, moment, signal.SIGINT)
    assert (done.code, done.out) == (130, "")
    assert done.errors[-1] == "ipcbench: stopped before anything was measured; no file was written"
    assert os.listdir(tmp_path / "results") == []


@pytest.mark.parametrize(("moment", "least"), [(AFTER_ROUND_1, 1), (IN_ROUND_3, 2)])
def test_an_interrupted_run_keeps_its_complete_rounds(tmp_path: Path, moment: int, least: int) -> None:
    done = interrupt(tmp_path, moment, signal.SIGINT)
    assert done.code == 130
    assert "interrupted" in done.out
    assert done.out.splitlines()[-1] == CONTINUE.replace("python", sys.executable)
    check_results(tmp_path, least)
    last = read_bytes((tmp_path / JOURNAL).read_bytes())[-1]
    assert last == Ended(False, signal.SIGINT)


def test_an_interrupted_run_is_continued_and_its_file_replaced_without_force(tmp_path: Path) -> None:
    process = start(*WORDS[:-1], "4", "--label", "mine", cwd=tmp_path)
    try:
        assert until(lambda: records(tmp_path) >= IN_ROUND_3 or process.poll() is not None, 40.0)
        process.send_signal(signal.SIGTERM)
    finally:
        assert finish(process, 30.0).code == 143
    made = store.load(tmp_path / RESULTS)
    assert not made.ipcbench.complete
    done = run("run", "--resume", "mine", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    whole = store.load(tmp_path / RESULTS)
    assert (whole.ipcbench.complete, whole.ipcbench.rounds) == (True, 4)
    keys = [(visit.case, visit.round) for visit in whole.ipcbench.visits]
    assert len(keys) == len(set(keys)) == len(MECHANISMS) * 4
    for before, after in zip(made.benchmarks, whole.benchmarks, strict=True):
        assert [run.values for run in before.runs] == [run.values for run in after.runs[: len(before.runs)]]
    assert os.listdir(tmp_path / "results") == [RESULTS.name]
    assert whole.ipcbench.wall > made.ipcbench.wall


def test_a_run_stopped_in_its_first_round_keeps_what_there_is(tmp_path: Path) -> None:
    words = ["run", "--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B,1KiB", "--rounds", "500"]
    done = interrupt(tmp_path, IN_ROUND_1, signal.SIGINT, words=words)  # its two cases are two sittings
    assert done.code == 130
    record = store.load(tmp_path / RESULTS).ipcbench
    assert not record.complete
    if record.rounds == 0:
        assert {visit.round for visit in record.visits} == {1}
        assert [case.verdict for case in record.cases] == ["ok"]
        assert [skip.reason for skip in record.skips] == ["the run was stopped before this case was measured"]
    assert sorted(os.listdir(tmp_path / "results")) == sorted([JOURNAL.name, RESULTS.name])


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
        assert done.errors[-1] == (
            "ipcbench: stopped at once; what was measured is in results/mine.journal; "
            f"to continue: {sys.executable} -m ipcbench run --resume mine"
        )
        data = (tmp_path / JOURNAL).read_bytes()
        assert len(read_bytes(data)) == data.count(b"\n") >= IN_ROUND_3
        assert os.listdir(tmp_path / "results") == [JOURNAL.name]


def test_a_terminal_that_closes_may_say_so_twice(tmp_path: Path) -> None:
    """The kernel tells, and so does the shell: that is not a second wish."""
    done = interrupt(tmp_path, IN_ROUND_3, signal.SIGHUP, signal.SIGHUP)
    assert done.code == 129
    check_results(tmp_path, 2)


def test_a_second_signal_while_saving_leaves_the_journal_and_no_half_file(tmp_path: Path) -> None:
    """The disk is slow: saving waits in fsync while both signals come."""
    env = environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}", IPCBENCH_TEST_CRASH="fsync:2:wait")
    process = start_python(str(EXTRA / "instant.py"), *WORDS[:-1], "3", "--label", "mine", cwd=tmp_path, env=env)
    waiting = tmp_path / "results" / "waiting"
    try:
        assert until(lambda: waiting.exists() or process.poll() is not None, 40.0)
        process.send_signal(signal.SIGINT)
        waiting.unlink()
        assert until(lambda: waiting.exists() or process.poll() is not None, 40.0)
        process.send_signal(signal.SIGTERM)
    finally:
        done = finish(process, 30.0)
    waiting.unlink()
    assert (done.code, done.out) == (130, "")
    assert "stopped at once; what was measured is in results/mine.journal" in done.errors[-1]
    assert os.listdir(tmp_path / "results") == [JOURNAL.name]
    again = run("run", "--resume", "mine", cwd=tmp_path)
    assert again.code in (0, 7), again.err
    assert store.load(tmp_path / RESULTS).ipcbench.complete


def test_a_run_that_is_suspended_for_a_while_goes_on(tmp_path: Path) -> None:
    process = start(*WORDS, "--label", "mine", cwd=tmp_path)
    try:
        assert until(lambda: records(tmp_path) >= IN_ROUND_1 or process.poll() is not None, 40.0)
        process.send_signal(signal.SIGSTOP)
        assert until(lambda: in_state(process.pid, "T") and all(in_state(pid, "SZX") for pid in workers()), 40.0)
        process.send_signal(signal.SIGCONT)
        assert until(lambda: records(tmp_path) >= IN_ROUND_3 or process.poll() is not None, 40.0)
        process.send_signal(signal.SIGINT)
    finally:
        process.send_signal(signal.SIGCONT)
        assert finish(process, 30.0).code == 130
    check_results(tmp_path, 2)
    found = read_bytes((tmp_path / JOURNAL).read_bytes())
    assert not [entry for entry in found if isinstance(entry, Failed)]


TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, sys.argv[1:])"
)


class Terminal:
    """A run whose controlling terminal is a pseudo-terminal; what it shows is read on and on, as a terminal does."""

    def __init__(self, folder: Path) -> None:
        self.ours, theirs = open_terminal()
        command = [sys.executable, "-c", TERMINAL, sys.executable, "-m", "ipcbench", *WORDS, "--label", "mine"]
        env = environment(TERM="xterm-256color")
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.shown = b""

    def reads_until(self, condition: Callable[[], bool], seconds: float = 40.0) -> bool:
        """Read what is shown until something has come true, under a deadline; whether it has."""

        def reads() -> bool:
            if select.select([self.ours], [], [], 0)[0]:
                try:
                    self.shown += os.read(self.ours, 65536)
                except OSError as error:
                    if error.errno != errno.EIO:  # how Linux says that the other end is gone
                        raise
            return condition()

        return until(reads, seconds)

    def ended(self) -> bool:
        return self.process.poll() is not None

    def close(self) -> None:
        if self.ours >= 0:
            os.close(self.ours)
            self.ours = -1


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.close()
    if not made.ended():
        os.killpg(made.process.pid, signal.SIGKILL)
    made.process.wait(10)


def test_a_terminal_that_is_closed_ends_the_run_which_is_saved(tmp_path: Path, terminal: Terminal) -> None:
    assert terminal.reads_until(lambda: records(tmp_path) >= IN_ROUND_3 or terminal.ended())
    terminal.close()
    assert terminal.process.wait(30) == 129
    check_results(tmp_path, 2)


def test_control_c_ends_the_run_and_shows_how_to_continue(tmp_path: Path, terminal: Terminal) -> None:
    assert terminal.reads_until(lambda: records(tmp_path) >= IN_ROUND_3 or terminal.ended())
    os.write(terminal.ours, b"\x03")
    assert terminal.reads_until(lambda: CONTINUE.replace("python", sys.executable).encode() in terminal.shown, 30.0)
    assert terminal.reads_until(terminal.ended, 30.0)
    assert terminal.process.returncode == 130
    check_results(tmp_path, 2)


def test_control_c_typed_twice_leaves_at_once_with_the_journal(tmp_path: Path, terminal: Terminal) -> None:
    assert terminal.reads_until(lambda: records(tmp_path) >= IN_ROUND_3 or terminal.ended())
    os.write(terminal.ours, b"\x03")
    os.write(terminal.ours, b"\x03")
    assert terminal.reads_until(terminal.ended, 30.0)
    assert terminal.process.returncode == 130
    assert len(read_bytes((tmp_path / JOURNAL).read_bytes())) >= IN_ROUND_3
    assert b"Traceback" not in terminal.shown


def test_a_reader_that_has_gone_takes_nothing_from_the_results_and_the_exit_code(tmp_path: Path) -> None:
    env = environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}", IPCBENCH_TEST_FAULTS='{"queue 0 1": "unverified"}')
    process = start_python(str(EXTRA / "instant.py"), *WORDS[:-1], "2", "--label", "mine", cwd=tmp_path, env=env)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    try:
        code = process.wait(60)
    finally:
        process.kill()
        process.wait()
    assert code == 5
    assert store.load(tmp_path / RESULTS).ipcbench.complete


def test_a_killed_run_leaves_a_journal_of_whole_records_and_no_lock(tmp_path: Path, temporary: Path) -> None:
    process = start(*WORDS, "--label", "mine", cwd=tmp_path)
    try:
        assert until(lambda: records(tmp_path) >= AFTER_ROUND_1 or process.poll() is not None, 40.0)
    finally:
        process.kill()
        finish(process)
    found = read_bytes((tmp_path / JOURNAL).read_bytes())
    assert [type(entry) for entry in found[1:5]] == [Started, Started, Done, Done]
    assert len(found) >= AFTER_ROUND_1
    assert until(lambda: not marked_processes(os.environ[TOKEN]), 15.0)
    assert until(lambda: not list(temporary.glob("ib*")), 15.0)
