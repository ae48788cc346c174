"""An anonymous mmap that peers inherit, with two semaphores: the ring of `shared-memory` in memory without a name.

Only fork passes it to peers. Nothing remains of it, however a process ends, and it needs no space in /dev/shm. It has
no lock: state above 8 bytes is read and written under a Lock that the port adds.
Source: Modules/mmapmodule.c, mmap(2).
"""

from mmap import mmap
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Port
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import BytesCell
from ipcbench.measure.transports.ring import LINE, BytesRing
from ipcbench.measure.transports.shared_memory import touch


class _Mapped(Port):
    """The mapped memory of a port."""

    def make_map(self, size: int) -> None:
        self.map = mmap(-1, size)
        self.views: list[memoryview] = []
        touch(self.part(0, size))

    def part(self, start: int, stop: int, format: str = "B") -> memoryview:
        self.views.append(memoryview(self.map)[start:stop].cast(format))  # type: ignore[call-overload]  # any format
        return self.views[-1]

    def close(self) -> None:
        for view in self.views:
            view.release()
        self.map.close()


class MmapRing(_Mapped, BytesRing):
    def make_memory(self, settings: PortSettings, size: int) -> None:
        self.make_map(size)

    def view(self) -> memoryview:
        return self.part(0, len(self.map))


class MmapCell(_Mapped, BytesCell):
    """The number is in the first cache line, the state behind it."""

    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        self.make_map(LINE + settings.size)
        return self.part(0, 8, "q"), settings.context.Lock()

    def view(self) -> memoryview:
        return self.part(LINE, LINE + self.size)


MECHANISM = Mechanism(
    name="mmap",
    title="anonymous mmap, semaphores as signals",
    short="mmap",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    copies=2,
    start_methods=("fork",),
    channel=MmapRing,
    cell=MmapCell,
    caveats=(
        "fork only: it has no name by which another process could find it",
        "has no lock: state above 8 B tears unless you use your own",
        "as a channel: one sender and one receiver, signalled by two semaphores",
    ),
)
