"""nng PAIR0 sockets over a UNIX socket, through pynng: send() and recv() of bytes.

Threads of the library read and write. After its first use no process may fork: the child aborts or hangs, so the start
method fork is not offered. Each side holds as many messages as its buffer is set to.
Source: https://nng.nanomsg.org, https://pynng.readthedocs.io.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.libraries.nng import Pair0

MECHANISM = Mechanism(
    name="nng-ipc",
    title="nng PAIR0 over a UNIX socket, pynng",
    short="nng ipc",
    family="sockets",
    requires=("pynng",),
    extra="nng",
    licence="MIT",
    semaphores=False,
    carries="bytes",
    bounded_by="messages",
    channel=Pair0,
    duplex=True,
    copies=5,
    background_threads=1,
    start_methods=("spawn", "forkserver"),
    systems=("linux", "darwin"),
    caveats=(
        "never fork after its first use: the child cannot use it, and may hang",
        "the socket's file remains after a crash",
    ),
)
