"""A UNIX stream socket with a path: bind, listen, accept on one side, connect on the other.

Once connected it is what socketpair is. Length and payload go out in one sendmsg(). The path has at most 107 bytes.
Source: unix(7).
"""

from ipcbench.measure.framed import UnixChannel
from ipcbench.measure.ports import Mechanism

MECHANISM = Mechanism(
    name="unix-stream",
    title="UNIX stream socket with a path",
    short="UNIX stream",
    family="sockets",
    carries="bytes",
    bounded_by="bytes",
    channel=UnixChannel,
    duplex=True,
    semaphores=False,
    copies=3,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("the path of a socket ends at 107 bytes",),
)
