"""multiprocessing.Condition as a signal: notify() under its lock, wait() until a counter shows a notification.

A Condition forgets a notification that comes before the wait, so the predicate is a number in shared memory; correct
code always has a predicate. A Condition is a lock and three semaphores; a woken process takes the lock again.
Source: Lib/multiprocessing/synchronize.py.
"""

from collections.abc import Callable
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Signal
from ipcbench.measure.api.settings import PortSettings


class ConditionSignal(Signal):
    def __init__(self, settings: PortSettings) -> None:
        self.condition = settings.context.Condition()
        self.pending: Any = settings.context.RawValue("q", 0)

    def notifier(self) -> Callable[[], object]:
        condition, pending = self.condition, self.pending

        def notify() -> None:
            with condition:
                pending.value += 1
                condition.notify()

        return notify

    def waiter(self) -> Callable[[], object]:
        condition, pending = self.condition, self.pending

        def wait() -> None:
            with condition:
                while not pending.value:
                    condition.wait()
                pending.value -= 1

        return wait


MECHANISM = Mechanism(
    name="condition",
    title="multiprocessing.Condition, a counter as predicate",
    short="Condition",
    family="signals",
    carries="nothing",
    bounded_by="nothing",
    copies=0,
    shared_memory=True,
    signal=ConditionSignal,
    caveats=("remembers no notification: without your own predicate, one that comes before the wait is lost",),
)
