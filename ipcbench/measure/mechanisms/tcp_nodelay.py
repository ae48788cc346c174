"""A TCP connection over loopback with TCP_NODELAY on both sides: no packet waits for an acknowledgement.

Like `tcp`, except for the option, which sends a short packet while an earlier one is not yet acknowledged.
Source: tcp(7), Lib/socket.py.
"""

import socket

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side
from ipcbench.measure.transports.streams import TcpSocket


class TcpNodelayChannel(TcpSocket):
    def connect(self, side: Side) -> None:
        super().connect(side)
        self.end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


MECHANISM = Mechanism(
    name="tcp-nodelay",
    title="TCP with TCP_NODELAY",
    short="TCP nodelay",
    family="sockets",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=TcpNodelayChannel,
    duplex=True,
    copies=3,
    dead_peer="end of file",
    scope="network",
    systems=("linux", "darwin"),
    caveats=("within a host it uses loopback, which has packets of 64 KiB and no wire",),
)
