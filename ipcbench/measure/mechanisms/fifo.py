"""A FIFO: os.mkfifo, opened by name on both sides; the same kernel object as os.pipe.

Opening one end waits for the other, so both sides open it for reading and writing first, which Linux allows and which
never waits, then the end they need, and give up the first. Source: fifo(7).
"""

import os

from ipcbench.measure.framed import FileChannel
from ipcbench.measure.ports import Mechanism, PortSettings, Receive, Send, Side


class FifoChannel(FileChannel):
    both = -1

    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.path = settings.new_path()
        os.mkfifo(self.path, 0o600)

    def connect(self, side: Side) -> None:
        self.both = os.open(self.path, os.O_RDWR)

    def sender(self) -> Send:
        self.writing = os.open(self.path, os.O_WRONLY)
        return super().sender()

    def receiver(self) -> Receive:
        self.reading = os.open(self.path, os.O_RDONLY)
        return super().receiver()

    def close(self) -> None:
        super().close()
        if self.both >= 0:
            os.close(self.both)
            self.both = -1

    def destroy(self) -> None:
        os.unlink(self.path)


MECHANISM = Mechanism(
    name="fifo",
    title="os.mkfifo, opened by name",
    short="FIFO",
    family="pipes",
    carries="bytes",
    bounded_by="bytes",
    channel=FifoChannel,
    semaphores=False,
    copies=3,
    systems=("linux",),
    caveats=("opening one end waits for the other: open both sides in the same order",),
)
