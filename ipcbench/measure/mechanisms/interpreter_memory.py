"""A bytearray that two interpreters share as a memoryview, with pipes as doorbells: neither pickled nor polled.

The ring of `shared-memory-pipe` without the segment: memory of one process needs no name, and both interpreters see
the same bytes. One byte through an os.pipe signals a free or full slot; the wait in read(2) releases only the lock of
its own interpreter. The bytearray cannot be resized while a view of it exists. Both ends of each pipe are in one
process, so neither side ever sees end of file. Source: PEP 734, pipe(7).
"""

import os

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.interpreters import MODULE
from ipcbench.measure.transports.doorbell_ring import BELL, DoorbellRing
from ipcbench.measure.transports.shared_memory import touch


class InterpreterMemoryRing(DoorbellRing):
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
        for end in (*self.free, *self.full):  # not in close(): both sides share these descriptors
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
        "reaches no other process: both ends are interpreters of one process, and a crash of either ends both",
        "one sender and one receiver, signalled by one byte through a pipe",
    ),
)
