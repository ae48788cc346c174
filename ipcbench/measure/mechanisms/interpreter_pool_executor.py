"""concurrent.futures.InterpreterPoolExecutor: a thread pool whose every thread runs its tasks in an interpreter.

Tasks go through the queue of ThreadPoolExecutor by reference; the thread that takes one carries function and arguments
into its interpreter, pickled unless they can be shared, and the result back out. Taking a task and giving its result
needs the driver's interpreter lock, the task itself does not. map hands over one item at a time, whatever its chunk
size. What a worker imports it imports for itself. Source: Lib/concurrent/futures/interpreter.py.
"""

import concurrent.futures
from typing import Any

from ipcbench.errors import NotOffered
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.interpreters import MODULE, Meeting, numbers
from ipcbench.measure.transports.pools import FuturePool, arrive


class InterpreterPool(FuturePool):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.meeting, self.numbers = Meeting(settings.workers), numbers(settings.workers)

    def make(self, settings: PortSettings) -> concurrent.futures.Executor:
        try:
            pool: Any = getattr(concurrent.futures, "InterpreterPoolExecutor")  # noqa: B009 - unknown to type checkers for 3.11
        except AttributeError as error:
            raise NotOffered("this Python has no concurrent.futures.InterpreterPoolExecutor") from error
        made: concurrent.futures.Executor = pool(
            settings.workers, initializer=arrive, initargs=(self.meeting, self.numbers.get_nowait, settings.cpus)
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
        "no process is reached: the workers are interpreters of one, which a crash of any ends",
        "the chunk size of map is ignored; functions must be importable, and many modules written in C are not",
    ),
)
