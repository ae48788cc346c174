"""loky.ProcessPoolExecutor: the executor of concurrent.futures written anew, with workers started by fork and exec.

Tasks travel by cloudpickle, so lambdas and what __main__ defines can be tasks. A worker that dies breaks the pool, as
in the standard library. Source: https://loky.readthedocs.io.
"""

from concurrent.futures import Executor as FutureExecutor

from ipcbench.measure.lokyed import arrival, prepare_loky
from ipcbench.measure.pools import FuturePool, arrive
from ipcbench.measure.ports import Mechanism, PortSettings


class LokyPool(FuturePool):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.arrival = arrival(settings)

    def make(self, settings: PortSettings) -> FutureExecutor:
        prepare_loky()
        from loky import ProcessPoolExecutor

        made: FutureExecutor = ProcessPoolExecutor(settings.workers, initializer=arrive, initargs=self.arrival)
        return made


MECHANISM = Mechanism(
    name="loky",
    title="loky.ProcessPoolExecutor",
    short="loky",
    family="executors",
    requires=("loky",),
    extra="loky",
    licence="BSD-3-Clause",
    carries="objects",
    bounded_by="nothing",
    executor=LokyPool,
    operations=("apply", "submit", "map", "map-chunked"),
    peers="own",
    senders="many",
    receivers="many",
    ordering="none",
    dead_peer="an error",
    background_threads=2,
    copies=6,
    caveats=(
        "starts its workers by fork and exec whatever the start method",
        "a worker that dies breaks the whole pool",
    ),
)
