"""multiprocessing.Value("q"): a 64-bit number in shared memory with its own RLock.

Each `.value` takes the lock, to read and to write. As a channel it is a ring of one slot.
Source: Lib/multiprocessing/sharedctypes.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ValueCell
from ipcbench.measure.transports.ring import ValueRing


class LockedValueRing(ValueRing):
    def make(self, settings: PortSettings) -> Any:
        return settings.context.Value("q", 0)


class LockedValueCell(ValueCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        value: Any = settings.context.Value("q", 0)
        return value, value.get_lock()


MECHANISM = Mechanism(
    name="value",
    title="multiprocessing.Value, with its RLock",
    short="Value",
    family="shared memory",
    carries="number",
    bounded_by="slots",
    holds=1,
    shared_memory=True,
    channel=LockedValueRing,
    cell=LockedValueCell,
    caveats=(
        "`+= 1` locks twice and loses updates in between: hold get_lock() around it",
        "a number out of range wraps without an error",
    ),
)
