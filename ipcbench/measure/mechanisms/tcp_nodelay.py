"""TCP over the loopback interface with TCP_NODELAY, length and payload in one sendmsg().

Nothing waits for an acknowledgement, so no size is slow; compare with tcp-split.
Source: tcp(7).
"""

import socket

from ipcbench.measure.framed import ListeningChannel
from ipcbench.measure.ports import Mechanism, Side


class TcpNodelayChannel(ListeningChannel):
    def connect(self, side: Side) -> None:
        super().connect(side)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


MECHANISM = Mechanism(
    name="tcp-nodelay",
    title="TCP on loopback with TCP_NODELAY",
    short="TCP nodelay",
    family="sockets",
    carries="bytes",
    bounded_by="bytes",
    channel=TcpNodelayChannel,
    duplex=True,
    semaphores=False,
    copies=3,
    dead_peer="end of file",
    scope="network",
    systems=("linux", "darwin"),
    caveats=("anyone on this host may connect: authenticate before you trust a byte",),
)
