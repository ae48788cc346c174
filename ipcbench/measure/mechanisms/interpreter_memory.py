"""A bytearray that two interpreters share as a memoryview, with pipes as doorbells: no pickle, no poll.

The ring of `shared-memory-pipe` without the segment: memory of one process needs no name, and both sides see the same
bytes. One byte through an os.pipe says that a slot is full or free, and waits in read(2), which gives up the lock of
its own interpreter alone. The lender's bytearray cannot be resized while a view of it is out. Both ends of a pipe are
in one process, so neither side ever sees the other's end. Source: PEP 734, pipe(7).
"""

import os

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.interpreters import MODULE
from ipcbench.measure.transports.doorbell_ring import BELL, BellRing
from ipcbench.measure.transports.shared_memory import touch


class InterpreterMemoryRing(BellRing):
    def make_pipe(self, settings: PortSettings) -> tuple[int, int]:
        return os.pipe()

    def fill(self, slots: int) -> None:
        os.write(self.free[1], BELL * slots)

    def sending_ends(self) -> tuple[int, int]:
        return self.free[0], self.full[1]

    def receiving_ends(self) -> tuple[int, int]:
        return self.full[0], self.free[1]

    def make_memory(self, settings: PortSettings, size: int) -> None:
        self.memory = memoryview(bytearray(size))
        touch(self.memory)

    def view(self) -> memoryview:
        return self.memory

    def destroy(self) -> None:
        for end in (*self.free, *self.full):  # one set for both sides, hence not in close()
            os.close(end)


MECHANISM = Mechanism(
    name="interpreter-memory",
    title="memoryview shared by interpreters, a pipe as doorbell",
    short="interp mem",
    family="interpreters",
    carries="bytes",
    bounded_by="slots",
    channel=InterpreterMemoryRing,
    peers="interpreters",
    baseline=True,
    copies=2,
    arrays=False,
    semaphores=False,
    min_python=(3, 14),
    module=MODULE,
    caveats=(
        "no process is reached: both ends are interpreters of one, which a crash of either ends",
        "one sender and one receiver, signalled by one byte through a pipe",
    ),
)
