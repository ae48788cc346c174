"""concurrent.interpreters.Queue, spinning: get_nowait() and put_nowait() in a loop, without the 10 ms sleep.

The queue of `interpreter-queue`. Each try on an empty queue costs an exception and holds the queue's lock, which the
other side needs for its put. Fast while each side has a CPU; as slow as the scheduler's time slice if both share one.
Source: Lib/concurrent/interpreters/_queues.py, Modules/_interpqueuesmodule.c.
"""

import queue
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.interpreters import MODULE, library


class InterpreterQueueSpinChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue: Any = library().create_queue(settings.window)

    def sender(self) -> Send:
        put, full = self.queue.put_nowait, queue.Full  # QueueFull is a subclass

        def send(message: Any) -> None:
            while True:
                try:
                    put(message)
                    return
                except full:
                    pass

        return send

    def receiver(self) -> Receive:
        get, empty = self.queue.get_nowait, queue.Empty

        def receive() -> Any:
            while True:
                try:
                    return get()
                except empty:
                    pass

        return receive


MECHANISM = Mechanism(
    name="interpreter-queue-spin",
    title="concurrent.interpreters Queue, get_nowait in a loop",
    short="interp spin",
    family="interpreters",
    carries="objects",
    bounded_by="messages",
    channel=InterpreterQueueSpinChannel,
    peers="interpreters",
    baseline=True,
    senders="many",
    receivers="many",
    wait="spin",
    copies=1,
    arrays=False,
    semaphores=False,
    min_python=(3, 14),
    module=MODULE,
    caveats=(
        "reaches no other process: both ends are interpreters of one process, and a crash of either ends both",
        "uses a whole CPU while it waits, and is many times slower if both sides share one",
    ),
)
