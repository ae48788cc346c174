"""socket.socketpair(): a pair of connected UNIX stream sockets, an 8-byte length and the payload.

The kernel object of `pipe-bytes`, with another library: one sendmsg() sends length and payload, recv_into() fills a
reused buffer, and the receiver returns a copy of it. Source: unix(7), Lib/socket.py.
"""

import socket

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.streams import StreamSocket


class SocketpairChannel(StreamSocket):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.held = [*socket.socketpair()]

    def connect(self, side: Side) -> None:
        self.end, other = self.held if side == "driver" else reversed(self.held)
        other.close()  # an open copy would prevent end of file


MECHANISM = Mechanism(
    name="socketpair",
    title="socket.socketpair, sendmsg and recv_into",
    short="socketpair",
    family="sockets",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=SocketpairChannel,
    duplex=True,
    copies=3,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("two users of one end corrupt the stream",),
)
