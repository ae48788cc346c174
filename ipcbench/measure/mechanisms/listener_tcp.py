"""multiprocessing.connection.Listener and Client over TCP on loopback, with an authkey: send() and recv().

A message longer than 16 384 bytes after pickling goes out as two writes, and TCP_NODELAY is not set. So Nagle's
algorithm holds back a body shorter than a packet until the header is acknowledged, 40 ms later: about 88 ms per round
trip up to 64 KiB on loopback (gh-126471). Source: Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.connections import AcceptedConnection


class ListenerTcpChannel(AcceptedConnection):
    def choose_address(self, settings: PortSettings) -> tuple[str, int]:
        return "127.0.0.1", 0

    def sender(self) -> Send:
        return self.end.send

    def receiver(self) -> Receive:
        return self.end.recv


MECHANISM = Mechanism(
    name="listener-tcp",
    title="multiprocessing Listener and Client, TCP",
    short="Listener TCP",
    family="sockets",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=ListenerTcpChannel,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    scope="network",
    caveats=(
        "messages of 16 to 64 KiB wait 40 ms or more each way for delayed acknowledgements (Nagle)",
        "recv() unpickles: any process that knows the authkey can run code",
    ),
)
