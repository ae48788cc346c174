"""Shared code of executors with workers of loky: names of the visit, and a barrier for all workers.

loky starts workers by fork and exec, whatever the start method of the case, so the barrier must be picklable.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import threading
from multiprocessing.context import BaseContext
from multiprocessing.process import current_process
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.leaks import kept_by_a_library


class SemaphoreBarrier:
    """A barrier made of semaphores: loky can send these to a worker, but not multiprocessing.Barrier's memory."""

    def __init__(self, context: BaseContext, parties: int) -> None:
        self.parties = parties
        self.early: Any = context.Semaphore(parties - 1)
        self.door: Any = context.Semaphore(0)

    def wait(self, timeout: float) -> None:
        """Wait for all other workers; raises BrokenBarrierError after `timeout` seconds."""
        if self.early.acquire(block=False):
            if not self.door.acquire(timeout=timeout):
                raise threading.BrokenBarrierError
            return
        for _ in range(self.parties - 1):
            self.early.release()
            self.door.release()


class SemaphoreNumbers:
    """Unique numbers from 0, one for each worker that takes one; after the last number, 0 follows again."""

    def __init__(self, context: BaseContext, count: int) -> None:
        self.free: list[Any] = [context.Semaphore(1) for _ in range(count)]

    def take(self) -> int:
        """Take and return the first free number."""
        return next((number for number, free in enumerate(self.free) if free.acquire(block=False)), 0)


def initializer_arguments(settings: PortSettings) -> tuple[Any, ...]:
    """Return the arguments of pools.initialize_worker for workers of loky."""
    context = multiprocessing.get_context("spawn")
    return SemaphoreBarrier(context, settings.workers), SemaphoreNumbers(context, settings.workers).take, settings.cpus


def prepare_loky(package: str = "loky") -> None:
    """Start loky's tracker, which lives as long as this process, and name semaphores as names.claim_names does.

    This concerns semaphores of loky, and those of multiprocessing, which loky renames when it is imported.
    """
    tracker = importlib.import_module(f"{package}.backend.resource_tracker")
    theirs = importlib.import_module(f"{package}.backend.synchronize").SemLock
    with kept_by_a_library():
        tracker.ensure_running()
    ours: Any = current_process()
    prefix, random = ours._config["semprefix"], theirs._rand
    for lock in (theirs, importlib.import_module("multiprocessing.synchronize").SemLock):
        lock._make_name = staticmethod(lambda: f"{prefix}-{os.getpid()}-{next(random)}")


LOKY = Mechanism(  # the facts that its mechanisms share
    name="loky",
    title="workers of loky",
    short="loky",
    family="executors",
    licence="BSD-3-Clause",
    carries="objects",
    bounded_by="nothing",
    peers="own",
    senders="many",
    receivers="many",
    ordering="none",
    dead_peer="an error",
    background_threads=2,
    copies=6,
    caveats=("starts its workers by fork and exec whatever the start method",),
)
