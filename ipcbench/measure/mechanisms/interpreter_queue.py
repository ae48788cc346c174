"""concurrent.interpreters.Queue with get() and put(): a list under a lock in C, polled every 10 ms.

Bytes, text and numbers are copied once; other objects that interpreters cannot share are pickled. A get on an empty
queue sleeps 10 ms before the next try, and so does a put on a full queue: this sleep dominates the time of an answer,
whatever the payload (gh-143017). The other side is an interpreter with its own lock, in a thread of this process.
Source: Lib/concurrent/interpreters/_queues.py, Modules/_interpqueuesmodule.c.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.interpreters import MODULE, library


class InterpreterQueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue: Any = library().create_queue(settings.window)

    def sender(self) -> Send:
        send: Send = self.queue.put
        return send

    def receiver(self) -> Receive:
        receive: Receive = self.queue.get
        return receive


MECHANISM = Mechanism(
    name="interpreter-queue",
    title="concurrent.interpreters Queue, get and put",
    short="interp Queue",
    family="interpreters",
    carries="objects",
    bounded_by="messages",
    channel=InterpreterQueueChannel,
    peers="interpreters",
    baseline=True,
    senders="many",
    receivers="many",
    wait="poll",
    poll_interval=0.01,
    copies=1,
    arrays=False,
    semaphores=False,
    min_python=(3, 14),
    module=MODULE,
    caveats=(
        "reaches no other process: both ends are interpreters of one process, and a crash of either ends both",
        "a get on an empty and a put on a full queue sleep 10 ms before the next try, which delays answers (gh-143017)",
        "pickles all but bytes, text, numbers and tuples of these; many extension modules cannot be imported",
    ),
)
