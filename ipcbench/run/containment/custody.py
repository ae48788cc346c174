"""Custody of one visit: start its worker, watch its deadlines, collect evidence, end everything, report leaks.

A visit asks for its turns here, see `measure.process.token`; while it waits for one, it has no deadline. Standard
library only, since the warden is.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal, NoReturn

from ipcbench.errors import SHORT_OF
from ipcbench.measure.process.stages import FAILURE, LEAKS, RESULT, STACK, STAGE, read_stages
from ipcbench.measure.process.token import GIVEN, TOKEN, WISHES
from ipcbench.run.containment.disturbances import BEAT, Pulse, Watch
from ipcbench.run.containment.forked import ForkedWorker
from ipcbench.run.containment.line import Alone, Line
from ipcbench.run.containment.processes import (
    Isolation,
    Member,
    Members,
    adopt_orphans,
    descendants,
    end_all,
    group_members,
    names_left,
    tell,
    unlink_names,
)

Ending = Literal["ended", "late", "stopped", "alone"]

MOST_OUTPUT = 2**20
_TAIL = 4096
_MOST_STACK = 16_384
_MOST_NAMED = 20
_STACK_FILE = re.compile(rf"{STACK}[a-z0-9 ]{{1,40}}-[0-9]{{1,9}}")
_STEADY = 0.1  # seconds between two looks; only a process seen in both is leaked, since one look also sees dying ones
_GRACE = 2.0  # seconds for what ends by itself: a forkserver, a manager on a busy machine
_STACK_SECONDS = 0.3
_TERM_SECONDS = 0.2
_STAGES = {"turn": "timing", "end": "second verification"}  # what a visit does once it has the token
_OWN_FILES = (STAGE, RESULT, LEAKS, FAILURE)


class Custody:
    """One visit: its worker, all descendants of that, and all objects named after the visit."""

    def __init__(self, line: Line, watch: Watch, isolation: Isolation, request: dict[str, Any]) -> None:
        self.line = line
        self.watch = watch
        self.isolation = isolation
        self.request = request
        self.folder = Path(request["folder"])
        self.began = self.since = self.granted = self.seen = time.monotonic()
        self.resting: float | None = None  # since when the visit waits for its turn
        self.rests: list[float] = []  # seconds; the first is that before its first turn
        self.next_stage = "start"
        self.output = 0
        self.tail = b""
        self.worker: subprocess.Popen[bytes] | ForkedWorker | None = None
        self.members: Members = descendants
        self.pulse = Pulse()

    def report(self) -> dict[str, Any]:
        """Make the visit and report its end; afterwards nothing of it is left but its folder."""
        before = self.watch.times_out_of_memory()
        try:
            self._start()
        except OSError as error:
            detail, short = f"the worker cannot start: {error.strerror}", error.errno in SHORT_OF
            return {"ending": "refused", "survivors": [], "detail": detail, "short": short}
        ending = self._wait()
        states: list[str] = []
        if ending == "late":
            states = self._ask_for_evidence()
        status = self._status()  # first, since a wait for any child would reap the worker and lose its status
        leaks = [about(member) for member in self._outliving()] if ending == "ended" else []
        waited = time.monotonic() - self.since
        survivors = end_all(self.members) if self._any_left() else []
        stack = self._stacks()
        paused = self.pulse.stopped or (stack and status == 0)  # if the visit succeeds, only SIGCONT writes a stack
        self._drain()
        os.close(self.pipe)
        self.token.close()
        if ending == "ended" and status == 0:
            leaks += self._leaked_things()
        unlink_names(f"{self.folder.name}-")
        return {
            "ending": ending,
            "waited": waited,
            "status": status,
            "stages": read_stages(str(self.folder)),
            "tail": self.tail.decode("utf-8", "replace"),
            "flooded": self.output > MOST_OUTPUT,
            "seconds": time.monotonic() - self.began - sum(self.rests),
            "rested": sum(self.rests[1:]),
            "stopped": self.pulse.stopped,
            "notes": ["paused"] if paused else [],
            "leaks": leaks[:_MOST_NAMED],
            "states": states,
            "stack": stack,
            "out_of_memory": self.watch.times_out_of_memory() > before,
            "survivors": [about(member) for member in survivors[:_MOST_NAMED]],
        }

    def _start(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self.token, theirs = socket.socketpair()
        environment = self.request["environment"] | {TOKEN: str(theirs.fileno())}
        try:
            if self.request["template"]:
                self.worker = ForkedWorker(self.request, environment, writing, theirs.fileno())
            else:
                self.worker = subprocess.Popen(
                    [*self.request["python"], *self.request["words"]],
                    stdin=subprocess.DEVNULL,
                    stdout=writing,
                    stderr=writing,
                    cwd=self.folder,
                    env=environment,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
        finally:
            os.close(writing)
            theirs.close()
        self.pipe = reading
        group = self.worker.pid
        if self.isolation == "group":
            self.members = lambda: group_members(group)
        with contextlib.suppress(OSError):  # if memory runs out, the kernel ends this process first
            Path(f"/proc/{group}/oom_score_adj").write_text("500")

    def _wait(self) -> Ending:
        """Sleep until the worker ends, a deadline passes, or the orchestrator interrupts."""
        assert self.worker is not None
        poll = self.line.poll
        for descriptor in (self.pipe, self.token.fileno()):
            poll.register(descriptor, select.POLLIN)
        try:
            while self.worker.poll() is None:
                deadline = self._deadline()
                now = self._look_at_clock(0.0)  # after the deadline: between the two, this process may be stopped
                left = deadline + self.pulse.stopped - now
                if left <= 0:
                    return "late"
                for descriptor, _ in self._sleep(left):
                    if descriptor == self.pipe:
                        if not self._drain():
                            poll.unregister(self.pipe)
                    elif descriptor == self.token.fileno():
                        if not self._ask():
                            poll.unregister(self.token)
                    else:
                        for order in self.line.heard(descriptor):
                            if order == b"stop":
                                return "stopped"
                            self._grant()
            return "ended"
        except Alone:
            return "alone"
        finally:
            for descriptor in (self.pipe, self.token.fileno()):
                with contextlib.suppress(KeyError):
                    poll.unregister(descriptor)

    def _sleep(self, seconds: float) -> list[tuple[int, int]]:
        """Wait until a descriptor is readable or the time is over; return these. Records pauses in `pulse`.

        A visit that waits for its turn disturbs nobody: there is no deadline to look at, and nothing to record.
        """
        if self.resting is not None:
            ready = self.line.poll.poll()
            self.seen = time.monotonic()
            return ready
        until = self.seen + seconds
        while True:
            beat = max(0.0, min(BEAT, until - self.seen))
            ready = self.line.poll.poll(beat * 1000 + 1)
            now = self._look_at_clock(beat)
            if ready or now >= until:
                return ready

    def _look_at_clock(self, asleep: float) -> float:
        """Return the time, and note how much more than `asleep` seconds have passed since the last look."""
        now = time.monotonic()
        self.pulse.woke(now - self.seen - asleep)
        self.seen = now
        return now

    def _ask(self) -> bool:
        """Pass on what the visit says about turns; return whether more may come."""
        try:
            said = self.token.recv(64)
        except ConnectionError:
            said = b""
        for wish, letter in WISHES.items():
            if letter in said:
                self.resting, self.next_stage = time.monotonic(), _STAGES[wish]
                self.line.say(f"wants-{wish}".encode())
        return bool(said)

    def _grant(self) -> None:
        """Give the visit its turn."""
        self.granted = time.monotonic()
        if self.resting is not None:
            self.rests.append(self.granted - self.resting)
            self.resting = None
        with contextlib.suppress(ConnectionError):
            self.token.send(GIVEN)

    def _deadline(self) -> float:
        """Return the next deadline by CLOCK_MONOTONIC, of the whole visit or of its present stage.

        The time for which the visit waited for its turns does not count. That for which all processes were stopped is
        not yet added.
        """
        if self.resting is not None:
            return math.inf
        since, stage = (read_stages(str(self.folder)) or [(self.began, "start")])[-1]
        if since < self.granted:  # it has its turn, and has not said so yet
            since, stage = self.granted, self.next_stage
        self.since = since
        seconds = self.request["seconds"]
        whole = self.began + sum(self.rests) + seconds["visit"]
        return float(min(whole, self.since + seconds.get(stage, seconds["stage"])))

    def _drain(self) -> bool:
        """Read what the visit printed; return whether more may come. Output beyond MOST_OUTPUT is dropped."""
        try:
            while data := os.read(self.pipe, 65_536):
                if self.output <= MOST_OUTPUT:
                    self.tail = (self.tail + data)[-_TAIL:]
                self.output += len(data)
                if self.output > MOST_OUTPUT:
                    return True  # once per wake-up: a flood must not delay the check of the deadline
        except BlockingIOError:
            return True
        return False

    def _ask_for_evidence(self) -> list[str]:
        """Have processes write their stacks, then ask all to end; return the states in which they were found."""
        members = self.members()
        able = {int(path.name.rpartition("-")[2]): path for path in self._stack_files()}
        asked = [member for member in members if member.pid in able and member.state not in "TZ"]
        tell(asked, signal.SIGUSR1)
        until = time.monotonic() + _STACK_SECONDS
        before: list[int] = []
        sizes = [_size(able[member.pid]) for member in asked]
        while time.monotonic() < until and (sizes != before or not all(sizes)):
            time.sleep(0.01)
            before, sizes = sizes, [_size(able[member.pid]) for member in asked]
        tell([member for member in members if not member.is_tracker], signal.SIGTERM)
        until = time.monotonic() + _TERM_SECONDS
        while time.monotonic() < until and self._status() is None:
            time.sleep(0.005)
        return [f"{able[member.pid].name[len(STACK) :]} {member.state}" for member in members if member.pid in able]

    def _outliving(self) -> list[Member]:
        """Return the processes that still run some time after the worker has ended, as seen in two looks."""
        until = time.monotonic() + _GRACE
        pause = 0.001
        while self._any_left():
            if time.monotonic() > until:
                first = set(self._culprits())
                time.sleep(_STEADY)
                return sorted(first & set(self._culprits()))
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        return []

    def _culprits(self) -> list[Member]:
        return [member._replace(state="") for member in self.members() if not member.is_tracker and member.state != "Z"]

    def _any_left(self) -> bool:
        """Return whether a process of the visit is left; waits for dead children."""
        if self.isolation == "group":
            return bool(self.members())
        return _children()

    def _leaked_things(self) -> list[str]:
        """Return the named objects and files that are left, and the leaks that the worker reports."""
        found = names_left(f"{self.folder.name}-")
        own = [name for name in _entries(self.folder) if name not in _OWN_FILES]
        left = [f"shared-memory object {name}" for name in found if not name.startswith("sem.")]
        left += [f"semaphore {name}" for name in found if name.startswith("sem.")]
        left += [f"temporary entry {name}" for name in own if not name.startswith(STACK)]
        with contextlib.suppress(OSError, ValueError, TypeError):
            left += [str(what) for what in json.loads((self.folder / LEAKS).read_text())]
        return left

    def _status(self) -> int | None:
        """Return the worker's exit code, or minus the signal that ended it; None while it lives."""
        return self.worker.poll() if self.worker else None

    def _stacks(self) -> str:
        """Return the stacks of all processes that were asked for them or have crashed."""
        found = []
        for path in self._stack_files():
            with contextlib.suppress(OSError), open(path, "rb") as file:
                text = file.read(_MOST_STACK).decode("utf-8", "replace")
                found += [f"{path.name[len(STACK) :]}:\n{text}"] if text else []
        return "\n".join(found)[:_MOST_STACK]

    def _stack_files(self) -> list[Path]:
        return [self.folder / name for name in _entries(self.folder) if _STACK_FILE.fullmatch(name)]


def take_custody(connection: int, isolation: Isolation) -> NoReturn:
    """Be the custodian of the visit that the warden requests on this connection; report its end, and end."""
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1):  # those of the warden lead to the orchestrator
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
        adopt_orphans()
        line = Line(connection)
        line.say(b"%d" % os.getpid())
        while not (said := line.heard(connection)):
            pass
        report = Custody(line, Watch(), isolation, json.loads(said[0])).report()
        line.say(json.dumps(report).encode())
        code = 0
    except Alone:
        code = 0
    except BaseException:
        sys.__excepthook__(*sys.exc_info())
    finally:
        os._exit(code)


def _entries(folder: Path) -> list[str]:
    """Return the names in a folder, none if the visit has removed it."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _children() -> bool:
    """Return whether a child, adopted ones included, is left; waits for dead children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def about(member: Member) -> str:
    """Return what a process is called in a report."""
    return f"process {member.command[:80]!r}"
