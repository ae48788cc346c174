"""multiprocessing.Semaphore as a signal: release() notifies, acquire() waits.

A POSIX semaphore: one atomic operation, and a futex call only if a process sleeps or must sleep. It counts
notifications, so none is lost if the waiter comes later.
Source: Modules/_multiprocessing/semaphore.c, sem_overview(7).
"""

from collections.abc import Callable

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Signal
from ipcbench.measure.api.settings import PortSettings


class SemaphoreSignal(Signal):
    def __init__(self, settings: PortSettings) -> None:
        self.semaphore = settings.context.Semaphore(0)

    def notifier(self) -> Callable[[], object]:
        return self.semaphore.release

    def waiter(self) -> Callable[[], object]:
        return self.semaphore.acquire


MECHANISM = Mechanism(
    name="semaphore",
    title="multiprocessing.Semaphore",
    short="Semaphore",
    family="signals",
    carries="nothing",
    bounded_by="nothing",
    copies=0,
    signal=SemaphoreSignal,
    caveats=("has no owner: if the process that should release it is killed, the other waits without end",),
)
