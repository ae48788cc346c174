"""multiprocessing.JoinableQueue: a Queue that also counts unfinished items.

Receiving is get() and then task_done(), without which the counter would overflow; both are timed.
Source: Lib/multiprocessing/queues.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings


class JoinableQueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue = settings.context.JoinableQueue(settings.window)

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        get, task_done = self.queue.get, self.queue.task_done

        def receive() -> Any:
            item = get()
            task_done()
            return item

        return receive

    def close(self) -> None:
        self.queue.close()
        self.queue.join_thread()


MECHANISM = Mechanism(
    name="joinable-queue",
    title="multiprocessing.JoinableQueue",
    short="JoinableQ",
    family="queues",
    carries="objects",
    bounded_by="messages",
    channel=JoinableQueueChannel,
    senders="many",
    receivers="many",
    background_threads=1,
    caveats=("each item needs its task_done(), which takes a lock of its own",),
)
