"""multiprocessing.Event as a signal: set() notifies; wait(), then clear(), waits.

An Event is a Condition and a semaphore for the flag, so set, wait and clear are several kernel operations each. A
second set() between wait() and clear() would be lost; this use is correct only if both sides strictly alternate, as
here. Source: Lib/multiprocessing/synchronize.py.
"""

from collections.abc import Callable

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Signal
from ipcbench.measure.api.settings import PortSettings


class EventSignal(Signal):
    def __init__(self, settings: PortSettings) -> None:
        self.event = settings.context.Event()

    def notifier(self) -> Callable[[], object]:
        return self.event.set

    def waiter(self) -> Callable[[], object]:
        wait, clear = self.event.wait, self.event.clear

        def wait_and_clear() -> None:
            wait()
            clear()

        return wait_and_clear


MECHANISM = Mechanism(
    name="event",
    title="multiprocessing.Event, cleared after each wait",
    short="Event",
    family="signals",
    carries="nothing",
    bounded_by="slots",
    copies=0,
    signal=EventSignal,
    caveats=("a set() between wait() and clear() is lost",),
)
