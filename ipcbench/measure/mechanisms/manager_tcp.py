"""A queue.Queue in a manager process that is reached over TCP on the loopback interface, used through proxies.

As `manager-queue`, and with an authkey as there, but for the socket. A request or an answer longer than 16 384 bytes
goes out as two writes and TCP_NODELAY is not set, so Nagle's algorithm keeps a body of less than a packet back until
the header is acknowledged, 40 ms later. Source: Lib/multiprocessing/managers.py.
"""

from ipcbench.measure.ports import Channel, Mechanism, PortSettings, Receive, Send, Side


class ManagerTcpChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue = settings.tcp_manager.Queue(settings.window)

    def connect(self, side: Side) -> None:
        self.queue.qsize()  # the first call of a process opens its connection

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        return self.queue.get


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
