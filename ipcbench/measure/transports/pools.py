"""Shared code of executors over pools of the standard library; a mechanism only provides the pool.

Every worker pins itself to the CPUs that the visit assigns. A pool may start workers at any time, so all workers wait
for each other at a barrier before the first task.
"""

from __future__ import annotations

import os
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor as FutureExecutor
from multiprocessing.context import BaseContext
from typing import Any

from ipcbench.measure.api.ports import Executor, Run, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.placement import place

BARRIER_SECONDS = 60.0
_barrier: Any = None


class ProcessNumbers:
    """Unique numbers from 0, one for each process that takes one."""

    def __init__(self, context: BaseContext) -> None:
        self.next = context.Value("i", 0)

    def take(self) -> int:
        """Take and return the next number."""
        with self.next:
            mine: int = self.next.value
            self.next.value += 1
        return mine


def initialize_worker(barrier: Any, take_number: Callable[[], int] | None, cpus: Sequence[Sequence[int]]) -> None:
    """Initialize a worker; the pool runs this once in each. Without take_number the worker is not pinned."""
    global _barrier
    _barrier = barrier
    if cpus and take_number:
        place(cpus[take_number() % len(cpus)])


def wait_for_all(_: Any) -> int:
    """Wait for all other workers and return this worker's id: a task that occupies its worker until all have one."""
    _barrier.wait(BARRIER_SECONDS)
    return threading.get_native_id()


def chunk(items: Sequence[Any], workers: int) -> int:
    """Return Pool.map's default chunk size: a quarter of a worker's share, rounded up (Lib/multiprocessing/pool.py)."""
    return max(1, -(-len(items) // (4 * workers)))


def one_by_one(submit: Callable[..., Any], result: Callable[[Any], Any], window: int) -> Run:
    """Return a Run that keeps at most `window` submitted items unanswered, and yields the results in order."""

    def run(task: Callable[[Any], Any], items: Sequence[Any]) -> Iterable[Any]:
        waiting: deque[Any] = deque()
        for item in items:
            if len(waiting) == window:
                yield result(waiting.popleft())
            waiting.append(submit(task, item))
        while waiting:
            yield result(waiting.popleft())

    return run


class FuturePool(Executor):
    """A concurrent.futures executor, which subclasses provide."""

    pool: FutureExecutor | None = None

    def __init__(self, settings: PortSettings) -> None:
        self.settings = settings

    def connect(self, side: Side) -> None:
        self.pool = self.make(self.settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> FutureExecutor:
        """Start the pool."""

    def members(self) -> list[int]:
        assert self.pool is not None
        waiting = [self.pool.submit(wait_for_all, None) for _ in range(self.settings.workers)]
        return [future.result() for future in waiting]

    def runner(self, operation: str) -> Run:
        assert self.pool is not None
        pool, workers, window = self.pool, self.settings.workers, self.settings.window
        ways: dict[str, Run] = {
            "apply": lambda task, items: (pool.submit(task, item).result() for item in items),
            "submit": one_by_one(pool.submit, lambda future: future.result(), window),
            "map": lambda task, items: pool.map(task, items, chunksize=1),
            "map-chunked": lambda task, items: pool.map(task, items, chunksize=chunk(items, workers)),
        }
        return ways[operation]

    def close(self) -> None:
        if self.pool:
            self.pool.shutdown()
            self.pool = None


def loop(task: Callable[[Any], Any], items: Sequence[Any]) -> Iterable[Any]:
    """Run the tasks without a pool."""
    return map(task, items)


def here() -> list[int]:
    """Return this process, the only member without a pool."""
    return [os.getpid()]
