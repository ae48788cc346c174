"""nng PAIR0 sockets over TCP on loopback, through pynng: send() and recv() of bytes.

Like `nng-ipc`, over a connection that can also reach other hosts; the library sets TCP_NODELAY.
Source: https://nng.nanomsg.org, https://pynng.readthedocs.io.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.bind_and_dial import LOOPBACK
from ipcbench.measure.transports.libraries.nng import Pair0


class TcpPair0(Pair0):
    def choose_address(self, settings: PortSettings) -> str:
        return f"{LOOPBACK}:0"


MECHANISM = Mechanism(
    name="nng-tcp",
    title="nng PAIR0 over TCP, pynng",
    short="nng TCP",
    family="sockets",
    requires=("pynng",),
    extra="nng",
    licence="MIT",
    semaphores=False,
    carries="bytes",
    bounded_by="messages",
    channel=TcpPair0,
    duplex=True,
    copies=5,
    background_threads=1,
    start_methods=("spawn", "forkserver"),
    scope="network",
    caveats=("never fork after its first use: the child cannot use it, and may hang",),
)
