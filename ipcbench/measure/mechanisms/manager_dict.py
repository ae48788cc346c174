"""Manager().dict(): a dict in a manager process, used through proxies; every call is a request and an answer.

As a channel each slot is a key; as state, one key is used. Source: Lib/multiprocessing/managers.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ItemCell
from ipcbench.measure.transports.ring import ItemRing


class ManagerDictRing(ItemRing):
    def make(self, settings: PortSettings) -> Any:
        return settings.manager.dict()

    def connect(self, side: Side) -> None:
        len(self.holder)  # the first call in a process opens its connection


class ManagerDictCell(ItemCell):
    key = "state"

    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        return settings.manager.dict(state=0), settings.manager.Lock()

    def connect(self, side: Side) -> None:
        len(self.holder)


MECHANISM = Mechanism(
    name="manager-dict",
    title="Manager().dict, semaphores as signals",
    short="Mgr dict",
    family="managers",
    carries="objects",
    bounded_by="slots",
    channel=ManagerDictRing,
    cell=ManagerDictCell,
    background_processes=1,
    caveats=("`items[key] += 1` is two requests: hold a Manager().Lock() around it",),
)
