"""Set up a visit without placement and pyperf, and make the payloads for it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Pattern, Seat
from ipcbench.measure.api.payload import content, load_kind, make_payloads
from ipcbench.measure.api.pool import window_for
from ipcbench.measure.api.ports import Executor, Port
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.placement import usable_cpus
from ipcbench.measure.process.team import Job, Team, connect
from ipcbench.measure.process.thread_team import start_team
from ipcbench.measure.registry import load_pattern
from ipcbench.model import StartMethod

TASKS = 300
ADDS = 2000
WORKERS = 3
NUMBERS = (0, 1, -1, 2**31, 2**62, 2**63 - 1, -(2**63))


class Stage(NamedTuple):
    """A visit that is ready for a turn."""

    team: Team
    seat: Seat
    pids: list[int]
    ports: Sequence[Port]
    settings: PortSettings


@contextmanager
def staged(
    mechanism: Mechanism, pattern: Pattern, method: StartMethod, size: int, workers: int = 1, operation: str = ""
) -> Iterator[Stage]:
    """Set up a visit and tear it down as measure.worker does, without placement and pyperf."""
    context = multiprocessing.get_context(method)
    settings = PortSettings(context, size, window_for(size), pattern.peers(workers))
    load_kind(mechanism.usual_payload).prepare()
    ports = pattern.make_ports(mechanism, settings)
    peers = pattern.peers(workers) if mechanism.starts_peers else 0
    seats = [Seat(i, operation, workers, settings.window, payload=mechanism.usual_payload) for i in range(-1, peers)]
    what = content(mechanism.carries, mechanism.usual_payload)
    jobs = [Job(pattern, what, size, seat, usable_cpus()) for seat in seats[1:]]
    team = start_team(mechanism, context, jobs, ports)
    try:
        connect(pattern, seats[0], ports)
        seat = pattern.equip(seats[0], ports, "driver")
        members = [pid for port in ports if isinstance(port, Executor) for pid in port.members()]
        yield Stage(team, seat, [*team.ready(), *members], ports, settings)
        team.stop()
    except BaseException:
        team.abandon()
        settings.close()
        raise
    for port in dict.fromkeys(ports):
        port.close()
        port.destroy()
    settings.close()


def streams(mechanism: Mechanism) -> bool:
    """Return whether messages may follow each other without an answer."""
    return mechanism.peers != "nobody" and (not mechanism.only_patterns or "stream" in mechanism.only_patterns)


def difficult_payloads(mechanism: Mechanism, size: int) -> list[Any]:
    """Return distinct payloads of one size; some end in NUL, one is all NUL."""
    if mechanism.carries == "number":
        return list(NUMBERS)
    if mechanism.usual_payload != "bytes":
        return make_payloads(mechanism.usual_payload, 1, size, 7)
    nul = bytes(size)
    ordinary = [payload for payload in make_payloads("bytes", 1, size, 4) if isinstance(payload, bytes)]
    return list(dict.fromkeys([*ordinary, nul, ordinary[0][:-1] + b"\0", b"\0" + ordinary[0][1:], b"\xff" * size]))


def simplest(mechanism: Mechanism) -> tuple[Pattern, int, str]:
    """Return the simplest pattern that a mechanism can play, with a payload size and an operation for it."""
    size = max(8, mechanism.smallest)
    if mechanism.executor:
        return load_pattern("tasks"), size, mechanism.operations[0]
    if mechanism.channel:
        return load_pattern("ping-pong"), size, ""
    return (load_pattern("counter"), 8, "") if mechanism.cell else (load_pattern("hand-over"), 0, "")


def give_up(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Raise TimeoutError: a signal handler that ends an endless wait."""
    raise TimeoutError


def put_away(stage: Stage) -> None:
    """Close and destroy the ports and settings of a stage, after its peers have ended."""
    for port in dict.fromkeys(stage.ports):
        port.close()
        port.destroy()
    stage.settings.close()
