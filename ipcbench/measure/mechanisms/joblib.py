"""joblib.Parallel over its copy of loky: a list of tasks in, a list of results out, in batches.

A running call accepts no further tasks, so each way is a call of Parallel: apply passes one task, map all tasks in
batches of one, map-chunked in batches of Pool.map's default size. With one worker, joblib runs tasks in the caller.
Source: https://joblib.readthedocs.io.
"""

from typing import Any

from ipcbench.measure.api.ports import Executor, Run, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.loky import LOKY, initializer_arguments, prepare_loky
from ipcbench.measure.transports.light_import import import_lightly
from ipcbench.measure.transports.pools import chunk, initialize_worker, wait_for_all

_VENDORED = "joblib.externals.loky"  # joblib brings a copy


class JoblibPool(Executor):
    """joblib.Parallel, kept open between calls."""

    parallel: Any = None

    def __init__(self, settings: PortSettings) -> None:
        self.settings = settings
        self.initializer_arguments = initializer_arguments(settings)

    def connect(self, side: Side) -> None:
        self.library = import_lightly("joblib")
        prepare_loky(_VENDORED)
        self.parallel = self.library.Parallel(
            self.settings.workers,
            backend="loky",
            batch_size=1,
            pre_dispatch="all",
            temp_folder=self.settings.folder,
            max_nbytes=None,
            initializer=initialize_worker,
            initargs=self.initializer_arguments,
        )
        self.parallel.__enter__()

    def members(self) -> list[int]:
        met: list[int] = self.parallel(self.library.delayed(wait_for_all)(None) for _ in range(self.settings.workers))
        return met

    def runner(self, operation: str) -> Run:
        parallel, delayed, workers = self.parallel, self.library.delayed, self.settings.workers

        def chunked(task: Any, items: Any) -> Any:
            parallel.batch_size = chunk(items, workers)
            return parallel(delayed(task)(item) for item in items)

        ways: dict[str, Run] = {
            "apply": lambda task, items: (parallel([delayed(task)(item)])[0] for item in items),
            "map": lambda task, items: parallel(delayed(task)(item) for item in items),
            "map-chunked": chunked,
        }
        return ways[operation]

    def close(self) -> None:
        if self.parallel:
            self.parallel.__exit__(None, None, None)
            self.parallel = None
            loky = self.library.externals.loky
            loky.get_reusable_executor(reuse=True).shutdown()
            # joblib and loky keep references to the last executor, which hold this visit's semaphores.
            loky.reusable_executor._executor = loky.reusable_executor._executor_kwargs = None
            self.library.executor._executor_args = None


MECHANISM = LOKY._replace(
    name="joblib",
    title="joblib.Parallel, loky",
    short="joblib",
    requires=("joblib",),
    extra="joblib",
    executor=JoblibPool,
    least_workers=2,
    operations=("apply", "map", "map-chunked"),
    caveats=(
        "a call of Parallel takes about 10 ms whatever the number of tasks: pass many",
        *LOKY.caveats,
        "one executor serves the whole process, and keeps running after a call",
    ),
)
