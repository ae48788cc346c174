"""joblib.Parallel over its copy of loky: a list of tasks in, a list of results out, in batches.

A call takes no further tasks while it runs, so each way is a call of Parallel: apply for one task, map for all in
batches of one, map-chunked in batches as Pool.map would cut. With one worker it runs tasks in the caller. Source:
https://joblib.readthedocs.io.
"""

from typing import Any

from ipcbench.measure.lokyed import VENDORED, arrival, load_joblib, prepare_loky
from ipcbench.measure.pools import arrive, chunk, meet
from ipcbench.measure.ports import Executor, Mechanism, PortSettings, Run, Side


class JoblibPool(Executor):
    parallel: Any = None

    def __init__(self, settings: PortSettings) -> None:
        self.settings = settings
        self.arrival = arrival(settings)

    def connect(self, side: Side) -> None:
        self.library = load_joblib()
        prepare_loky(VENDORED)
        self.parallel = self.library.Parallel(
            self.settings.workers,
            backend="loky",
            batch_size=1,
            pre_dispatch="all",
            temp_folder=self.settings.folder,
            max_nbytes=None,
            initializer=arrive,
            initargs=self.arrival,
        )
        self.parallel.__enter__()

    def members(self) -> list[int]:
        met: list[int] = self.parallel(self.library.delayed(meet)(None) for _ in range(self.settings.workers))
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
            self.library.externals.loky.get_reusable_executor(reuse=True).shutdown()


MECHANISM = Mechanism(
    name="joblib",
    title="joblib.Parallel, loky",
    short="joblib",
    family="executors",
    requires=("joblib",),
    extra="joblib",
    licence="BSD-3-Clause",
    carries="objects",
    bounded_by="nothing",
    executor=JoblibPool,
    least_workers=2,
    operations=("apply", "map", "map-chunked"),
    peers="own",
    senders="many",
    receivers="many",
    ordering="none",
    dead_peer="an error",
    background_threads=2,
    copies=6,
    caveats=(
        "a call of Parallel takes some 10 ms whatever it is given: give it many tasks",
        "starts its workers by fork and exec whatever the start method",
        "its executor is one for the whole process, and goes on after a call",
    ),
)
