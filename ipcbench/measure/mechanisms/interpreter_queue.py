"""concurrent.interpreters.Queue with its own get and put: a list under a lock in C, looked at every 10 ms.

Bytes, text and numbers are handed over as they are and copied once; what the interpreters cannot share is pickled. A
get that finds nothing sleeps 10 ms before it looks again, and so does a put that finds the queue full: that sleep makes
up an answer's time, whatever the payload (gh-143017). The other side is an interpreter with a lock of its own, in a
thread of this process. Source: Lib/concurrent/interpreters/_queues.py, Modules/_interpqueuesmodule.c.
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
        "no process is reached: both ends are interpreters of one, which a crash of either ends",
        "an empty get and a full put sleep 10 ms before they look again, which answers wait for (gh-143017)",
        "what is no bytes, text, number or tuple of such is pickled; many modules written in C cannot be imported",
    ),
)
