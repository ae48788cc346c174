"""Kill a peer while messages are in flight; the warden ends processes that then wait without end."""

from __future__ import annotations

import os
import signal
from itertools import cycle
from types import FrameType

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.payload import content, make_payloads
from ipcbench.measure.contract.stage import Stage, simplest, staged, streams
from ipcbench.measure.process.stages import mark
from ipcbench.measure.registry import load_pattern
from ipcbench.model import StartMethod

_LARGEST = 2**20
_AFTER = 0.05  # seconds until the kill, so that messages are in flight
_MANY = 10**9


def kill_in_the_middle(mechanism: Mechanism, method: StartMethod) -> None:
    """Use a mechanism endlessly in a peer and in this process, and kill the peer; return only if that ends the use."""
    pattern, size, operation = simplest(mechanism)
    if mechanism.channel and streams(mechanism):
        pattern, size = load_pattern("stream"), min(_LARGEST, mechanism.largest or _LARGEST)
        size = 8 if mechanism.carries == "number" else size
    with staged(mechanism, pattern, method, size, mechanism.least_workers, operation) as stage:
        mark("timing")

        def kill(_signal: int, _frame: FrameType | None) -> None:
            mark("killed")
            os.kill(stage.pids[0], signal.SIGKILL)

        signal.signal(signal.SIGALRM, kill)
        signal.setitimer(signal.ITIMER_REAL, _AFTER)
        _use(mechanism, stage, size)


def _use(mechanism: Mechanism, stage: Stage, size: int) -> None:
    payloads = make_payloads(content(mechanism.carries, mechanism.usual_payload), 9, size, 8)
    if mechanism.executor:
        while True:
            list(stage.seat.run(_task, [(0, payload) for payload in payloads]))
    stage.team.go(_MANY)
    if mechanism.channel:
        echoes = not streams(mechanism)
        for payload in cycle(payloads):
            stage.seat.send(payload)
            if echoes:
                stage.seat.receive()
    if mechanism.signal:
        while True:
            stage.seat.notify()
            stage.seat.wait()
    stage.team.laps()  # a cell: its workers need no driver


def _task(item: tuple[int, object]) -> int:
    return item[0]
