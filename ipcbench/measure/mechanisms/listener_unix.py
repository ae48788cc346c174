"""multiprocessing.connection.Listener and Client over a UNIX socket, with an authkey; objects pickled.

Once connected it is what Pipe() is: the same Connection over the same kind of socket.
Source: Lib/multiprocessing/connection.py.
"""

from multiprocessing.connection import Listener

from ipcbench.measure.listening import ListenerChannel
from ipcbench.measure.ports import Mechanism, PortSettings


class ListenerUnixChannel(ListenerChannel):
    def listen(self, settings: PortSettings) -> Listener:
        return Listener(settings.new_path(), "AF_UNIX", authkey=self.key)


MECHANISM = Mechanism(
    name="listener-unix",
    title="Listener and Client on a UNIX socket",
    short="Listener",
    family="sockets",
    carries="objects",
    bounded_by="bytes",
    channel=ListenerUnixChannel,
    duplex=True,
    semaphores=False,
    copies=5,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    only_patterns=("ping-pong", "stream", "broadcast", "exchange", "set-up", "tail"),
    caveats=("unpickles whatever it receives: never without an authkey",),
)
