"""multiprocess.Queue: like `queue`, a pipe, two locks, a semaphore and a feeder thread, with dill instead of pickle.

dill also pickles lambdas, closures and classes of __main__, and is far slower for large lists.
Source: https://multiprocess.readthedocs.io, Lib/multiprocessing/queues.py.
"""

from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.dill import DILL, dill_context


class DillQueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue = dill_context().Queue(settings.window)

    def sender(self) -> Send:
        put: Send = self.queue.put
        return put

    def receiver(self) -> Receive:
        get: Receive = self.queue.get
        return get

    def close(self) -> None:
        self.queue.close()
        self.queue.join_thread()


MECHANISM = DILL._replace(
    name="dill-queue",
    title="multiprocess.Queue, dill",
    short="dill Queue",
    family="queues",
    bounded_by="messages",
    channel=DillQueueChannel,
    senders="many",
    receivers="many",
    background_threads=1,
    caveats=(
        "put() returns before the item is pickled or sent; never change an item after putting it",
        *DILL.caveats,
    ),
)
