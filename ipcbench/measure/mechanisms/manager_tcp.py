"""A queue.Queue in a manager process that is reached over TCP on the loopback interface, used through proxies.

As `manager-queue`, and with an authkey as there, but for the socket. A request or an answer longer than 16 384 bytes
goes out as two writes and TCP_NODELAY is not set, so Nagle's algorithm keeps a body of less than a packet back until
the header is acknowledged, 40 ms later. Source: Lib/multiprocessing/managers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.managed_queue import ManagedQueue

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # 20 ms, to be paid where one is started


class ManagerTcpChannel(ManagedQueue):
    def manager(self, settings: PortSettings) -> SyncManager:
        return settings.tcp_manager


MECHANISM = Mechanism(
    name="manager-tcp",
    title="a manager's Queue over TCP",
    short="Mgr TCP",
    family="managers",
    semaphores=False,
    carries="objects",
    bounded_by="messages",
    channel=ManagerTcpChannel,
    senders="many",
    receivers="many",
    copies=10,
    scope="network",
    background_processes=1,
    caveats=(
        "from 16 to 64 KiB each way waits 40 ms or more for delayed acknowledgements (Nagle)",
        "all clients share the one interpreter of the manager process",
        "proxies unpickle: whoever knows the authkey can run code",
    ),
)
