"""stream whose peer is killed in its first timed turn, after one message, while the driver keeps sending."""

import os
import signal

from ipcbench.measure.api.pattern import Lap, Seat, Turn
from ipcbench.measure.patterns.stream import Stream

PROOF_TURN = 16


class KilledReader(Stream):
    name = "killed-reader"

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        if turn.operations > PROOF_TURN:
            seat.receive()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().serve(seat, turn)


PATTERN = KilledReader()
