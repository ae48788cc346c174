"""multiprocessing.connection.Listener and Client over loopback TCP, with an authkey; objects pickled.

A message of more than 16 384 bytes after pickling goes out as header and body, two writes without TCP_NODELAY: below
the segment size the second waits for an acknowledgement that is delayed by 40 ms. Round trips from 16 KiB to almost
64 KiB take tens of milliseconds (gh-126471). Source: Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.listening import ListenerChannel
from ipcbench.measure.ports import Mechanism

MECHANISM = Mechanism(
    name="listener-tcp",
    title="Listener and Client on loopback TCP",
    short="Listener TCP",
    family="sockets",
    carries="objects",
    bounded_by="bytes",
    channel=ListenerChannel,
    duplex=True,
    semaphores=False,
    copies=5,
    dead_peer="end of file",
    scope="network",
    only_patterns=("ping-pong", "stream", "broadcast", "exchange", "set-up", "tail"),
    caveats=(
        "messages of 16 KiB to almost 64 KiB take tens of milliseconds: two writes without TCP_NODELAY (gh-126471)",
        "unpickles whatever it receives: never without an authkey, and on loopback only",
    ),
)
