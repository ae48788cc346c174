"""A UNIX stream socket that is bound, listened on, connected and accepted: an 8-byte length and the payload.

Once connected it is the kernel object of `socketpair`, but unrelated processes can reach it. A path may have at most
107 bytes, and the file remains until it is unlinked. The calls are those of `socketpair`.
Source: unix(7), Lib/socket.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.streams import UnixSocket


class UnixStreamChannel(UnixSocket):
    pass


MECHANISM = Mechanism(
    name="unix-stream",
    title="UNIX stream socket, sendmsg and recv_into",
    short="UNIX stream",
    family="sockets",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=UnixStreamChannel,
    duplex=True,
    copies=3,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("the path has at most 107 bytes, and its file remains after a crash",),
)
