"""ping-pong whose peer is killed in its first timed turn, while the driver waits for an answer."""

import os
import signal

from ipcbench.measure.api.pattern import Lap, Seat, Turn
from ipcbench.measure.patterns.ping_pong import PingPong

PROOF_TURN = 16


class KilledPeer(PingPong):
    name = "killed-peer"

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        if turn.operations != PROOF_TURN:
            seat.receive()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().serve(seat, turn)


PATTERN = KilledPeer()
