"""socket.socketpair(): the same kernel object as multiprocessing.Pipe(), without its library.

Length and payload go out in one sendmsg(), and are read into a buffer that is kept: the difference to pipe-bytes is
what Connection costs. Source: socketpair(2), Lib/socket.py.
"""

import socket

from ipcbench.measure.framed import SocketChannel
from ipcbench.measure.ports import Mechanism, PortSettings, Side


class SocketPairChannel(SocketChannel):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.ends = socket.socketpair()

    def connect(self, side: Side) -> None:
        self.socket, other = self.ends if side == "driver" else reversed(self.ends)
        other.close()

    def close(self) -> None:
        for end in self.ends:
            end.close()


MECHANISM = Mechanism(
    name="socketpair",
    title="socket.socketpair, length and payload",
    short="socketpair",
    family="sockets",
    carries="bytes",
    bounded_by="bytes",
    channel=SocketPairChannel,
    duplex=True,
    semaphores=False,
    copies=3,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("nothing is framed for you: reads and writes may be short",),
)
