"""What runs on a host, inside its Dask worker, for a visit between two: planning, and one half of a visit.

    take the lock ─▶ held ─▶ begin ─▶ the half's own processes, in the custody of a warden ─▶ Answer

A half that is held does nothing but wait, until somebody who knows that the other one is held too lets both begin.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

from ipcbench.errors import Interrupted, IpcbenchError
from ipcbench.fleet.host import Answer, answered, found_here
from ipcbench.fleet.lock import LONGEST_WAIT, only_here
from ipcbench.machine.facts import capabilities
from ipcbench.measure.far import Meeting
from ipcbench.model import Case, Failure, Timing, Visit
from ipcbench.plan.between import why_not_between
from ipcbench.run.interrupt import Stop
from ipcbench.run.visit import Visitor

LONGEST_HOLD = 2 * LONGEST_WAIT  # seconds that a half waits for the other one
_SERVER = ("-m", "ipcbench.measure.server_half")
_LOOK = 0.01


class Interface(NamedTuple):
    """An address of a host, with the name and the MTU of its interface."""

    address: str
    name: str
    mtu: int


@dataclass(slots=True)
class _Half:
    """A half on this host: whether the host is its own, whether it may begin and with which meeting, where it meets."""

    held: threading.Event = field(default_factory=threading.Event)
    begin: threading.Event = field(default_factory=threading.Event)
    meeting: Meeting | None = None
    path: Path | None = None


_halves: dict[str, _Half] = {}


def obstacles(cases: Sequence[Case]) -> list[str | None]:
    """For each case why it cannot have a half here; None if it can."""
    offer = capabilities()
    return [why_not_between(case, offer) for case in cases]


def interfaces() -> list[Interface]:
    """The IPv4 addresses of this host, those of loopback last."""
    states = psutil.net_if_stats()
    found = [
        Interface(address.address, name, states[name].mtu if name in states else 0)
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family.name == "AF_INET"
    ]
    return sorted(found, key=lambda one: (one.address.startswith("127."), one.name, one.address))


def make_half(identity: str, name: str, visit: Visit, timing: Timing, interface: str) -> bytes:
    """Make the server's half of a visit on the host of this name, or without an interface the client's: an Answer.

    It begins when `begin` says so. Raises HostBusy and OSError.
    """

    def make(stop: Stop) -> Answer:
        with only_here(name) as lock, contextlib.closing(Visitor(timing, stop, locks=[lock])) as visitor:
            half.path = visitor.folder / "meeting"
            half.held.set()
            _await_word(half, stop)
            if interface:
                words = [*_SERVER, "--case", visit.case.id, "--interface", interface, "--meeting", str(half.path)]
                found = visitor.half(visit, words)
                return Answer(failure=found) if isinstance(found, Failure) else Answer(notes=found)
            if half.meeting:
                half.meeting.write(str(half.path))
            return found_here(visitor.visit(visit, ["--meeting", str(half.path)]))

    half = _halves[identity] = _Half()
    try:
        return answered(identity, name, make)
    finally:
        del _halves[identity]


def _await_word(half: _Half, stop: Stop) -> None:
    """Wait until the half may begin; raises Interrupted, and IpcbenchError if nobody says so."""
    until = time.monotonic() + LONGEST_HOLD
    while not half.begin.wait(_LOOK):
        if stop.by is not None:
            raise Interrupted(stop.by)
        if time.monotonic() > until:
            raise IpcbenchError(f"the other half of a visit was not there within {LONGEST_HOLD:.0f} s")


async def is_held(identity: str, seconds: float) -> bool:
    """Whether a half holds its host, within so many seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        half = _halves.get(identity)
        if half and half.held.is_set():
            return True
        await asyncio.sleep(_LOOK)
    return False


def begin(identity: str, meeting: Meeting | None) -> bool:
    """Let a half begin, the client's with where to meet; whether it is there."""
    half = _halves.get(identity)
    if half:
        half.meeting = meeting and Meeting(*meeting)
        half.begin.set()
    return half is not None


async def published(identity: str, seconds: float) -> Meeting | None:
    """Where the server's half waits, within so many seconds; None as long as it does not say."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        half = _halves.get(identity)
        if half and half.path:
            with contextlib.suppress(OSError, ValueError):
                return Meeting.read(str(half.path))
        await asyncio.sleep(_LOOK)
    return None
