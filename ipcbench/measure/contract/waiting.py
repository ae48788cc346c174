"""Observe a waiting receiver: the share of time in which it wants a CPU."""

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
    """Let a peer wait for a message or a notification; return the share of time in which it wanted a CPU.

    Time on a CPU and time in the run queue both count, so that a busy machine changes nothing.
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
            before, began = _wanted(peer), time.monotonic()
            time.sleep(_LOOKING)
            shares.append((_wanted(peer) - before) / (time.monotonic() - began))

        shares: list[float] = []
        if mechanism.channel:
            look(1)
            stage.seat.send(difficult_payloads(mechanism, size)[0])
            stage.seat.receive()
        else:
            pattern.drive(stage.seat, look, Turn(1))
        stage.team.laps()
    return {"share": shares[0]}


def _wanted(number: int) -> float:
    """Return the seconds that a process, or a thread of this one, has run or waited to run; see proc(5), schedstat."""
    own = Path(f"/proc/self/task/{number}/schedstat")
    files = [own] if own.exists() else Path(f"/proc/{number}/task").glob("*/schedstat")
    return sum(sum(map(int, file.read_text().split()[:2])) for file in files) / 1e9
