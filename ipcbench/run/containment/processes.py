"""Find and end the processes of a run, and remove what is named after it. Standard library only.

Shared by the warden, by the orchestrator when its warden is gone, and by `ipcbench clean`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from ipcbench.measure.process.names import SERVER
from ipcbench.run.containment.kernel_objects import remove_queues

Isolation = Literal["warden", "group"]

# What is contained. warden: all descendants of the warden, in any session. group: the worker's process group.
ISOLATION: Isolation = "warden" if sys.platform == "linux" else "group"

# multiprocessing's tracker unlinks what its clients left within 0.04 s of their end. One that was just started has to
# start its interpreter first, which can take seconds on a busy machine.
TRACKER_SECONDS = 10.0
_PATIENCE = 2.0
_NAMELESS = 1.0  # how long a process may be without a command line until it is taken for no tracker
_SHARED = Path("/dev/shm")
_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


class Member(NamedTuple):
    """One process. started is in clock ticks since boot (0 if unknown); with pid it identifies a process for good.

    named is whether command is the command line: a process that is just beginning a program has none for a moment.
    """

    pid: int
    started: int
    parent: int
    state: str
    command: str
    named: bool = True

    @property
    def is_tracker(self) -> bool:
        """Return whether this is multiprocessing's resource tracker, which must end last; a test pins the name."""
        return "multiprocessing.resource_tracker" in self.command


Members = Callable[[], list[Member]]


def adopt_orphans(adopt: bool = True) -> None:
    """Make this process adopt every descendant that loses its parent, or stop doing so. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def descendants(but: Collection[int] = ()) -> list[Member]:
    """Return every descendant of the calling process, zombies included; `but` are children to leave out. Linux only."""
    found: list[Member] = []
    unseen = [member for member in children_of(os.getpid()) if member.pid not in but]
    while unseen:
        member = unseen.pop()
        found.append(member)
        unseen += children_of(member.pid)
    return found


def children_of(pid: int) -> list[Member]:
    """Return the children of a process, zombies included. Complete only while no process of the tree starts or ends."""
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [_member(child) for child in file.read().split()]
    return [member for member in found if member]


def group_members(group: int) -> list[Member]:
    """Return every process of a process group, as ps(1) shows it."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat=,command="], capture_output=True, text=True, check=False, timeout=10
    )
    members = []
    for line in listed.stdout.splitlines():
        pid, parent, its_group, state, *command = line.split(None, 4)
        if int(its_group) == group:
            members.append(Member(int(pid), 0, int(parent), state[0], "".join(command)))
    return members


def carrying(folder: Path) -> list[Member]:
    """Return every process of the run that has this folder. Linux only.

    The environment of a worker and of all its descendants names the folder in TMPDIR. Between fork and exec a worker
    still shows the environment of its warden, which names the folder in PYTHONPATH. A server has an environment of its
    own, and is recorded in the folder.
    """
    servers = set(_recorded(folder))
    wanted = tuple(name + os.fsencode(folder) + b"/" for name in (b"TMPDIR=", b"PYTHONPATH="))
    found = []
    for member in _processes():
        if _key(member) in servers:
            found.append(member)
            continue
        with contextlib.suppress(OSError), open(f"/proc/{member.pid}/environ", "rb") as file:
            if any(variable.startswith(wanted) for variable in file.read().split(b"\0")):
                found.append(member)
    return found


def end_all(members: Members) -> list[Member]:
    """End every process that `members` returns, now and in later calls; return those that did not end.

    First all but the trackers are stopped, each process followed by its children at once, which a chain of forks cannot
    outrun, until a look finds no new process; then all of them are killed. Trackers see their pipe close, unlink what
    is left, and end by themselves. Killed together with the others they would leave those names behind (gh-82300).
    """
    stopped: dict[tuple[int, int], Member] = {}
    named_by = time.monotonic() + _NAMELESS
    while fresh := [member for member in alive(members) if _to_stop(member, stopped)]:
        while fresh:
            member = fresh.pop()
            if not member.named and time.monotonic() < named_by:
                time.sleep(0.001)  # it may be a tracker: look again
                continue
            _signal(member, signal.SIGSTOP)
            stopped[_key(member)] = member
            fresh += [child for child in children_of(member.pid) if _to_stop(child, stopped)]
    for member in stopped.values():
        _signal(member, signal.SIGKILL)
    _gone(lambda: [member for member in alive(members) if not member.is_tracker], _PATIENCE)
    if not _gone(lambda: alive(members), TRACKER_SECONDS):
        for member in alive(members):
            _signal(member, signal.SIGKILL)
        _gone(lambda: alive(members), _PATIENCE)
    _gone(lambda: [member for member in stopped.values() if _unburied(member.pid)], _PATIENCE)
    return alive(members)


def bury_adopted() -> None:
    """Wait for adopted children of this process that have died: those of another session than its own.

    They have no environment left, so `carrying` does not find them.
    """
    own = os.getsid(0)

    def dead() -> list[Member]:
        found = [member for member in children_of(os.getpid()) if member.state in "ZX"]
        found = [member for member in found if _session(member.pid) != own]
        for member in found:
            _unburied(member.pid)
        return found

    _gone(dead, _PATIENCE)


def _session(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[3])
    except OSError:
        return -1


def tell(members: Iterable[Member], number: int) -> None:
    """Send a signal to each of these processes, unless its pid now belongs to another."""
    for member in members:
        _signal(member, number)


def names_left(prefix: str) -> list[str]:
    """Return the shared-memory objects and semaphores with this prefix."""
    try:
        names = os.listdir(_SHARED)
    except OSError:
        return []
    return sorted(name for name in names if name.startswith((prefix, f"sem.{prefix}")))


def unlink_names(prefix: str) -> list[str]:
    """Unlink the shared-memory objects and semaphores with this prefix; return their names."""
    found = names_left(prefix)
    for name in found:
        with contextlib.suppress(OSError):
            os.unlink(_SHARED / name)
    return found


def remove_folder(folder: Path) -> None:
    """Remove a folder of ours, its content, and the message queues that are recorded there."""
    remove_queues(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    # If descriptors have run out: rmtree holds one for each level, this loop one at a time.
    for parent, folders, files in os.walk(folder, topdown=False):
        for path in (os.path.join(parent, name) for name in (*folders, *files)):
            with contextlib.suppress(OSError):
                (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _key(member: Member) -> tuple[int, int]:
    return member.pid, member.started


def _to_stop(member: Member, stopped: dict[tuple[int, int], Member]) -> bool:
    return not member.is_tracker and member.state not in "ZX" and _key(member) not in stopped


def alive(members: Members) -> list[Member]:
    """Return the living; waits for zombies among our own children."""
    found = members()
    for member in found:
        if member.state == "Z":
            _unburied(member.pid)
    return [member for member in found if member.state not in "ZX"]


def _unburied(pid: int) -> bool:
    """Return whether this is a living child of ours; waits for it if it has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    except ChildProcessError:
        return False


def _gone(look: Members, seconds: float) -> bool:
    """Wait until two looks in a row see no process: one look may miss a process that is being started."""
    deadline = time.monotonic() + seconds
    empty = 0
    while empty < 2:
        if time.monotonic() > deadline:
            return False
        empty = 0 if look() else empty + 1
        time.sleep(0.002)
    return True


def _signal(member: Member, number: int) -> None:
    """Send a signal to a process, unless its pid now belongs to another.

    A pidfd keeps the pid from being reused between the look and the signal. Without pidfds, the signal goes to the pid
    right after the look.
    """
    descriptor = pidfd_of(member.pid)
    try:
        now = _member(str(member.pid))
        if member.started and not (now and now.started == member.started):
            return
        try:
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return  # it has ended, and its pid may be in use again
        except (AttributeError, OSError):  # no such call, or no pidfd
            with contextlib.suppress(OSError):
                os.kill(member.pid, number)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def pidfd_of(pid: int) -> int:
    """Return a pidfd of a process; -1 if it has ended, or if kernel or sandbox has no pidfds."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1


def _recorded(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield process id and start time of the servers that measure.transports.external_server has recorded."""
    for path in folder.glob(f"*/*/{SERVER}"):
        with contextlib.suppress(OSError, ValueError):
            pid, started = map(int, path.read_text().split())
            yield pid, started


def _processes() -> list[Member]:
    """Return every process that /proc shows."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [member for name in names if name.isdigit() and (member := _member(name))]


def _member(pid: str) -> Member | None:
    """Return a process as /proc shows it, or None if it has gone.

    One that is ending or just beginning a program has no command line: its command is the name of its program.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            head, _, tail = file.read().rpartition(b")")
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().replace(b"\0", b" ").strip()
    except OSError:
        return None
    fields = tail.split()
    command = (words or head.partition(b"(")[2]).decode("utf-8", "replace")
    return Member(int(pid), int(fields[19]), int(fields[1]), fields[0].decode(), command, bool(words))
