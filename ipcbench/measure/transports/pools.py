"""Executors: what pools of the standard library share, so that a mechanism says only which pool it is.

Every worker pins itself to the CPUs that the visit has for it, and all of them have to meet at a barrier before the
first task, so that each is known to be there: a pool starts its workers when it likes.
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

MEETING_SECONDS = 60.0
_barrier: Any = None


class Numbers:
    """Gives each process that asks another number, counted from 0."""

    def __init__(self, context: BaseContext) -> None:
        self.next = context.Value("i", 0)

    def take(self) -> int:
        """The next number."""
        with self.next:
            mine: int = self.next.value
            self.next.value += 1
        return mine


def arrive(barrier: Any, take_number: Callable[[], int] | None, cpus: Sequence[Sequence[int]]) -> None:
    """Prepare a worker: run by the pool in each of them once. Whoever takes no number stays where it is."""
    global _barrier
    _barrier = barrier
    if cpus and take_number:
        place(cpus[take_number() % len(cpus)])


def meet(_: Any) -> int:
    """Wait for all other workers; the id of this one. A task that keeps its worker until every worker has one."""
    _barrier.wait(MEETING_SECONDS)
    return threading.get_native_id()


def chunk(items: Sequence[Any], workers: int) -> int:
    """What Pool.map takes by itself: a quarter of each worker's share, rounded up (Lib/multiprocessing/pool.py)."""
    return max(1, -(-len(items) // (4 * workers)))


def one_by_one(submit: Callable[..., Any], result: Callable[[Any], Any], window: int) -> Run:
    """Submit items with at most a window of them unanswered, and take the answers in that order."""

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
    """A concurrent.futures executor; a mechanism says which."""

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
        waiting = [self.pool.submit(meet, None) for _ in range(self.settings.workers)]
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
    """No pool at all: what a pool must beat."""
    return map(task, items)


def here() -> list[int]:
    """The one member where there is no pool."""
    return [os.getpid()]
