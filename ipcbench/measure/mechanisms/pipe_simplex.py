"""multiprocessing.Pipe(duplex=False) with send() and recv(): a pipe of the kernel, one way, objects pickled.

The kernel object differs from that of `pipe`, a pair of sockets: 64 KiB of pages instead of a queue of socket buffers.
As in `pipe`, a message longer than 16 384 bytes after pickling goes out as two writes, and recv() collects chunks in a
BytesIO. Source: Lib/multiprocessing/connection.py, pipe(7).
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.connections import SimplexPipe


class PipeSimplexChannel(SimplexPipe):
    def sender(self) -> Send:
        return self.write_end().send

    def receiver(self) -> Receive:
        return self.read_end().recv


MECHANISM = Mechanism(
    name="pipe-simplex",
    title="multiprocessing.Pipe(duplex=False), send and recv",
    short="Pipe simplex",
    family="pipes",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=PipeSimplexChannel,
    copies=5,
    dead_peer="end of file",
    caveats=(
        "send() blocks once 64 KiB are unread: two processes sending each other more than that deadlock",
        "two users of one end corrupt the stream",
    ),
)
