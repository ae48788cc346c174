"""os.pipe() with os.writev() and os.read(): an 8-byte length and the payload, the cost of a pipe without a library.

The pipe holds 64 KiB; a longer message is read in pieces and joined, which is one more copy. Pipe(duplex=False) makes
the pipe, because a bare descriptor cannot be sent to a peer under spawn; no Connection method is timed.
Source: pipe(7).
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.connections import SimplexPipe
from ipcbench.measure.transports.streams import reader_of, writer_of


class OsPipeChannel(SimplexPipe):
    def sender(self) -> Send:
        return writer_of(self.write_end().fileno())

    def receiver(self) -> Receive:
        return reader_of(self.read_end().fileno())


MECHANISM = Mechanism(
    name="os-pipe",
    title="os.pipe, os.writev and os.read",
    short="os.pipe",
    family="pipes",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=OsPipeChannel,
    copies=3,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("write() blocks once 64 KiB are unread: two processes sending each other more than that deadlock",),
)
