"""Custody of one visit: start its worker, watch its deadlines, ask for evidence, end everything, say what was left.

Standard library only, since the warden is.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Literal, Protocol

from ipcbench.errors import SHORT_OF
from ipcbench.measure.process.names import run_prefix
from ipcbench.measure.process.stages import FAILURE, LEAKS, RESULT, STACK, STAGE, read_stages
from ipcbench.run.containment.disturbances import BEAT, Pulse, Watch
from ipcbench.run.containment.processes import (
    Isolation,
    Member,
    Members,
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
_STEADY = 0.1  # a leaked process is one that two looks so far apart both show; one look catches the dying
_GRACE = 2.0  # what is ending by itself may take so long: a forkserver, a manager on a busy machine
_STACK_SECONDS = 0.3
_TERM_SECONDS = 0.2
_OWN_FILES = (STAGE, RESULT, LEAKS, FAILURE)


class Line(Protocol):
    """The warden as custody needs it: poll waits for all that can interrupt a visit, watch looks at the machine."""

    poll: select.poll
    watch: Watch

    def interruption(self, descriptor: int) -> Ending | None:
        """What a readable descriptor says about the visit under way, if it says anything."""


class Custody:
    """One visit: the worker, everything that descends from it, and all that carries its name."""

    def __init__(self, line: Line, isolation: Isolation, request: dict[str, Any]) -> None:
        self.line = line
        self.isolation = isolation
        self.request = request
        self.folder = Path(request["folder"])
        self.since = time.monotonic()
        self.output = 0
        self.tail = b""
        self.worker: subprocess.Popen[bytes] | None = None
        self.members: Members = descendants
        self.pulse = Pulse()

    def report(self) -> dict[str, Any]:
        """Make the visit and say how it ended; afterwards none of it is left, but for its folder."""
        before = self._left()
        if before:
            return {"ending": "refused", "survivors": before}
        surroundings = self.line.watch.look()
        try:
            self._start()
        except OSError as error:
            detail, short = f"the worker cannot start: {error.strerror}", error.errno in SHORT_OF
            return {"ending": "refused", "survivors": [], "detail": detail, "short": short}
        ending = self._wait()
        states: list[str] = []
        if ending == "late":
            states = self._ask_for_evidence()
        status = self._status()  # before anybody waits for just any child, which would lose it
        leaks = [_about(member) for member in self._outliving()] if ending == "ended" else []
        waited = time.monotonic() - self.since
        survivors = end_all(self.members) if self._anybody() else []
        notes = self.line.watch.since(surroundings)
        stack = self._stacks()
        if self.pulse.stopped or (stack and status == 0):  # in a visit that ends well only SIGCONT writes one
            notes.append("paused")
        self._drain()
        os.close(self.pipe)
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
            "notes": notes,
            "leaks": leaks[:_MOST_NAMED],
            "states": states,
            "stack": stack,
            "out_of_memory": self.line.watch.out_of_memory(surroundings),
            "survivors": [_about(member) for member in survivors[:_MOST_NAMED]],
        }

    def _left(self) -> list[str]:
        """What an earlier visit left, which must be nothing."""
        if self.isolation == "warden" and _children():
            return [_about(member) for member in descendants()]
        return names_left(run_prefix(self.folder))

    def _start(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        try:
            self.worker = subprocess.Popen(
                self.request["command"],
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                cwd=self.folder,
                env=self.request["environment"],
                start_new_session=True,
            )
        finally:
            os.close(writing)
        self.pipe = reading
        group = self.worker.pid
        if self.isolation == "group":
            self.members = lambda: group_members(group)
        with contextlib.suppress(OSError):  # when memory runs out, this goes first
            Path(f"/proc/{group}/oom_score_adj").write_text("500")

    def _wait(self) -> Ending:
        """Wait for the worker's end, its nearest deadline, or word from the orchestrator; asleep meanwhile."""
        assert self.worker is not None
        began = time.monotonic()
        poll = self.line.poll
        poll.register(self.pipe, select.POLLIN)
        try:
            while self.worker.poll() is None:
                left = self._deadline(began) - time.monotonic()
                if left <= 0:
                    return "late"
                for descriptor, _ in self._sleep(left):
                    if descriptor == self.pipe:
                        if not self._drain():
                            poll.unregister(self.pipe)
                        continue
                    interruption = self.line.interruption(descriptor)
                    if interruption:
                        return interruption
            return "ended"
        finally:
            with contextlib.suppress(KeyError):
                poll.unregister(self.pipe)

    def _sleep(self, seconds: float) -> list[tuple[int, int]]:
        """Wait until something is readable or the time is over; what is readable. Notes whether it was stopped."""
        until = time.monotonic() + seconds
        while True:
            began = time.monotonic()
            beat = max(0.0, min(BEAT, until - began))
            ready = self.line.poll.poll(beat * 1000 + 1)
            now = time.monotonic()
            self.pulse.woke(now - began - beat)
            if ready or now >= until:
                return ready

    def _deadline(self, began: float) -> float:
        """When patience ends, by CLOCK_MONOTONIC: for the whole visit or for the stage it is in, whichever is first.

        What everybody was stopped for does not count.
        """
        since, stage = (read_stages(str(self.folder)) or [(began, "start")])[-1]
        self.since = since
        seconds = self.request["seconds"]
        return float(min(began + seconds["visit"], since + seconds.get(stage, seconds["stage"]))) + self.pulse.stopped

    def _drain(self) -> bool:
        """Read what the visit printed; False when it cannot print any more. The first MiB counts, the rest is noise."""
        try:
            while data := os.read(self.pipe, 65_536):
                if self.output <= MOST_OUTPUT:
                    self.tail = (self.tail + data)[-_TAIL:]
                self.output += len(data)
                if self.output > MOST_OUTPUT:
                    return True  # once per wake-up: a flood must not keep the deadline from being looked at
        except BlockingIOError:
            return True
        return False

    def _ask_for_evidence(self) -> list[str]:
        """Have every process that can show its stacks do so, then ask all to end; the states they were found in."""
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
        """What goes on after its worker has ended, seen in two looks, once those that are ending have had time to."""
        until = time.monotonic() + _GRACE
        pause = 0.001
        while self._anybody():
            if time.monotonic() > until:
                first = set(self._culprits())
                time.sleep(_STEADY)
                return sorted(first & set(self._culprits()))
            time.sleep(pause)
            pause = min(2 * pause, 0.02)
        return []

    def _culprits(self) -> list[Member]:
        return [member._replace(state="") for member in self.members() if not member.is_tracker and member.state != "Z"]

    def _anybody(self) -> bool:
        """Whether any process of the visit is left; waits for the dead."""
        if self.isolation == "group":
            return bool(self.members())
        return _children()

    def _leaked_things(self) -> list[str]:
        """What is left that has a name, and what the worker says of itself."""
        found = names_left(f"{self.folder.name}-")
        own = [name for name in _entries(self.folder) if name not in _OWN_FILES]
        left = [f"shared-memory object {name}" for name in found if not name.startswith("sem.")]
        left += [f"semaphore {name}" for name in found if name.startswith("sem.")]
        left += [f"temporary entry {name}" for name in own if not name.startswith(STACK)]
        with contextlib.suppress(OSError, ValueError, TypeError):
            left += [str(what) for what in json.loads((self.folder / LEAKS).read_text())]
        return left

    def _status(self) -> int | None:
        """The worker's exit code, or minus the signal that ended it; None while it lives."""
        return self.worker.poll() if self.worker else None

    def _stacks(self) -> str:
        """Where the threads of each process stood, if they were asked or have crashed."""
        found = []
        for path in self._stack_files():
            with contextlib.suppress(OSError), open(path, "rb") as file:
                text = file.read(_MOST_STACK).decode("utf-8", "replace")
                found += [f"{path.name[len(STACK) :]}:\n{text}"] if text else []
        return "\n".join(found)[:_MOST_STACK]

    def _stack_files(self) -> list[Path]:
        return [self.folder / name for name in _entries(self.folder) if _STACK_FILE.fullmatch(name)]


def _entries(folder: Path) -> list[str]:
    """The names in a folder, which may have been removed by what it was made for."""
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
    """Whether any child is left, those that lost their parents included; waits for the dead."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _about(member: Member) -> str:
    return f"process {member.command[:80]!r}"
