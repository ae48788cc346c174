"""ping-pong whose peer raises in its first timed turn."""

from ipcbench.measure.api.pattern import Lap, Seat, Turn
from ipcbench.measure.patterns.ping_pong import PingPong

PROOF_TURN = 16


class RaisingPeer(PingPong):
    name = "raising-peer"

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        if turn.operations != PROOF_TURN:
            raise ValueError("no more of this")
        return super().serve(seat, turn)


PATTERN = RaisingPeer()
