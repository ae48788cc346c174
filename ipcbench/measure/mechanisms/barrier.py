"""multiprocessing.Barrier(2) as a signal: both sides call wait(), and neither returns before the other has called.

Unlike with other signals, the notifier waits too: a rendezvous, which is stronger than a notification. A Barrier is a
Condition and two numbers in shared memory; every process checks the state on entry and on exit.
Source: Lib/multiprocessing/synchronize.py, Lib/threading.py.
"""

from collections.abc import Callable

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Signal
from ipcbench.measure.api.settings import PortSettings


class BarrierSignal(Signal):
    def __init__(self, settings: PortSettings) -> None:
        self.barrier = settings.context.Barrier(2)

    def notifier(self) -> Callable[[], object]:
        return self.barrier.wait

    def waiter(self) -> Callable[[], object]:
        return self.barrier.wait


MECHANISM = Mechanism(
    name="barrier",
    title="multiprocessing.Barrier of two",
    short="Barrier",
    family="signals",
    carries="nothing",
    bounded_by="slots",
    copies=0,
    shared_memory=True,
    signal=BarrierSignal,
    caveats=("the notifier waits too, until the other side arrives",),
)
