"""multiprocessing.RawValue("q"): a 64-bit number in shared memory, without a lock.

Reading and writing are plain loads and stores; adding takes a Lock that the port adds. As a channel it is a ring of
one slot. Source: Lib/multiprocessing/sharedctypes.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ValueCell
from ipcbench.measure.transports.ring import ValueRing


class RawValueRing(ValueRing):
    def make(self, settings: PortSettings) -> Any:
        return settings.context.RawValue("q", 0)


class RawValueCell(ValueCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        return settings.context.RawValue("q", 0), settings.context.Lock()


MECHANISM = Mechanism(
    name="raw-value",
    title="multiprocessing.RawValue, a Lock beside it",
    short="RawValue",
    family="shared memory",
    carries="number",
    bounded_by="slots",
    holds=1,
    shared_memory=True,
    channel=RawValueRing,
    cell=RawValueCell,
    caveats=("has no lock: reads and writes are unprotected, adding needs your own Lock",),
)
