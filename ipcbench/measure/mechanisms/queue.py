"""multiprocessing.Queue: a pipe, two locks, a semaphore and a feeder thread.

put() only appends to a deque; the feeder thread pickles and writes. get() reads under a lock and unpickles after
releasing it. The pipe holds 64 KiB, the semaphore bounds the items. Source: Lib/multiprocessing/queues.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings


class QueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue = settings.context.Queue(settings.window)

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        return self.queue.get

    def close(self) -> None:
        self.queue.close()
        self.queue.join_thread()


MECHANISM = Mechanism(
    name="queue",
    title="multiprocessing.Queue",
    short="Queue",
    family="queues",
    carries="objects",
    bounded_by="messages",
    channel=QueueChannel,
    senders="many",
    receivers="many",
    background_threads=1,
    caveats=(
        "put() returns before the item is pickled or sent; never change an item after putting it",
        "an item that cannot be pickled vanishes without an error (gh-79423)",
        "join a process only after its items have been read (gh-78321)",
    ),
)
