"""UNIX datagram sockets, a connected pair: the kernel keeps messages apart, so nothing is framed.

A message must fit the send buffer, which is set to the usual 212 992 bytes of which the kernel keeps 32, and at most
ten wait for the receiver (net.unix.max_dgram_qlen). Source: unix(7), socket(7).
"""

import socket

from ipcbench.measure.framed import SocketChannel
from ipcbench.measure.ports import Mechanism, PortSettings, Receive, Send, Side

_BUFFER = 212_992
LARGEST = _BUFFER - 32


class UnixDatagramChannel(SocketChannel):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in self.ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER // 2)  # the kernel doubles it, see socket(7)

    def connect(self, side: Side) -> None:
        self.socket, other = self.ends if side == "driver" else reversed(self.ends)
        other.close()

    def sender(self) -> Send:
        return self.socket.send

    def receiver(self) -> Receive:
        view, receive_into = memoryview(bytearray(self.size)), self.socket.recv_into

        def receive() -> bytes:
            return bytes(view[: receive_into(view)])

        return receive

    def close(self) -> None:
        for end in self.ends:
            end.close()


MECHANISM = Mechanism(
    name="unix-datagram",
    title="UNIX datagram sockets, a pair",
    short="UNIX dgram",
    family="sockets",
    carries="bytes",
    bounded_by="kernel",
    channel=UnixDatagramChannel,
    duplex=True,
    semaphores=False,
    copies=3,
    largest=LARGEST,
    systems=("linux",),
    caveats=("a message must fit the send buffer; at most ten wait (net.unix.max_dgram_qlen)",),
)
