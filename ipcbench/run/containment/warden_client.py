"""The orchestrator's side of its warden: start it, request visits, give turns, receive reports.

The connection is the warden's standard input and output. Only the orchestrator holds this end, so its closing tells the
warden that the orchestrator is gone; so does a pidfd of the orchestrator, on systems that have them.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import msgspec

from ipcbench.measure.process.names import HANDED
from ipcbench.run.containment.processes import Isolation, pidfd_of
from ipcbench.run.stop import Stop

# -S and -P: neither site-packages nor the current folder can break the warden.
_WARDEN = ("-S", "-P", "-m", "ipcbench.run.containment.warden")
_LEAVING = 5.0
T = TypeVar("T")


class Request(msgspec.Struct):
    """One visit to make, by an interpreter and the words that follow it on its command line.

    template names the template that is forked for the visit, `<interpreter> <round>`; without one the interpreter is
    started. seconds are deadlines: of the visit, of any stage, or of a stage by its name.
    """

    folder: str
    python: Sequence[str]
    words: Sequence[str]
    template: str
    environment: Mapping[str, str]
    seconds: Mapping[str, float]


class Report(msgspec.Struct):
    """How a visit ended: by itself, late at a deadline, stopped by the user, or alone without its orchestrator.

    refused: an earlier visit is not over, or the worker cannot start; short says that the system lacks a process,
    memory or a descriptor. lost: its custodian ended first, and status is that of the custodian. seconds is the
    duration of the visit without the time in which it waited for its turns. rested is the part of that time after its
    first turn. stopped is the seconds for which all processes were stopped. waited is the seconds since its last stage
    began; status is the worker's exit code, or minus the signal that ended it; stages are (CLOCK_MONOTONIC, name); tail
    is the end of what was printed; states are `role-pid letter` of processes found at the deadline, the letter as in
    proc(5). notes are disturbances of this visit, and machine those of the machine since no visit was alive, in the
    report of the last one; see run.containment.disturbances. out_of_memory says that the kernel ended a process because
    memory ran out.
    """

    visit: str
    ending: Literal["ended", "late", "stopped", "alone", "refused", "lost"]
    seconds: float = 0.0
    rested: float = 0.0
    stopped: float = 0.0
    waited: float = 0.0
    status: int | None = None
    stages: list[tuple[float, str]] = []
    tail: str = ""
    flooded: bool = False
    notes: list[str] = []
    machine: list[str] = []
    leaks: list[str] = []
    states: list[str] = []
    stack: str = ""
    survivors: list[str] = []
    detail: str = ""
    out_of_memory: bool = False
    short: bool = False

    @property
    def stage(self) -> str:
        """Return the last stage that the worker began."""
        return self.stages[-1][1] if self.stages else "start"


class Word(NamedTuple):
    """What a visit says: "wants-turn" or "wants-end"."""

    visit: str
    said: str


class WardenLost(Exception):
    """The warden ended during a visit; the text says how."""


class WardenClient:
    """A running warden."""

    def __init__(self, folder: Path, isolation: Isolation, locks: Sequence[int]) -> None:
        """Start a warden for the run with this folder; the warden inherits the locks, which mark the run as alive."""
        self._buffer = b""
        self._stopping = False
        with contextlib.ExitStack() as opened:
            self._line, theirs = socket.socketpair()
            opened.enter_context(theirs)
            on_failure = opened.enter_context(contextlib.ExitStack())
            on_failure.callback(self._line.close)
            pidfd = pidfd_of(os.getpid())
            if pidfd >= 0:
                opened.callback(os.close, pidfd)
            log = opened.enter_context(open(folder / "warden.log", "ab"))
            self._process = subprocess.Popen(
                [sys.executable, *_WARDEN, str(folder), str(pidfd), isolation],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=log,
                cwd="/",
                env=os.environ | {"PYTHONPATH": str(folder / HANDED)},
                start_new_session=True,
                pass_fds=[*locks, pidfd] if pidfd >= 0 else locks,
            )
            on_failure.pop_all()

    def begin(self, request: Request) -> None:
        """Have the warden begin a visit."""
        # Not with msgspec, which refuses the bytes of a variable or a folder that are not UTF-8 (surrogates in Python).
        self._say(json.dumps(msgspec.to_builtins(request)).encode() + b"\n")

    def give_turn(self, visit: str) -> None:
        """Let a visit go on that wants to."""
        self._say(f"turn {visit}\n".encode())

    def listen(self, stop: Stop) -> list[Report | Word]:
        """Wait until a visit says something or ends; all end early if `stop` is requested. Raises WardenLost."""
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        if not self._stopping:
            poll.register(stop.fd, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll()]
            if self._line.fileno() in ready and (heard := self._hear()):
                return heard
            if stop.fd in ready:
                poll.unregister(stop.fd)
                self._stopping = True
                self._say(b"stop\n")

    def close(self) -> None:
        """End the warden, which removes the run's folder."""
        self._line.shutdown(socket.SHUT_WR)
        try:
            self._process.wait(_LEAVING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._line.close()

    def _say(self, words: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # _hear notices it
            self._line.sendall(words)

    def _hear(self) -> list[Report | Word]:
        try:
            data = self._line.recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            code = self._process.wait(_LEAVING)
            raise WardenLost(f"the warden of this visit {how_ended(code)}")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [_read_line(line) for line in lines]


def how_ended(code: int) -> str:
    """Return what an exit code says, negative for a signal: 'was killed by SIGKILL'."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"


def _read_line(line: bytes) -> Report | Word:
    if line.startswith(b"{"):
        return read_json(line, Report)
    said, _, visit = line.decode().partition(" ")
    return Word(visit, said)


def read_json(data: bytes, type_: type[T]) -> T:
    """Decode JSON written by a process of a visit; bytes that are not UTF-8 become question marks.

    Raises msgspec.DecodeError, ValueError and RecursionError.
    """
    text = json.dumps(json.loads(data), ensure_ascii=False)
    return msgspec.json.decode(text.encode(errors="replace"), type=type_)
