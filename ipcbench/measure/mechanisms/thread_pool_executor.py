"""concurrent.futures.ThreadPoolExecutor: the baseline without processes; nothing is pickled or copied.

Tasks pass by reference through a queue.SimpleQueue; workers and driver share one interpreter lock.
Source: Lib/concurrent/futures/thread.py.
"""

import threading
from concurrent.futures import Executor as FutureExecutor
from concurrent.futures import ThreadPoolExecutor

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.pools import FuturePool, initialize_worker


class ThreadPool(FuturePool):
    def make(self, settings: PortSettings) -> FutureExecutor:
        barrier = threading.Barrier(settings.workers)
        return ThreadPoolExecutor(settings.workers, initializer=initialize_worker, initargs=(barrier, None, ()))


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
    caveats=("reaches no other process: all workers share the interpreter lock",),
)
