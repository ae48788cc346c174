"""ZeroMQ PAIR sockets over TCP on loopback, through pyzmq: send() and recv() of bytes; the library sets TCP_NODELAY.

Like `zmq-ipc`, over a connection that can also reach other hosts.
Source: https://zguide.zeromq.org, zmq_socket(3), zmq_tcp(7).
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.bind_and_dial import LOOPBACK
from ipcbench.measure.transports.libraries.zeromq import PairSocket


class TcpPairSocket(PairSocket):
    def choose_address(self, settings: PortSettings) -> str:
        return f"{LOOPBACK}:*"


MECHANISM = Mechanism(
    name="zmq-tcp",
    title="ZeroMQ PAIR over TCP, pyzmq",
    short="zmq TCP",
    family="sockets",
    requires=("zmq",),
    extra="zmq",
    licence="BSD-3-Clause AND MPL-2.0",
    semaphores=False,
    carries="bytes",
    bounded_by="messages",
    channel=TcpPairSocket,
    duplex=True,
    copies=5,
    background_threads=1,
    scope="network",
    caveats=(
        "make the Context after a fork, in each process",
        "a PAIR does not reconnect after a lost connection",
        "close() waits for unsent messages without limit unless linger is set",
    ),
)
