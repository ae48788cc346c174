"""A queue.Queue in a manager process, used through proxies over TCP on loopback.

Like `manager-queue`, with the same authkey, but over TCP. A request or an answer longer than 16 384 bytes goes out as
two writes, and TCP_NODELAY is not set. So Nagle's algorithm holds back a body shorter than a packet until the header is
acknowledged, 40 ms later. Source: Lib/multiprocessing/managers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.managed_queue import ManagedQueue

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # its import takes 20 ms, which only users of a manager pay


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
        "messages of 16 to 64 KiB wait 40 ms or more each way for delayed acknowledgements (Nagle)",
        "all clients share the one interpreter of the manager process",
        "proxies unpickle: any process that knows the authkey can run code",
    ),
)
