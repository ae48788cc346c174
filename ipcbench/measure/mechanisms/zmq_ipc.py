"""ZeroMQ PAIR sockets over a UNIX socket, through pyzmq: send() and recv() of bytes.

A call passes the message to an I/O thread of the library, or takes it from there; in each process, caller and thread
wake each other through a descriptor. A full peer blocks the sender at the high-water mark, which counts messages.
Source: https://zguide.zeromq.org, zmq_socket(3), zmq_ipc(7).
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.libraries.zeromq import PairSocket

MECHANISM = Mechanism(
    name="zmq-ipc",
    title="ZeroMQ PAIR over a UNIX socket, pyzmq",
    short="zmq ipc",
    family="sockets",
    requires=("zmq",),
    extra="zmq",
    licence="BSD-3-Clause AND MPL-2.0",
    semaphores=False,
    carries="bytes",
    bounded_by="messages",
    channel=PairSocket,
    duplex=True,
    copies=5,
    background_threads=1,
    systems=("linux", "darwin"),
    caveats=(
        "make the Context after a fork, in each process",
        "the socket's file remains after a crash",
        "close() waits for unsent messages without limit unless linger is set",
    ),
)
