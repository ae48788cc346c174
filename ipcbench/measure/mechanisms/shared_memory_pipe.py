"""SharedMemory with pipes as doorbells: the ring of `shared-memory`, with one byte through an os.pipe for each post.

The payload is in the segment; the byte signals it. Unlike a semaphore, a pipe reports the end of the other side: a wait
then reads nothing and raises EOFError. Source: Lib/multiprocessing/shared_memory.py, pipe(7).
"""

import os
from multiprocessing.connection import Connection

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.doorbell_ring import BELL, DoorbellRing
from ipcbench.measure.transports.shared_memory import SegmentRing


class SharedMemoryPipeRing(DoorbellRing, SegmentRing):
    def make_pipe(self, settings: PortSettings) -> tuple[Connection, Connection]:
        return settings.context.Pipe(duplex=False)

    def fill(self, slots: int) -> None:
        os.write(self.free[1].fileno(), BELL * slots)

    def sending_ends(self) -> tuple[int, int]:
        self.let_go(self.full[0], self.free[1])
        return self.free[0].fileno(), self.full[1].fileno()

    def receiving_ends(self) -> tuple[int, int]:
        self.let_go(self.full[1], self.free[0])
        return self.full[0].fileno(), self.free[1].fileno()

    @staticmethod
    def let_go(*ends: Connection) -> None:
        """Close the other side's ends; an open copy would prevent end of file."""
        for end in ends:
            end.close()

    def close(self) -> None:
        for end in (*self.free, *self.full):
            end.close()
        super().close()


MECHANISM = Mechanism(
    name="shared-memory-pipe",
    title="SharedMemory, a pipe as doorbell",
    short="ShMem pipe",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    semaphores=False,
    copies=2,
    dead_peer="end of file",
    shared_memory=True,
    channel=SharedMemoryPipeRing,
    caveats=("one sender and one receiver, signalled by one byte through a pipe",),
)
