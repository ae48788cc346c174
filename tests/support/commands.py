"""Run `python -m ipcbench` as a user would, and find what it left."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

import ipcbench

PACKAGE_PARENT = str(Path(ipcbench.__file__).parents[1])
EXTRA = Path(__file__).parent / "extra"  # mechanisms and patterns that only tests have, see its sitecustomize.py
TOKEN = "IPCBENCH_TEST_TOKEN"  # in the environment of every process that a test starts, so that no orphan can hide
SHARED = Path("/dev/shm")
VISIT = re.compile(r"/ib[a-z2-7]{13}_[0-9]+$")
QUICK = ("--mechanism", "pipe-bytes", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1")


class Finished(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines on stderr."""
        return self.err.splitlines()


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a command: no terminal, no colour; warnings are errors, in workers and peers too."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR", "PYTHONPATH")}
    return kept | {"PYTHONPATH": PACKAGE_PARENT, "NO_COLOR": "1", "PYTHONWARNINGS": "error"} | more


def start(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start `python -m ipcbench` in a new session."""
    return start_python("-m", "ipcbench", *arguments, cwd=cwd, env=env, before=before)


def start_python(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start this interpreter in a new session."""
    return start_program(*before, sys.executable, *arguments, cwd=cwd, env=env)


def start_program(*words: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a program in a new session."""
    return subprocess.Popen(
        words,
        cwd=cwd,
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 60.0) -> Finished:
    """Wait until a command ends; kill its process group at the deadline."""
    try:
        out, err = process.communicate(timeout=timeout)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Finished(process.returncode, out, err)


def run(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    before: Sequence[str] = (),
) -> Finished:
    """Run `python -m ipcbench` to its end."""
    return finish(start(*arguments, cwd=cwd, env=env, before=before), timeout)


def python(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 60.0) -> Finished:
    """Run this interpreter to its end."""
    return finish(start_python(*arguments, cwd=cwd, env=env), timeout)


def marked_processes(token: str) -> set[tuple[int, float]]:
    """Return process id and start time of every other living process with this token in its environment."""
    found = set()
    wanted = f"{TOKEN}={token}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended, or belongs to another user
        if fields[0] != "Z" and int(folder.name) != os.getpid():
            found.add((int(folder.name), float(fields[19])))
    return found


def children() -> set[tuple[int, float]]:
    """Return process id and start time of this process's children, zombies included."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        fields = status(int(folder.name))
        if fields and int(fields[1]) == os.getpid():
            found.add((int(folder.name), float(fields[19])))
    return found


def status(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the state on; none if the process is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def parent_of(pid: int) -> int:
    """Return the process id of a process's parent; 0 if the process is gone."""
    return int(status(pid)[1]) if status(pid) else 0


def running(word: str) -> list[int]:
    """Return the ids of processes that this test has started, with this word in their command lines."""
    found = []
    for pid, _ in marked_processes(os.environ[TOKEN]):
        with contextlib.suppress(OSError):
            if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def workers() -> dict[int, str]:
    """The workers of visits that this test has under way, each with its visit's folder.

    A worker that was forked shows the command line of its template, so it is found by its folder: of the processes in
    one, the worker is the one that none of the others has started.
    """
    inside = {pid: folder for pid in running("") if VISIT.search(folder := working_folder(pid))}
    return {pid: folder for pid, folder in inside.items() if inside.get(parent_of(pid)) != folder}


def owners() -> list[int]:
    """The warden, the templates and the custodians that this test has started."""
    return [pid for pid in running("ipcbench.run.containment") if not VISIT.search(working_folder(pid))]


def working_folder(pid: int) -> str:
    """The current folder of a process; nothing if it has gone."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/cwd")
    return ""


def signalling_worker(number: int) -> Callable[[], None]:
    """Sends a signal to the one worker that is under way."""

    def send() -> None:
        (pid,) = workers()
        os.kill(pid, number)

    return send


def first(pids: Collection[int]) -> int:
    """Return the process that none of the others has started; ids do not show it, because they wrap around."""
    (found,) = [pid for pid in pids if parent_of(pid) not in pids]
    return found


def in_state(pid: int, letters: str) -> bool:
    """Return whether a process is in one of these states of proc(5); X also means that it is gone."""
    return (status(pid) or "X")[0] in letters


def kill_at_once(*pids: int) -> None:
    """Kill processes so that none can react to the end of another, and wait until all have ended."""
    for number, reached in ((signal.SIGSTOP, "TZX"), (signal.SIGKILL, "ZX")):
        for pid in pids:
            os.kill(pid, number)
        assert all(until(partial(in_state, pid, reached), 30.0) for pid in pids)


def stages(folder: Path) -> str:
    """Return the stages that workers have reached, of all visits of the runs whose folders are in this one."""
    found = []
    for path in folder.glob("*/*/stage"):
        with contextlib.suppress(OSError):  # the file is removed with its visit
            found.append(path.read_text())
    return "".join(found)


def when_timing(folder: Path, act: Callable[[], object]) -> threading.Thread:
    """Start a thread that acts once a worker is timing, in a run whose folder is in this one; return the thread."""

    def wait() -> None:
        assert until(lambda: "timing" in stages(folder), 30.0)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def open_terminal() -> tuple[int, int]:
    """Return the ends of a pseudo-terminal, the test's and the program's; skip the test if the system has none."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal here: {error}")


def shared_names() -> set[str]:
    """Return the names in /dev/shm that ipcbench or multiprocessing may have made."""
    return {path.name for path in SHARED.glob("*") if path.name.startswith(("ib", "sem.ib", "sem.mp-", "psm_"))}


def names_of_others(token: str) -> set[str]:
    """Return the names in /dev/shm that another living process without this token has mapped or open."""
    found: set[str] = set()
    ours = {os.getpid()} | {pid for pid, _ in marked_processes(token)}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(folder.name) not in ours:
                mapped = [line.split(maxsplit=5)[5:] for line in (folder / "maps").read_text().splitlines()]
                paths = [*(path for path, *_ in filter(None, mapped)), *open_descriptors(int(folder.name)).values()]
                found.update(path.removeprefix(f"{SHARED}/") for path in paths if path.startswith(f"{SHARED}/"))
    return found


def open_descriptors(pid: int | None = None) -> dict[int, str]:
    """Return the descriptors of a process, by default of this one, with their targets."""
    folder = f"/proc/{pid or os.getpid()}/fd"
    found = {}
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except OSError:
            continue  # closed meanwhile, like the one that listed the folder
    return found


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds; return whether it did so within this many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def complaint(kind: type[Exception], action: Callable[[], object]) -> str | None:
    """Return the text of the exception of this kind that an action raises; None if it raises none."""
    try:
        action()
    except kind as error:
        return str(error)
    return None


def can_unshare() -> bool:
    """Return whether this process may make a mount namespace and mount in it."""
    probe = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    try:
        return subprocess.run(probe, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def with_mount(options: str, folder: Path | str, then: str = "true") -> list[str]:
    """Return the words that, before a command, give it a private tmpfs at `folder`, in a mount namespace."""
    return ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o {options} none '{folder}' && {then} && exec \"$@\"", "sh"]
