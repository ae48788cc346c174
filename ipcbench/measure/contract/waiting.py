"""Observe a waiting receiver: the shares of time in which it wants a CPU, and has one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Turn
from ipcbench.measure.contract.stage import difficult_payloads, staged
from ipcbench.measure.registry import load_pattern
from ipcbench.model import StartMethod

_SETTLING, _LOOKING = 0.1, 0.4


def observe_waiting(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Let a peer wait for a message or a notification; return the shares of time in which it wanted a CPU and had one.

    On a busy machine a process that spins may have a CPU for half of the time, but always wants one; a process that
    polls waits in the run queue whenever it wakes, but hardly runs.
    """
    pattern, size = load_pattern("ping-pong" if mechanism.channel else "hand-over"), max(8, mechanism.smallest)
    if mechanism.only_patterns and pattern.name not in mechanism.only_patterns:
        return {}
    with staged(mechanism, pattern, method, size if mechanism.channel else 0) as stage:
        peer = stage.pids[0]

        def look(operations: int) -> None:
            """Tell the peer to go, then measure it while the driver sends nothing."""
            stage.team.go(operations)
            time.sleep(_SETTLING)
            (ran, queued), began = _times(peer), time.monotonic()
            time.sleep(_LOOKING)
            (ran_later, queued_later), seconds = _times(peer), time.monotonic() - began
            shares["ran"] = (ran_later - ran) / seconds
            shares["share"] = shares["ran"] + (queued_later - queued) / seconds

        shares: dict[str, float] = {}
        if mechanism.channel:
            look(1)
            stage.seat.send(difficult_payloads(mechanism, size)[0])
            stage.seat.receive()
        else:
            pattern.drive(stage.seat, look, Turn(1))
        stage.team.laps()
    return shares


def _times(number: int) -> tuple[float, float]:
    """Return the seconds that a process, or a thread of this one, has run and waited to run; see proc(5), schedstat."""
    own = Path(f"/proc/self/task/{number}/schedstat")
    files = [own] if own.exists() else Path(f"/proc/{number}/task").glob("*/schedstat")
    times = [file.read_text().split() for file in files]
    return sum(int(ran) for ran, *_ in times) / 1e9, sum(int(queued) for _, queued, *_ in times) / 1e9
