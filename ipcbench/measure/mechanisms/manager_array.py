"""Manager().Array("q"): an array.array in a manager process, used through a proxy; every item access is a request.

It has no lock, whatever `lock=` says. As a channel each slot is one number; as state, item 0 is used.
Source: Lib/multiprocessing/managers.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ItemCell
from ipcbench.measure.transports.ring import ItemRing


class ManagerArrayRing(ItemRing):
    def make(self, settings: PortSettings) -> Any:
        return settings.manager.Array("q", [0] * self.slots)

    def connect(self, side: Side) -> None:
        len(self.holder)  # the first call in a process opens its connection


class ManagerArrayCell(ItemCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        return settings.manager.Array("q", [0]), settings.manager.Lock()

    def connect(self, side: Side) -> None:
        len(self.holder)


MECHANISM = Mechanism(
    name="manager-array",
    title="Manager().Array, semaphores as signals",
    short="Mgr Array",
    family="managers",
    carries="number",
    bounded_by="slots",
    channel=ManagerArrayRing,
    cell=ManagerArrayCell,
    background_processes=1,
    caveats=("has no lock, whatever `lock=` says: hold a Manager().Lock() to add",),
)
