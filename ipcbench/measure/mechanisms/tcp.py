"""TCP over the loopback interface, length and payload in one sendmsg(), options as the system has them.

Nagle's algorithm is on: a message in one write is sent at once as long as nothing is unacknowledged.
Source: tcp(7).
"""

from ipcbench.measure.framed import ListeningChannel
from ipcbench.measure.ports import Mechanism

MECHANISM = Mechanism(
    name="tcp",
    title="TCP on loopback, one write per message",
    short="TCP",
    family="sockets",
    carries="bytes",
    bounded_by="bytes",
    channel=ListeningChannel,
    duplex=True,
    semaphores=False,
    copies=3,
    dead_peer="end of file",
    scope="network",
    systems=("linux", "darwin"),
    caveats=("anyone on this host may connect: authenticate before you trust a byte",),
)
