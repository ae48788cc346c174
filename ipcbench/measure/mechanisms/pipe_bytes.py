"""multiprocessing.Pipe() with send_bytes() and recv_bytes(): the socket pair of `pipe`, nothing pickled.

A message longer than 16 384 bytes goes out as two writes.
Source: Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.connections import DuplexPipe


class PipeBytesChannel(DuplexPipe):
    def sender(self) -> Send:
        return self.end.send_bytes

    def receiver(self) -> Receive:
        return self.end.recv_bytes


MECHANISM = Mechanism(
    name="pipe-bytes",
    title="multiprocessing.Pipe, send_bytes and recv_bytes",
    short="Pipe bytes",
    family="pipes",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=PipeBytesChannel,
    duplex=True,
    copies=3,
    dead_peer="end of file",
    caveats=("two users of one end corrupt the stream",),
)
