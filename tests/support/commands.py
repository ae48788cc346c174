"""Running `python -m ipcbench` as a user would, and finding what it left: shared by the tests that start processes."""

from __future__ import annotations

import contextlib
import os
import pty
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
TOKEN = "IPCBENCH_TEST_TOKEN"  # in the environment of everything a test starts, so that no orphan can hide
SHARED = Path("/dev/shm")
QUICK = ("--mechanism", "pipe-bytes", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1")


class Finished(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines on stderr."""
        return self.err.splitlines()


def environment(**more: str) -> dict[str, str]:
    """The environment of a command: no terminal, no colour, warnings are errors in workers and peers too."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR", "PYTHONPATH")}
    return kept | {"PYTHONPATH": PACKAGE_PARENT, "NO_COLOR": "1", "PYTHONWARNINGS": "error"} | more


def start(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start `python -m ipcbench` in a session of its own."""
    return start_python("-m", "ipcbench", *arguments, cwd=cwd, env=env, before=before)


def start_python(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start this interpreter in a session of its own."""
    return start_program(*before, sys.executable, *arguments, cwd=cwd, env=env)


def start_program(*words: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a program in a session of its own."""
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
    """Wait for a command's end under a deadline; kills its process group when that passes."""
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
    """Process id and start time of every living process whose environment carries this token, except this one."""
    found = set()
    wanted = f"{TOKEN}={token}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile, or not ours to see
        if fields[0] != "Z" and int(folder.name) != os.getpid():
            found.add((int(folder.name), float(fields[19])))
    return found


def children() -> set[tuple[int, float]]:
    """Process id and start time of the children of this process, the dead that nobody has asked about included."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        fields = status(int(folder.name))
        if fields and int(fields[1]) == os.getpid():
            found.add((int(folder.name), float(fields[19])))
    return found


def status(pid: int) -> list[str]:
    """The fields of a process in /proc from its state on; none if it has gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def parent_of(pid: int) -> int:
    """The process id of a process's parent; 0 if it has gone."""
    return int(status(pid)[1]) if status(pid) else 0


def running(word: str) -> list[int]:
    """Process ids of what this test has started with this word in its command line."""
    found = []
    for pid, _ in marked_processes(os.environ[TOKEN]):
        with contextlib.suppress(OSError):
            if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def first(pids: Collection[int]) -> int:
    """The one process of these that none of the others has started; process ids begin anew, so they do not tell."""
    (found,) = [pid for pid in pids if parent_of(pid) not in pids]
    return found


def in_state(pid: int, letters: str) -> bool:
    """Whether a process is in one of the states of proc(5), of which X stands for one that has gone, too."""
    return (status(pid) or "X")[0] in letters


def kill_at_once(*pids: int) -> None:
    """Kill processes so that none of them can act upon the end of another, and wait until they have ended."""
    for number, reached in ((signal.SIGSTOP, "TZX"), (signal.SIGKILL, "ZX")):
        for pid in pids:
            os.kill(pid, number)
        assert all(until(partial(in_state, pid, reached), 30.0) for pid in pids)


def stages(folder: Path) -> str:
    """The stages that workers have come to, of all visits of the runs that have their folders in this one."""
    found = []
    for path in folder.glob("*/*/stage"):
        with contextlib.suppress(OSError):  # it goes with its visit
            found.append(path.read_text())
    return "".join(found)


def when_timing(folder: Path, act: Callable[[], object]) -> threading.Thread:
    """A thread that does something once a worker of a run that has its folder in this one is timing."""

    def wait() -> None:
        assert until(lambda: "timing" in stages(folder), 30.0)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def open_terminal() -> tuple[int, int]:
    """The two ends of a pseudo-terminal, ours and that of a program; skips the test where the system has none."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal here: {error}")


def shared_names() -> set[str]:
    """What stands in /dev/shm under a name of ours or of multiprocessing's."""
    return {path.name for path in SHARED.glob("*") if path.name.startswith(("ib", "sem.ib", "sem.mp-", "psm_"))}


def names_of_others(token: str) -> set[str]:
    """The names in /dev/shm that a living process has mapped or open that is neither this one nor carries the token."""
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
    """The descriptors of a process, of this one unless another is named, and what they refer to."""
    folder = f"/proc/{pid or os.getpid()}/fd"
    found = {}
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except OSError:
            continue  # closed meanwhile, as the one that listed the folder is
    return found


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for something that happens elsewhere, under a deadline; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def complaint(kind: type[Exception], action: Callable[[], object]) -> str | None:
    """The text of the exception of this kind that an action raises; None if it raises none."""
    try:
        action()
    except kind as error:
        return str(error)
    return None


def can_unshare() -> bool:
    """Whether this process may make a mount namespace and mount in it."""
    probe = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    try:
        return subprocess.run(probe, capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def with_mount(options: str, folder: Path | str, then: str = "true") -> list[str]:
    """Words to put before a command so that it sees a tmpfs of its own at `folder`, in a private mount namespace."""
    return ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o {options} none '{folder}' && {then} && exec \"$@\"", "sh"]
