"""concurrent.futures.InterpreterPoolExecutor: a thread pool in which each thread runs its tasks in its own interpreter.

Tasks pass by reference through the queue of ThreadPoolExecutor. The thread that takes one moves function and arguments
into its interpreter, pickled unless they can be shared, and moves the result back. Taking a task and returning its
result need the driver's interpreter lock; the task itself does not. map passes one item at a time, whatever the chunk
size. Each worker does its own imports. Source: Lib/concurrent/futures/interpreter.py.
"""

import concurrent.futures
from typing import Any

from ipcbench.errors import NotOffered
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.interpreters import MODULE, InterpreterBarrier, numbers
from ipcbench.measure.transports.pools import FuturePool, initialize_worker


class InterpreterPool(FuturePool):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.barrier, self.numbers = InterpreterBarrier(settings.workers), numbers(settings.workers)

    def make(self, settings: PortSettings) -> concurrent.futures.Executor:
        try:
            pool: Any = getattr(concurrent.futures, "InterpreterPoolExecutor")  # noqa: B009 - unknown to type checkers for 3.11
        except AttributeError as error:
            raise NotOffered("this Python has no concurrent.futures.InterpreterPoolExecutor") from error
        made: concurrent.futures.Executor = pool(
            settings.workers,
            initializer=initialize_worker,
            initargs=(self.barrier, self.numbers.get_nowait, settings.cpus),
        )
        return made


MECHANISM = Mechanism(
    name="interpreter-pool-executor",
    title="concurrent.futures.InterpreterPoolExecutor",
    short="InterpPool",
    family="interpreters",
    carries="objects",
    bounded_by="nothing",
    executor=InterpreterPool,
    operations=("apply", "submit", "map"),
    peers="own",
    baseline=True,
    senders="many",
    receivers="many",
    ordering="none",
    arrays=False,
    semaphores=False,
    min_python=(3, 14),
    module=MODULE,
    caveats=(
        "reaches no other process: the workers are interpreters of one process, and a crash of any ends all",
        "the chunk size of map is ignored; functions must be importable, and many extension modules are not",
    ),
)
