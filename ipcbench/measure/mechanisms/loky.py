"""loky.ProcessPoolExecutor: the executor of concurrent.futures reimplemented, with workers started by fork and exec.

Tasks are pickled with cloudpickle, so lambdas and functions of __main__ can be tasks. A dead worker breaks the pool, as
in the standard library. Source: https://loky.readthedocs.io.
"""

from concurrent.futures import Executor as FutureExecutor

from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.loky import LOKY, initializer_arguments, prepare_loky
from ipcbench.measure.transports.pools import FuturePool, initialize_worker


class LokyPool(FuturePool):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.initializer_arguments = initializer_arguments(settings)

    def make(self, settings: PortSettings) -> FutureExecutor:
        prepare_loky()
        from loky import ProcessPoolExecutor

        made: FutureExecutor = ProcessPoolExecutor(
            settings.workers, initializer=initialize_worker, initargs=self.initializer_arguments
        )
        return made


MECHANISM = LOKY._replace(
    title="loky.ProcessPoolExecutor",
    requires=("loky",),
    extra="loky",
    executor=LokyPool,
    operations=("apply", "submit", "map", "map-chunked"),
    caveats=(*LOKY.caveats, "a worker that dies breaks the whole pool"),
)
