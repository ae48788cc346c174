"""multiprocessing.Lock as a signal: it starts locked, release() notifies, acquire() waits.

The POSIX semaphore of `semaphore`, limited to one: a second release() before the wait raises ValueError. A process that
does not hold the Lock may release it, which a thread lock or a file lock forbids; that makes it a signal.
Source: Modules/_multiprocessing/semaphore.c.
"""

from collections.abc import Callable

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Signal
from ipcbench.measure.api.settings import PortSettings


class LockSignal(Signal):
    def __init__(self, settings: PortSettings) -> None:
        self.lock = settings.context.Lock()
        self.lock.acquire()

    def notifier(self) -> Callable[[], object]:
        return self.lock.release

    def waiter(self) -> Callable[[], object]:
        return self.lock.acquire


MECHANISM = Mechanism(
    name="lock",
    title="multiprocessing.Lock, acquired by one side, released by the other",
    short="Lock",
    family="signals",
    carries="nothing",
    bounded_by="slots",
    copies=0,
    signal=LockSignal,
    caveats=(
        "holds one notification: a second one before the wait is an error",
        "has no owner: if the process that should release it is killed, the other waits without end",
    ),
)
