"""A signal whose wait returns at once in the peer: the driver gets every answer, though no process was woken."""

from collections.abc import Callable

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side, Signal
from ipcbench.measure.api.settings import PortSettings


class HastySignal(Signal):
    def __init__(self, settings: PortSettings) -> None:
        self.semaphore = settings.context.Semaphore(0)

    def connect(self, side: Side) -> None:
        self.side = side

    def notifier(self) -> Callable[[], object]:
        return self.semaphore.release

    def waiter(self) -> Callable[[], object]:
        return self.semaphore.acquire if self.side == "driver" else str


MECHANISM = Mechanism(
    name="hasty-signal",
    title="a signal that does not wait",
    short="Hasty",
    family="signals",
    carries="nothing",
    bounded_by="nothing",
    signal=HastySignal,
)
