"""Manager().Namespace(): attributes in a manager process, used through proxies; every access is a request.

As a channel each slot is an attribute, s0, s1, …; as state, the attribute `value` is used.
Source: Lib/multiprocessing/managers.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ValueCell
from ipcbench.measure.transports.ring import Ring


class ManagerNamespaceRing(Ring):
    def make_slots(self, settings: PortSettings) -> None:
        self.namespace = settings.manager.Namespace()
        self.names = [f"s{slot}" for slot in range(self.slots)]

    def connect(self, side: Side) -> None:
        str(self.namespace)  # the first call in a process opens its connection

    def sender(self) -> Send:
        wait, namespace, post = self.free.acquire, self.namespace, self.full.release
        names, next_slot = self.names, self.next_slot()

        def send(payload: Any) -> None:
            wait()
            setattr(namespace, names[next_slot()], payload)
            post()

        return send

    def receiver(self) -> Receive:
        wait, namespace, post = self.full.acquire, self.namespace, self.free.release
        names, next_slot = self.names, self.next_slot()

        def receive() -> Any:
            wait()
            payload = getattr(namespace, names[next_slot()])
            post()
            return payload

        return receive


class ManagerNamespaceCell(ValueCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        namespace: Any = settings.manager.Namespace()
        namespace.value = 0
        return namespace, settings.manager.Lock()

    def connect(self, side: Side) -> None:
        self.total()


MECHANISM = Mechanism(
    name="manager-namespace",
    title="Manager().Namespace, semaphores as signals",
    short="Mgr Namesp.",
    family="managers",
    carries="objects",
    bounded_by="slots",
    channel=ManagerNamespaceRing,
    cell=ManagerNamespaceCell,
    background_processes=1,
    caveats=("`namespace.x += 1` is two requests: hold a Manager().Lock() around it",),
)
