"""A UNIX datagram socket with send() and recv(): the kernel keeps messages separate, so no length is needed.

A datagram must fit the send buffer less 32 bytes, however much of the buffer is free, or send() fails with EMSGSIZE.
The buffer is set to 212 992 bytes, the default of Linux, so that the limit is equal on all machines. send() blocks
while net.unix.max_dgram_qlen datagrams are unread, 10 by default. Source: unix(7), Lib/socket.py.
"""

import os
import socket
from functools import partial

from ipcbench.errors import NotOffered
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings

_BUFFER = 212_992  # net.core.wmem_default
_OWN = 32  # bytes of the buffer that the kernel uses per datagram, unix_dgram_sendmsg() in net/unix/af_unix.c


class UnixDatagramChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.size = settings.size
        self.inlet, self.outlet = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
        path = settings.new_path()
        self.inlet.bind(path)
        self.outlet.connect(path)
        os.unlink(path)
        self.outlet.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER // 2)  # the kernel doubles it, socket(7)
        if self.outlet.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) != _BUFFER:
            self.close()
            raise NotOffered(f"net.core.wmem_max allows no send buffer of {_BUFFER:,} B")

    def sender(self) -> Send:
        self.inlet.close()
        return self.outlet.send

    def receiver(self) -> Receive:
        self.outlet.close()
        return partial(self.inlet.recv, self.size)

    def close(self) -> None:
        self.inlet.close()
        self.outlet.close()


MECHANISM = Mechanism(
    name="unix-datagram",
    title="UNIX datagram socket, send and recv",
    short="UNIX dgram",
    family="sockets",
    semaphores=False,
    carries="bytes",
    bounded_by="kernel",
    channel=UnixDatagramChannel,
    copies=2,
    largest=_BUFFER - _OWN,
    systems=("linux",),
    caveats=(
        "a datagram that does not fit the send buffer fails with EMSGSIZE",
        "the kernel queues net.unix.max_dgram_qlen datagrams, 10 by default",
    ),
)
