"""concurrent.futures.ThreadPoolExecutor: the baseline without processes; nothing is pickled or copied.

Tasks go through a queue.SimpleQueue and are handed over by reference; they share one interpreter lock with the driver.
Source: Lib/concurrent/futures/thread.py.
"""

import threading
from concurrent.futures import Executor as FutureExecutor
from concurrent.futures import ThreadPoolExecutor

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.pools import FuturePool, arrive


class ThreadPool(FuturePool):
    def make(self, settings: PortSettings) -> FutureExecutor:
        barrier = threading.Barrier(settings.workers)
        return ThreadPoolExecutor(settings.workers, initializer=arrive, initargs=(barrier, None, ()))


MECHANISM = Mechanism(
    name="thread-pool-executor",
    title="concurrent.futures.ThreadPoolExecutor",
    short="ThreadPool",
    family="in-process",
    carries="reference",
    bounded_by="nothing",
    executor=ThreadPool,
    operations=("apply", "submit", "map"),
    peers="own",
    baseline=True,
    senders="many",
    receivers="many",
    ordering="none",
    copies=0,
    semaphores=False,
    caveats=("no process is reached: all workers share the interpreter lock",),
)
