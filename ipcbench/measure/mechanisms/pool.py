"""multiprocessing.Pool: worker processes behind two SimpleQueues, and three threads in the driver that serve them.

map-chunked uses Pool.map's default chunk size, ceil(items / (4 * workers)); map and imap use chunks of 1, the default
of imap. A task and its result cross one pipe each, whose lock all workers share.
Source: Lib/multiprocessing/pool.py.
"""

from multiprocessing.pool import Pool

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Executor, Run, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.pools import ProcessNumbers, chunk, initialize_worker, one_by_one, wait_for_all


class PoolExecutor(Executor):
    pool: Pool | None = None

    def __init__(self, settings: PortSettings) -> None:
        self.settings = settings
        self.barrier = settings.context.Barrier(settings.workers)
        self.numbers = ProcessNumbers(settings.context)

    def connect(self, side: Side) -> None:
        workers, cpus = self.settings.workers, self.settings.cpus
        self.pool = self.settings.context.Pool(workers, initialize_worker, (self.barrier, self.numbers.take, cpus))

    def members(self) -> list[int]:
        assert self.pool is not None
        return self.pool.map(wait_for_all, range(self.settings.workers), 1)

    def runner(self, operation: str) -> Run:
        assert self.pool is not None
        pool, workers, window = self.pool, self.settings.workers, self.settings.window
        ways: dict[str, Run] = {
            "apply": lambda task, items: (pool.apply(task, (item,)) for item in items),
            "submit": one_by_one(
                lambda task, item: pool.apply_async(task, (item,)), lambda result: result.get(), window
            ),
            "map": lambda task, items: pool.map(task, items, 1),
            "map-chunked": lambda task, items: pool.map(task, items, chunk(items, workers)),
            "imap": lambda task, items: pool.imap(task, items, 1),
        }
        return ways[operation]

    def close(self) -> None:
        if self.pool:
            self.pool.close()
            self.pool.join()
            self.pool = None


MECHANISM = Mechanism(
    name="pool",
    title="multiprocessing.Pool",
    short="Pool",
    family="executors",
    carries="objects",
    bounded_by="nothing",
    executor=PoolExecutor,
    operations=("apply", "submit", "map", "map-chunked", "imap"),
    peers="own",
    senders="many",
    receivers="many",
    ordering="none",
    background_threads=3,
    copies=6,
    caveats=(
        "the task of a worker that dies is lost, and the caller waits without end (gh-66587)",
        "default chunks are ceil(n / (4 * workers)) items for map, and 1 for imap: state the chunk size",
    ),
)
