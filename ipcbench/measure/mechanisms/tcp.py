"""A TCP connection over loopback with default options: an 8-byte length and the payload, one sendmsg() for both.

Nagle's algorithm is on; it does no harm if a message is written in one call and its answer awaited. Compare
`tcp-nodelay` and `tcp-split`. The calls are those of `socketpair`. Source: tcp(7), Lib/socket.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.streams import TcpSocket


class TcpChannel(TcpSocket):
    pass


MECHANISM = Mechanism(
    name="tcp",
    title="TCP, sendmsg and recv_into",
    short="TCP",
    family="sockets",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=TcpChannel,
    duplex=True,
    copies=3,
    dead_peer="end of file",
    scope="network",
    systems=("linux", "darwin"),
    caveats=("within a host it uses loopback, which has packets of 64 KiB and no wire",),
)
