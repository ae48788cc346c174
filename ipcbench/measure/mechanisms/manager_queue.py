"""Manager().Queue(): a queue.Queue in a manager process, used through proxies.

Every put and get is a request over a UNIX socket to a server thread of its own and an answer back; the message
crosses two sockets. No feeder: put() returns when the server has the item. Source: Lib/multiprocessing/managers.py.
"""

from ipcbench.measure.ports import Channel, Mechanism, PortSettings, Receive, Send, Side


class ManagerQueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue = settings.manager.Queue(settings.window)

    def connect(self, side: Side) -> None:
        self.queue.qsize()  # the first call of a process opens its connection

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        return self.queue.get


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
