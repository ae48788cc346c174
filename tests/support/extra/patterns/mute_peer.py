"""ping-pong whose peer never answers and never ends: its first visit hangs, however slow the machine is."""

import signal

from ipcbench.measure.api.pattern import Lap, Seat, Turn
from ipcbench.measure.patterns.ping_pong import PingPong


class MutePeer(PingPong):
    name = "mute-peer"

    def serve(self, seat: Seat, turn: Turn) -> Lap:  # noqa: ARG002 - a pattern has this signature
        while True:
            signal.pause()


PATTERN = MutePeer()
