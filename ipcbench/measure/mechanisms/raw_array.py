"""multiprocessing.RawArray("c"): bytes in shared memory without a lock, copied in and out through a byte view.

A slot is an 8-byte length and the payload, rounded up to 64 bytes so that no two slots share a cache line. The view is
cast, because a slice of format `<c` cannot be assigned to. State above 8 bytes is read and written under a Lock that
the port adds; without it the state would tear. Source: Lib/multiprocessing/sharedctypes.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import BytesCell
from ipcbench.measure.transports.ring import BytesRing


class RawArrayRing(BytesRing):
    def make_memory(self, settings: PortSettings, size: int) -> None:
        self.memory: Any = settings.context.RawArray("c", size)

    def view(self) -> memoryview:
        return memoryview(self.memory).cast("B")


class RawArrayCell(BytesCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        self.state: Any = settings.context.RawArray("c", settings.size)
        return settings.context.RawArray("q", 1), settings.context.Lock()

    def view(self) -> memoryview:
        return memoryview(self.state).cast("B")


MECHANISM = Mechanism(
    name="raw-array",
    title="multiprocessing.RawArray, a Lock beside it",
    short="RawArray",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    shared_memory=True,
    channel=RawArrayRing,
    cell=RawArrayCell,
    caveats=(
        "has no lock: state above 8 B tears unless you use your own",
        "as a channel: one sender and one receiver, signalled by two semaphores",
    ),
)
