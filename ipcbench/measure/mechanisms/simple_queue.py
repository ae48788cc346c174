"""multiprocessing.SimpleQueue: a pipe and two locks, no thread.

put() pickles and writes in the caller, under a lock, and blocks once the 64 KiB pipe is full.
Source: Lib/multiprocessing/queues.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings


class SimpleQueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue = settings.context.SimpleQueue()

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        return self.queue.get

    def close(self) -> None:
        self.queue.close()


MECHANISM = Mechanism(
    name="simple-queue",
    title="multiprocessing.SimpleQueue",
    short="SimpleQueue",
    family="queues",
    carries="objects",
    bounded_by="bytes",
    channel=SimpleQueueChannel,
    senders="many",
    receivers="many",
    caveats=("put() blocks once 64 KiB are unread: two processes sending each other more than that deadlock",),
)
