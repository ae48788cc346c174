"""multiprocessing.Pipe() with send() and recv(): a pair of connected UNIX stream sockets, objects pickled.

A message longer than 16 384 bytes after pickling goes out as two writes. recv() collects chunks in a BytesIO.
Source: Lib/multiprocessing/connection.py.
"""

from multiprocessing.reduction import ForkingPickler

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Decode, Encode, Receive, Send
from ipcbench.measure.transports.connections import DuplexPipe


class PipeChannel(DuplexPipe):
    def sender(self) -> Send:
        return self.end.send

    def receiver(self) -> Receive:
        return self.end.recv

    def codec(self) -> tuple[Encode, Decode]:
        return ForkingPickler.dumps, ForkingPickler.loads


MECHANISM = Mechanism(
    name="pipe",
    title="multiprocessing.Pipe, send and recv",
    short="Pipe",
    family="pipes",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=PipeChannel,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    caveats=(
        "a duplex Pipe is a socket pair; Pipe(duplex=False) is another kernel object",
        "two users of one end corrupt the stream",
    ),
)
