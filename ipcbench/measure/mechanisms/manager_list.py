"""Manager().list(): a list in a manager process, used through proxies; every call is a request and an answer.

As a channel: append() and pop(0), both atomic in the server. Two semaphores count free places and messages, so many
processes may send and receive. As state, item 0 is used. Source: Lib/multiprocessing/managers.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ItemCell


class ManagerListChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.items: Any = settings.manager.list()
        self.free = settings.context.Semaphore(settings.window)
        self.full = settings.context.Semaphore(0)

    def connect(self, side: Side) -> None:
        len(self.items)  # the first call in a process opens its connection

    def sender(self) -> Send:
        wait, append, post = self.free.acquire, self.items.append, self.full.release

        def send(payload: Any) -> None:
            wait()
            append(payload)
            post()

        return send

    def receiver(self) -> Receive:
        wait, pop, post = self.full.acquire, self.items.pop, self.free.release

        def receive() -> Any:
            wait()
            payload = pop(0)
            post()
            return payload

        return receive


class ManagerListCell(ItemCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        return settings.manager.list([0]), settings.manager.Lock()

    def connect(self, side: Side) -> None:
        len(self.holder)


MECHANISM = Mechanism(
    name="manager-list",
    title="Manager().list, semaphores as signals",
    short="Mgr list",
    family="managers",
    carries="objects",
    bounded_by="slots",
    channel=ManagerListChannel,
    cell=ManagerListCell,
    senders="many",
    receivers="many",
    background_processes=1,
    caveats=("`items[i] += 1` is two requests: hold a Manager().Lock() around it",),
)
