"""faster_fifo.Queue with put() and get_many(): one call takes all waiting messages, returned one by one.

While the receiver is the slower side, it locks the mutex and wakes up once for many messages. It would also take
messages that other receivers wait for, so only one receiver is allowed. The rest is as in `faster-fifo`.
Source: https://github.com/alex-petrenko/faster-fifo.
"""

from functools import partial
from itertools import chain

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive
from ipcbench.measure.transports.libraries.faster_fifo import FOR_EVER, FifoQueue


class FasterFifoManyChannel(FifoQueue):
    def receiver(self) -> Receive:
        self.make_room()
        take = partial(self.queue.get_many, True, FOR_EVER)
        return chain.from_iterable(iter(take, None)).__next__


MECHANISM = Mechanism(
    name="faster-fifo-many",
    title="faster_fifo.Queue, put and get_many",
    short="ff get_many",
    family="queues",
    requires=("faster_fifo",),
    extra="faster-fifo",
    licence="MIT",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=FasterFifoManyChannel,
    senders="many",
    receivers="one",
    copies=4,
    shared_memory=True,
    systems=("linux", "darwin"),
    caveats=(
        "get_many takes up to a full buffer at once: a receiver may starve others, so only one is allowed here",
        "bounded by bytes, 1 MB by default: a message that does not fit raises Full",
    ),
)
