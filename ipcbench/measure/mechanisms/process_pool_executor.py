"""concurrent.futures.ProcessPoolExecutor: worker processes, one Queue of calls and one SimpleQueue of results.

A thread in the driver moves work items to the call queue, whose feeder thread pickles them; at most workers + 1 items
wait there. map has a default chunk size of 1; map-chunked uses that of Pool.map.
Source: Lib/concurrent/futures/process.py.
"""

from concurrent.futures import Executor as FutureExecutor
from concurrent.futures import ProcessPoolExecutor

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.pools import FuturePool, ProcessNumbers, initialize_worker


class ProcessPool(FuturePool):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.barrier = settings.context.Barrier(settings.workers)
        self.numbers = ProcessNumbers(settings.context)

    def make(self, settings: PortSettings) -> FutureExecutor:
        arguments = self.barrier, self.numbers.take, settings.cpus
        return ProcessPoolExecutor(settings.workers, settings.context, initialize_worker, arguments)


MECHANISM = Mechanism(
    name="process-pool-executor",
    title="concurrent.futures.ProcessPoolExecutor",
    short="ProcessPool",
    family="executors",
    carries="objects",
    bounded_by="nothing",
    executor=ProcessPool,
    operations=("apply", "submit", "map", "map-chunked"),
    peers="own",
    senders="many",
    receivers="many",
    ordering="none",
    dead_peer="an error",
    background_threads=2,
    copies=6,
    caveats=("the default chunk size of map is 1", "a worker that dies breaks the whole pool: BrokenProcessPool"),
)
