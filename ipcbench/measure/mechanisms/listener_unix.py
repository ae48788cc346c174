"""multiprocessing.connection.Listener and Client over a UNIX socket, with an authkey: send() and recv() as in `pipe`.

Once both sides have proved that they know the key, this is the Connection of a Pipe over the same kind of socket;
unlike a Pipe, unrelated processes can reach it. Source: Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.connections import AcceptedConnection


class ListenerUnixChannel(AcceptedConnection):
    def choose_address(self, settings: PortSettings) -> str:
        return settings.new_path()

    def sender(self) -> Send:
        return self.end.send

    def receiver(self) -> Receive:
        return self.end.recv


MECHANISM = Mechanism(
    name="listener-unix",
    title="multiprocessing Listener and Client, UNIX socket",
    short="Listener",
    family="sockets",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=ListenerUnixChannel,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("recv() unpickles: any process that knows the authkey can run code",),
)
