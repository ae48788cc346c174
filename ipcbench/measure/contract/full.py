"""Observe a full channel: its receiver waits until the sender blocks, then receives everything.

The sender sends in the main thread of its process, and the other process watches it: a library may hold the GIL while
it waits for room, as iceoryx2 does, so that no other thread of the sender runs. A blocked sender is released only by
receiving, because an exception in the middle of a call could leave the library in any state.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ipcbench.measure.api.digest import digests
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn
from ipcbench.measure.api.payload import content, make_payloads
from ipcbench.measure.api.ports import Send
from ipcbench.measure.contract.stage import staged
from ipcbench.model import StartMethod

FULL_SECONDS = 0.4  # a sender without progress for this long is blocked
_LOOK_SECONDS = 0.001


class Progress:
    """The progress of a sender, recorded in files of a folder, so that another process can watch it."""

    def __init__(self, folder: str) -> None:
        self._begun, self._over, self._halted = (Path(folder, name) for name in ("begun", "over", "halted"))
        self._begun.touch()

    @property
    def begun(self) -> int:
        """Number of messages that the sender has begun to send."""
        return self._begun.stat().st_size

    @property
    def over(self) -> bool:
        """Whether the sender has ended."""
        return self._over.exists()

    @property
    def halted(self) -> bool:
        """Whether the sender was seen to block."""
        return self._halted.exists()

    def send(self, send: Send, payloads: Sequence[Any]) -> None:
        """Send until the sender was seen to block or every payload is sent."""
        with open(self._begun, "ab", buffering=0) as begun:
            for payload in payloads:
                if self.halted:
                    break
                begun.write(b".")
                send(payload)
        self._over.touch()

    def await_standstill(self) -> None:
        """Wait until the sender has blocked for FULL_SECONDS or has ended."""
        before = -1
        while not self.over:
            if before == self.begun:
                self._halted.touch()
                return
            before = self.begun
            time.sleep(FULL_SECONDS)


class LateStream(ChannelPattern):
    """A stream whose receiver receives nothing until the sender blocks; nothing in it is timed."""

    name = "late-stream"
    question = "What does a full channel do?"
    operation = "one message delivered"
    most_workers = 1

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        go(turn.operations)
        self.progress.send(seat.send, turn.payloads)
        return Lap(0.0, 0.0, self.progress.begun)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        receive, progress, received = seat.receive, self.progress, 0
        progress.await_standstill()
        while not (progress.over and received == progress.begun):
            if received < progress.begun:
                receive()
                received += 1
            else:
                time.sleep(_LOOK_SECONDS)
        return Lap(0.0, 0.0, received)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return 0.0

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        """Do nothing: ipcbench.testing compares what was sent and received."""


def observe_bound(mechanism: Mechanism, method: StartMethod, size: int, most: int) -> dict[str, Any]:
    """Send up to `most` messages that nobody receives, until sending blocks; return what then arrives."""
    payloads = make_payloads(content(mechanism.carries, mechanism.usual_payload), 7, size, most)
    with tempfile.TemporaryDirectory() as folder:
        progress = Progress(folder)
        pattern = LateStream(progress)
        with staged(mechanism, pattern, method, size) as stage:
            lap = pattern.drive(stage.seat, partial(stage.team.prove, 7), Turn(most, payloads))
            (got,) = stage.team.proved()
        return {"sent": digests(payloads[: lap.operations]), "got": got, "stopped": progress.halted}
