"""multiprocessing.Lock as a signal: it starts taken, release() notifies, acquire() waits.

The same POSIX semaphore as `semaphore`, which never goes above one: a second release() before the wait is a ValueError.
Unlike a thread's or a file's, it may be released by who does not hold it, which is what makes it a signal.
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
    title="multiprocessing.Lock, taken by one and released by the other",
    short="Lock",
    family="signals",
    carries="nothing",
    bounded_by="slots",
    copies=0,
    signal=LockSignal,
    caveats=(
        "holds one notification: a second before the wait is an error",
        "has no owner: if the one who should release it is killed, the other waits for ever",
    ),
)
