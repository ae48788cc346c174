"""A queue.Queue in a manager process, used through proxies; a mechanism says which manager."""

from __future__ import annotations

from abc import abstractmethod
from multiprocessing.process import current_process
from typing import TYPE_CHECKING

from ipcbench.measure.far import Address, FarChannel
from ipcbench.measure.ports import Channel, PortSettings, Receive, Send, Side

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # 20 ms, to be paid where one is started


class ManagedQueue(Channel):
    """A bounded queue in a manager's process."""

    def __init__(self, settings: PortSettings) -> None:
        self.queue = self.manager(settings).Queue(settings.window)

    @abstractmethod
    def manager(self, settings: PortSettings) -> SyncManager:
        """The manager whose process has the queue."""

    def connect(self, side: Side) -> None:
        self.queue.qsize()  # the first call of a process opens its connection

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        return self.queue.get


class FarManagedQueue(FarChannel, ManagedQueue):
    """One end of a bounded queue whose manager is on the server's host, and its proxy on both."""

    def __init__(self, settings: PortSettings) -> None:
        self.settings = settings

    def offer(self) -> Address:
        super().__init__(self.settings)
        token = self.queue._token  # type: ignore[attr-defined]  # what a proxy is pickled as
        return [token.typeid, *token.address, token.id]

    def accept(self) -> None:
        ManagedQueue.connect(self, "peer")

    def reach(self, address: Address) -> None:
        from multiprocessing.managers import AutoProxy, Token  # type: ignore[attr-defined]

        typeid, host, port, number = address
        token = Token(str(typeid), (str(host), int(port)), str(number))
        self.queue = AutoProxy(token, "pickle", authkey=current_process().authkey)
        ManagedQueue.connect(self, "driver")
