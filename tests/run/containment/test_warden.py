"""The warden: whoever is killed, and whatever a visit does, nothing of it is left, and nothing else is touched."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import (
    EXTRA,
    PACKAGE_PARENT,
    SHARED,
    TOKEN,
    environment,
    finish,
    first,
    kill_at_once,
    marked_processes,
    open_descriptors,
    parent_of,
    run,
    running,
    signalling_worker,
    stages,
    start,
    start_python,
    until,
    when_timing,
    workers,
)

from ipcbench.errors import NotContained
from ipcbench.measure.process.names import HANDED, new_run_id
from ipcbench.model import Case, Failure, Outcome, StartMethod, Timing, Visit
from ipcbench.run.containment import leftovers, processes
from ipcbench.run.containment.disturbances import BEAT
from ipcbench.run.containment.leftovers import find_leftovers, live_runs, remove_leftover
from ipcbench.run.containment.processes import Isolation
from ipcbench.run.containment.run_folder import LOCK
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

pytestmark = pytest.mark.usefixtures("no_leaks")

QUICK = Timing(values=1, warmups=0, min_time=0.001)
PIPE = Case("ping-pong", "pipe", 64)
DEAF = Case("deaf-peer", "pipe", 64)  # its timing has no end of its own
SOON = 15.0  # half of the deadline


@pytest.fixture(autouse=True)
def broken_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(EXTRA))
    monkeypatch.delenv("IPCBENCH_TIMEOUT_MUL", raising=False)


@pytest.fixture
def visitor(stop: Stop) -> Iterator[Visitor]:
    with closing(Visitor(QUICK, stop)) as made:
        yield made


def signalling(word: str, number: int) -> Callable[[], None]:
    """Sends a signal to this test's process with this word in its command line."""
    return lambda: os.kill(first(running(word)), number)


@pytest.mark.parametrize(
    ("stage", "method"),
    [("set-up", "spawn"), ("first verification", "forkserver"), ("timing", "fork"), ("timing", "spawn")],
)
def test_a_killed_run_is_gone_without_a_trace(tmp_path: Path, temporary: Path, stage: str, method: str) -> None:
    loops = ["--rounds", "1000", "--start-method", method, "--label", "mine"]
    process = start(
        "run", "--mechanism", "manager-queue,array", "--pattern", "ping-pong", "--size", "64B", *loops, cwd=tmp_path
    )
    try:
        assert until(lambda: stage in stages(temporary), 30.0)
    finally:
        process.kill()
        finish(process)
    assert until(lambda: not marked_processes(os.environ[TOKEN]), SOON)
    assert until(lambda: not list(temporary.glob("ib*")), SOON)


LONG_VISIT = """
from ipcbench.model import Case, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.containment.disturbances import BEAT
from ipcbench.run.visitor import Visitor
with Stop() as stop:
    Visitor(Timing(1, 0, 0.001), stop).visit(Visit(Case("deaf-peer", "pipe", 64), 1, 0, 20))
"""


def test_a_killed_run_does_not_wait_for_the_end_of_its_visit(tmp_path: Path, temporary: Path) -> None:
    env = environment(PYTHONPATH=f"{EXTRA}{os.pathsep}{PACKAGE_PARENT}")
    process = start_python("-c", LONG_VISIT, cwd=tmp_path, env=env)
    try:
        assert until(lambda: "timing" in stages(temporary), 30.0)
    finally:
        process.kill()
        finish(process)
    assert until(lambda: not marked_processes(os.environ[TOKEN]), SOON)
    assert until(lambda: not list(temporary.glob("ib*")), SOON)


def test_a_killed_warden_fails_its_visit_and_the_next_one_has_another(visitor: Visitor, temporary: Path) -> None:
    thread = when_timing(temporary, signalling("ipcbench.run.containment.warden", signal.SIGKILL))
    found = visitor.visit(Visit(DEAF, 1, 0, 20))
    thread.join(SOON)
    assert found == Failure("failed", "timing", "the warden of this visit was killed by SIGKILL")
    assert not workers()
    assert isinstance(visitor.visit(Visit(PIPE, 1, 0, 20)), Outcome)


def test_a_run_whose_warden_is_killed_too_is_found_by_clean_and_strangers_stay(tmp_path: Path, temporary: Path) -> None:
    words = ("run", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1000", "--start-method", "spawn")
    process = start(*words, "--mechanism", "array", "--label", "mine", cwd=tmp_path)
    stranger = SHARED / f"ib{new_run_id()}_1-bait"
    held = stranger.open("x")  # by this process, so that nobody who tests beside us takes it for left behind
    bait = start(
        "run", "--mechanism", "pipe", "--pattern", "ping-pong", "--rounds", "1000", "--label", "other", cwd=tmp_path
    )
    try:
        assert until(lambda: len(list(temporary.glob("ib*/*/stage"))) == 2, 30.0)
        wardens = {parent_of(pid): pid for pid in running("ipcbench.run.containment.warden")}
        killed, live = (
            next(folder for folder in temporary.glob("ib*") if holds(wardens[one.pid], folder / LOCK))
            for one in (process, bait)
        )
        kill_at_once(process.pid, wardens[process.pid])
        finish(process)
        seen = run("clean", "--dry-run", cwd=tmp_path)
        assert killed.exists()
        done = run("clean", cwd=tmp_path)
        assert (seen.code, done.code) == (0, 0)
        assert len([line for line in seen.out.splitlines() if line.startswith(f"would remove {killed}: ")]) == 1
        assert len([line for line in done.out.splitlines() if line.startswith(f"removed {killed}: ")]) == 1
        assert re.search(r"^left alone: \d+ runs? in progress$", done.out, re.MULTILINE)
        assert list(temporary.glob("ib*")) == [live]
        assert bait.poll() is None
        assert until(lambda: bool(workers()), SOON)
        assert stranger.exists()
        assert str(temporary) not in run("clean", cwd=tmp_path).out
    finally:
        held.close()
        stranger.unlink()
        bait.kill()
        finish(bait)
    assert until(lambda: not marked_processes(os.environ[TOKEN]), SOON)


FORKING = """
import fcntl, os, subprocess, sys
lock, holds_lock, folder = os.open(sys.argv[1], os.O_RDWR), sys.argv[2] == "True", sys.argv[3]
fcntl.flock(lock, fcntl.LOCK_EX)

def before_exec():
    if not holds_lock:
        os.close(lock)
    print(os.getpid(), flush=True)
    os.read(0, 1)

words = [sys.executable, "-c", "import time; time.sleep(120)"]
subprocess.Popen(words, env=os.environ | {"TMPDIR": folder}, start_new_session=True, preexec_fn=before_exec)
"""


@pytest.mark.parametrize("holds_lock", [False, True])
def test_a_worker_that_outlives_its_warden_between_fork_and_exec_is_found(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, holds_lock: bool
) -> None:
    """A worker has its warden's environment until its exec, and its warden's lock until shortly before."""
    folder = temporary / "ibaaaaaaaaaaaaa-abcdefgh"
    folder.mkdir()
    (folder / LOCK).touch()
    warden = subprocess.Popen(
        [sys.executable, "-c", FORKING, str(folder / LOCK), str(holds_lock), str(folder / "ibaaaaaaaaaaaaa_1")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(folder / HANDED)},
    )
    assert warden.stdin
    assert warden.stdout
    with warden.stdin as go, warden.stdout as said:
        worker = int(said.readline())
        warden.kill()
        warden.wait(SOON)

        def exec_meanwhile(_seconds: float) -> None:
            go.write(b"!")
            go.flush()
            assert until(lambda: not holds(worker, folder / LOCK), SOON)

        if holds_lock:
            monkeypatch.setattr(leftovers, "time", SimpleNamespace(time=time.time, sleep=exec_meanwhile))
        (found,) = [found for found in find_leftovers() if found.folder == folder]
        assert worker in [member.pid for member in found.processes]
        assert remove_leftover(found) == []
    assert not folder.exists()
    assert until(lambda: not marked_processes(os.environ[TOKEN]), SOON)


def holds(pid: int, path: Path) -> bool:
    """Whether a process has a file open."""
    return str(path) in open_descriptors(pid).values()


def test_a_run_that_is_about_to_lock_its_folder_is_not_taken_for_one_that_was_killed(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[Path], list[Path]]] = []
    lock = fcntl.flock

    def look_first(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        seen.append(([found.folder for found in find_leftovers()], live_runs()))
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", look_first)
    with closing(Visitor(QUICK, stop)) as visitor:
        ((killed, live),) = seen
        assert visitor.folder not in killed
        assert visitor.folder in live


def test_a_second_run_says_that_a_killed_one_left_something_behind(tmp_path: Path, temporary: Path) -> None:
    left = temporary / "ibaaaaaaaaaaaaa-abcdefgh"
    left.mkdir()
    (left / LOCK).touch()
    done = run("run", "--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    assert re.search(r"[1-9] killed runs? left something behind; to remove it: .* -m ipcbench clean", done.err)
    run("clean", cwd=tmp_path)
    assert not left.exists()


@pytest.mark.usefixtures("short_timing")
def test_a_hanging_peer_is_timed_out_with_the_stacks_of_both_ends(visitor: Visitor) -> None:
    found = visitor.visit(Visit(Case("deaf-peer", "queue", 64), 1, 0, 20))
    assert isinstance(found, Failure)
    assert (found.verdict, found.stage) == ("timed-out", "timing")
    assert "driver" in found.stack
    assert "peer 1" in found.stack
    assert "deaf_peer.py" in found.stack


@pytest.mark.usefixtures("short_timing")
def test_a_stopped_worker_is_timed_out_and_said_to_be_stopped(visitor: Visitor, temporary: Path) -> None:
    thread = when_timing(temporary, signalling_worker(signal.SIGSTOP))
    found = visitor.visit(Visit(DEAF, 1, 0, 20))
    thread.join(SOON)
    assert isinstance(found, Failure)
    assert (found.verdict, found.detail.rpartition("; ")[2]) == ("timed-out", "driver stopped")


def test_a_visit_is_refused_while_something_carries_the_name_of_the_run(visitor: Visitor) -> None:
    squatter = SHARED / f"ib{visitor.run_id}_7-left"
    squatter.touch()
    try:
        with pytest.raises(NotContained, match="left"):
            visitor.visit(Visit(PIPE, 1, 0, 20))
    finally:
        squatter.unlink(missing_ok=True)


def test_the_lock_of_a_run_is_held_by_its_warden_as_well(visitor: Visitor) -> None:
    assert isinstance(visitor.visit(Visit(PIPE, 1, 0, 20)), Outcome)
    (warden,) = running("ipcbench.run.containment.warden")
    assert holds(warden, visitor.folder / LOCK)


def test_the_warden_holds_nothing_of_the_callers_output(visitor: Visitor) -> None:
    assert isinstance(visitor.visit(Visit(PIPE, 1, 0, 20)), Outcome)
    (warden,) = running("ipcbench.run.containment.warden")
    ours = {os.readlink(f"/proc/self/fd/{number}") for number in (1, 2)} - {"/dev/null"}
    assert not ours & set(open_descriptors(warden).values())


needs_ps = pytest.mark.skipif(shutil.which("ps") is None, reason="needs ps: apt-get install procps")


@pytest.mark.parametrize("isolation", ["warden", pytest.param("group", marks=needs_ps)])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_visits_work_at_every_level_of_isolation(stop: Stop, isolation: Isolation, method: StartMethod) -> None:
    with closing(Visitor(QUICK, stop, isolation=isolation)) as visitor:
        for mechanism in ("array", "manager-queue"):
            found = visitor.visit(Visit(Case("ping-pong", mechanism, 64, start_method=method), 1, 0, 20))
            assert isinstance(found, Outcome), found


@pytest.mark.usefixtures("short_timing")
def test_a_hang_is_contained_by_its_process_group_where_there_is_nothing_better(stop: Stop) -> None:
    with closing(Visitor(QUICK, stop, isolation="group")) as visitor:
        found = visitor.visit(Visit(Case("deaf-peer", "manager-queue", 64, start_method="spawn"), 1, 0, 20))
    assert isinstance(found, Failure)
    assert found.verdict == "timed-out"


class Program(subprocess.Popen[str]):
    """A Python program that has said it is ready, in a session of its own; said is what else it said."""

    def __init__(self, text: str) -> None:
        self.others = {(member.pid, member.started) for member in processes.descendants()}
        words = [sys.executable, "-c", textwrap.dedent(text)]
        plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        super().__init__(words, stdout=subprocess.PIPE, text=True, start_new_session=True, env=plain)
        assert self.stdout is not None
        ready, *self.said = self.stdout.readline().split()
        assert ready == "ready"
        self.stdout.close()


@contextmanager
def adopting() -> Iterator[None]:
    """Be the parent of orphans, as a warden is."""
    processes.adopt_orphans()
    try:
        yield
    finally:
        processes.adopt_orphans(False)


def end(process: Program) -> list[processes.Member]:
    """End a program and all that descends from it, as a warden does."""
    survivors = processes.end_all(
        lambda: [member for member in processes.descendants() if (member.pid, member.started) not in process.others]
    )
    process.wait(SOON)
    return survivors


def test_the_resource_tracker_ends_last_and_unlinks_what_its_clients_left() -> None:
    with adopting():
        process = Program(
            """
            import multiprocessing, time
            from multiprocessing.shared_memory import SharedMemory
            held = SharedMemory(create=True, size=64)
            lock = multiprocessing.get_context("spawn").Lock()
            print("ready", held.name.lstrip("/"), lock._semlock.name.lstrip("/"), flush=True)
            time.sleep(120)
            """
        )
        names = [SHARED / process.said[0], SHARED / f"sem.{process.said[1]}"]
        assert all(name.exists() for name in names)
        assert end(process) == []
    assert not any(name.exists() for name in names)


def test_a_tracker_without_a_command_line_yet_is_not_taken_for_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As it is between execve(2) and the first instruction of its program."""
    real, looks = processes._member, iter(range(20))

    def first_nameless(pid: str) -> processes.Member | None:
        member = real(pid)
        if member and member.is_tracker and next(looks, None) is not None:
            return member._replace(command="python3", named=False)
        return member

    monkeypatch.setattr(processes, "_member", first_nameless)
    with adopting():
        process = Program(
            """
            import time
            from multiprocessing.shared_memory import SharedMemory
            held = SharedMemory(create=True, size=64)
            print("ready", held.name.lstrip("/"), flush=True)
            time.sleep(120)
            """
        )
        name = SHARED / process.said[0]
        assert name.exists()
        assert end(process) == []
    assert next(looks, None) is None
    assert not name.exists()


def test_a_tracker_that_is_slow_to_start_still_unlinks(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\nif any('resource_tracker' in word for word in sys.orig_argv):\n    time.sleep(2)\n"
    )
    with adopting():
        process = Program(
            f"""
            import os, time
            os.environ["PYTHONPATH"] = {str(tmp_path)!r}
            from multiprocessing.shared_memory import SharedMemory
            held = SharedMemory(create=True, size=64)
            print("ready", held.name.lstrip("/"), flush=True)
            time.sleep(120)
            """
        )
        name = SHARED / process.said[0]
        assert name.exists()
        assert end(process) == []
    assert not name.exists()


def test_nobody_outruns_the_end_by_forking_or_by_a_session_of_its_own() -> None:
    with adopting():
        process = Program(
            """
            import os, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    print("ready", flush=True)
                    time.sleep(120)
                os._exit(0)
            stop = time.monotonic() + 120
            while time.monotonic() < stop:
                if os.fork() == 0:
                    time.sleep(0.001)
                    continue
                os.waitpid(-1, 0)
            """
        )
        assert end(process) == []
        assert not marked_processes(os.environ[TOKEN])


def test_everybody_is_stopped_before_anybody_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    real = processes._signal

    def noting(member: processes.Member, number: int) -> None:
        sent.append((number, member.pid))
        real(member, number)

    monkeypatch.setattr(processes, "_signal", noting)
    with adopting():
        process = Program(
            """
            import os, time
            if os.fork() and os.fork():
                print("ready", flush=True)
            time.sleep(120)
            """
        )
        assert end(process) == []
    stopped = [pid for number, pid in sent if number == signal.SIGSTOP]
    killed = [pid for number, pid in sent if number == signal.SIGKILL]
    assert killed
    assert set(killed) <= set(stopped)
    assert sent.index((signal.SIGKILL, killed[0])) >= len(stopped)


def test_names_are_unlinked_by_prefix_and_no_others() -> None:
    run_id = new_run_id()
    names = (f"ib{run_id}_1-x", f"ib{run_id}_10-x", f"psm_ib{run_id}_1-x")
    mine, other, foreign = (SHARED / name for name in names)
    for path in (mine, other, foreign):
        path.touch()
    try:
        assert processes.unlink_names(f"ib{run_id}_1-") == [mine.name]
        assert not mine.exists()
        assert other.exists()
        assert foreign.exists()
    finally:
        for path in (other, foreign):
            path.unlink()


def test_a_signal_does_not_reach_a_process_that_only_has_the_same_number() -> None:
    process = Program("import time; print('ready', flush=True); time.sleep(120)")
    try:
        (member,) = [found for found in processes.descendants() if found.pid == process.pid]
        processes.tell([member._replace(started=member.started - 1)], signal.SIGKILL)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
        processes.tell([member], signal.SIGKILL)
        assert process.wait(SOON) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()


@needs_ps
def test_the_group_level_sees_what_ps_sees() -> None:
    process = Program("import os, time; print('ready', flush=True); time.sleep(120)")
    try:
        members = processes.group_members(process.pid)
        assert [member.pid for member in members] == [process.pid]
        assert processes.end_all(lambda: processes.group_members(process.pid)) == []
    finally:
        process.kill()
        process.wait()


def test_the_custodian_wakes_with_its_beat_only_while_a_quiet_case_is_timed(visitor: Visitor, temporary: Path) -> None:
    seen: list[int] = []
    at: list[float] = []

    def look() -> None:
        custodian = parent_of(*workers())
        for _ in range(25):
            fields = Path(f"/proc/{custodian}/status").read_text().split()
            at.append(time.monotonic())
            seen.append(int(fields[fields.index("voluntary_ctxt_switches:") + 1]))
            time.sleep(0.02)
        signalling_worker(signal.SIGKILL)()

    thread = when_timing(temporary, look)
    assert isinstance(visitor.visit(Visit(DEAF, 1, 0, 20)), Failure)
    thread.join(SOON)
    assert len(seen) == 25
    assert seen[-1] - seen[0] <= (at[-1] - at[0]) / BEAT + 2
