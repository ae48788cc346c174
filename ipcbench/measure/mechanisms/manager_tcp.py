"""A manager's Queue behind loopback TCP: what manager-queue is, but for the way to the manager process.

Every request and every answer is a message over TCP without TCP_NODELAY, so one of more than 16 384 bytes after
pickling goes out as two writes and waits for a delayed acknowledgement (gh-126471).
Source: Lib/multiprocessing/managers.py.
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
    title="a manager's Queue over loopback TCP",
    short="Mgr TCP",
    family="managers",
    semaphores=False,
    carries="objects",
    bounded_by="messages",
    channel=ManagerTcpChannel,
    senders="many",
    receivers="many",
    background_processes=1,
    copies=10,
    scope="network",
    caveats=(
        "messages of 16 KiB to almost 64 KiB take tens of milliseconds: two writes without TCP_NODELAY (gh-126471)",
        "unpickles whatever it receives: never without an authkey, and on loopback only",
    ),
)
