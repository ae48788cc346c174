"""ping-pong whose peer raises before it is ready."""

from collections.abc import Sequence

from ipcbench.measure.api.pattern import Seat
from ipcbench.measure.api.ports import Channel, Side
from ipcbench.measure.patterns.ping_pong import PingPong


class RefusingPeer(PingPong):
    name = "refusing-peer"

    def equip(self, seat: Seat, ports: Sequence[Channel], side: Side) -> Seat:
        if side == "peer":
            raise ValueError("not with me")
        return super().equip(seat, ports, side)


PATTERN = RefusingPeer()
