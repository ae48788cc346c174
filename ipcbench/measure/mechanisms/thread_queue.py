"""queue.Queue between threads: the baseline without processes; a message passes by reference.

One lock and three conditions in one interpreter; nothing is pickled or copied, so size costs nothing.
Source: Lib/queue.py.
"""

import queue

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings


class ThreadQueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue: queue.Queue[object] = queue.Queue(settings.window)

    def sender(self) -> Send:
        return self.queue.put

    def receiver(self) -> Receive:
        return self.queue.get


MECHANISM = Mechanism(
    name="thread-queue",
    title="queue.Queue between threads",
    short="thread Queue",
    family="in-process",
    carries="reference",
    bounded_by="messages",
    channel=ThreadQueueChannel,
    peers="threads",
    baseline=True,
    senders="many",
    receivers="many",
    copies=0,
    semaphores=False,
    caveats=("reaches no other process: both ends share the interpreter lock",),
)
