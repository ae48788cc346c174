"""ping-pong whose peer never answers in its first timed turn, and never ends."""

import signal

from ipcbench.measure.api.pattern import Lap, Seat, Turn
from ipcbench.measure.patterns.ping_pong import PingPong

PROOF_TURNS = 3, 16  # messages, beside timed turns of 1 and of 20


class DeafPeer(PingPong):
    name = "deaf-peer"

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        while turn.operations not in PROOF_TURNS:
            signal.pause()
        return super().serve(seat, turn)


PATTERN = DeafPeer()
