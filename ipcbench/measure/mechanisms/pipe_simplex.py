"""multiprocessing.Pipe(duplex=False) with send() and recv(): an os.pipe, objects pickled.

Another kernel object than Pipe(), which is a pair of sockets: 64 KiB of buffer, and one direction only, so a round trip
takes two. Source: Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.ports import Channel, Mechanism, PortSettings, Receive, Send


class PipeSimplexChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.reader, self.writer = settings.context.Pipe(duplex=False)

    def sender(self) -> Send:
        self.reader.close()  # a copy left open would hide that the reader is gone
        return self.writer.send

    def receiver(self) -> Receive:
        self.writer.close()
        return self.reader.recv

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


MECHANISM = Mechanism(
    name="pipe-simplex",
    title="multiprocessing.Pipe(duplex=False)",
    short="Pipe simplex",
    family="pipes",
    carries="objects",
    bounded_by="bytes",
    channel=PipeSimplexChannel,
    semaphores=False,
    copies=5,
    dead_peer="end of file",
    caveats=("one direction only: a round trip takes two of them",),
)
