"""Manager().Queue(): a queue.Queue in a manager process, used through proxies.

Every put and get is a request over a UNIX socket to a thread of the server, and an answer; a message crosses two
sockets. There is no feeder thread: put() returns once the server has the item. Source: Lib/multiprocessing/managers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.managed_queue import ManagedQueue

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # its import takes 20 ms, which only users of a manager pay


class ManagerQueueChannel(ManagedQueue):
    def manager(self, settings: PortSettings) -> SyncManager:
        return settings.manager


MECHANISM = Mechanism(
    name="manager-queue",
    title="Manager().Queue",
    short="Mgr Queue",
    family="managers",
    semaphores=False,
    carries="objects",
    bounded_by="messages",
    channel=ManagerQueueChannel,
    senders="many",
    receivers="many",
    background_processes=1,
    caveats=("all clients share the one interpreter of the manager process",),
)
