"""A queue.Queue in a manager process, used through proxies; a mechanism provides the manager."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # its import takes 20 ms, which only users of a manager pay


class ManagedQueue(Channel):
    """A bounded queue in a manager process."""

    def __init__(self, settings: PortSettings) -> None:
        self.queue = self.manager(settings).Queue(settings.window)

    @abstractmethod
    def manager(self, settings: PortSettings) -> SyncManager:
        """Return the manager whose process holds the queue."""

    def connect(self, side: Side) -> None:
        self.queue.qsize()  # the first call in a process opens its connection

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        return self.queue.get
