"""faster_fifo.Queue with put() and get(): a ring of bytes in shared memory, one mutex and two condition variables.

There is no feeder thread and no pipe: put() pickles and copies under the mutex, get() copies out and unpickles. The
size is in bytes, 1 MB by default, and a message that does not fit raises Full. By default both calls give up after
10 s; here they wait without limit. Source: https://github.com/alex-petrenko/faster-fifo.
"""

from functools import partial

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive
from ipcbench.measure.transports.libraries.faster_fifo import FOR_EVER, FifoQueue


class FasterFifoChannel(FifoQueue):
    def receiver(self) -> Receive:
        self.make_room()
        return partial(self.queue.get, True, FOR_EVER)


MECHANISM = Mechanism(
    name="faster-fifo",
    title="faster_fifo.Queue, put and get",
    short="faster-fifo",
    family="queues",
    requires=("faster_fifo",),
    extra="faster-fifo",
    licence="MIT",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=FasterFifoChannel,
    senders="many",
    receivers="many",
    copies=4,
    shared_memory=True,
    systems=("linux", "darwin"),
    caveats=(
        "bounded by bytes, 1 MB by default: a message that does not fit raises Full",
        "put and get raise after 10 s by default",
        "get of a message larger than its buffer, 5,000 B at first, raises Empty if another receiver is faster",
    ),
)
