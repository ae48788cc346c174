"""SharedMemory with two semaphores: a ring of slots in one segment, copied in and copied out.

The first touch of a page is a fault, so the whole ring is written before it is used. A segment has no lock: state above
8 bytes is read and written under a Lock that the port adds. A dead peer never posts; the other side cannot notice it.
Source: Lib/multiprocessing/shared_memory.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import BytesCell
from ipcbench.measure.transports.ring import LINE
from ipcbench.measure.transports.shared_memory import Segment, SegmentRing


class SharedMemoryRing(SegmentRing):
    """The plain ring."""


class SharedMemoryCell(BytesCell):
    """The number is in the first cache line of a segment, the state behind it."""

    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        self.segment = Segment(settings, LINE + settings.size)
        return None, settings.context.Lock()

    def connect(self, side: Side) -> None:
        self.segment.connect()
        self.holder = self.segment.view(0, 8, "q")

    def view(self) -> memoryview:
        return self.segment.view(LINE, LINE + self.size)

    def close(self) -> None:
        self.segment.close()

    def destroy(self) -> None:
        self.segment.destroy()


MECHANISM = Mechanism(
    name="shared-memory",
    title="SharedMemory, semaphores as signals",
    short="SharedMemory",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    copies=2,
    shared_memory=True,
    channel=SharedMemoryRing,
    cell=SharedMemoryCell,
    caveats=(
        "has no lock: state above 8 B tears unless you use your own",
        "as a channel: one sender and one receiver, signalled by two semaphores",
        "its name outlives a process that is killed before unlink()",
    ),
)
