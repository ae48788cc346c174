"""Manager().Value(): one object in a manager process, used through a proxy; every `.value` is a request.

It has no lock, whatever `lock=` says. As a channel it is a ring of one slot.
Source: Lib/multiprocessing/managers.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ValueCell
from ipcbench.measure.transports.ring import ValueRing


class ManagerValueRing(ValueRing):
    def make(self, settings: PortSettings) -> Any:
        return settings.manager.Value("q", 0)

    def connect(self, side: Side) -> None:
        self.holder.get()  # the first call in a process opens its connection


class ManagerValueCell(ValueCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        return settings.manager.Value("q", 0), settings.manager.Lock()

    def connect(self, side: Side) -> None:
        self.holder.get()


MECHANISM = Mechanism(
    name="manager-value",
    title="Manager().Value, semaphores as signals",
    short="Mgr Value",
    family="managers",
    carries="objects",
    bounded_by="slots",
    holds=1,
    channel=ManagerValueRing,
    cell=ManagerValueCell,
    background_processes=1,
    caveats=("has no lock, whatever `lock=` says: hold a Manager().Lock() to add",),
)
