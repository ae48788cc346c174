"""multiprocessing.Array("c"): bytes in shared memory with an RLock, read and written through `.raw`.

As a channel each slot is one Array, exactly as large as the payload, because `.raw` returns all of it. Adding uses an
Array("q", 1) under its own lock. Source: Lib/multiprocessing/sharedctypes.py.
"""

from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ItemCell
from ipcbench.measure.transports.ring import Ring


class ArrayRing(Ring):
    def make_slots(self, settings: PortSettings) -> None:
        self.arrays: list[Any] = [settings.context.Array("c", settings.size) for _ in range(self.slots)]

    def sender(self) -> Send:
        wait, next_array, post = self.free.acquire, cycle(self.arrays).__next__, self.full.release

        def send(payload: bytes) -> None:
            wait()
            next_array().raw = payload
            post()

        return send

    def receiver(self) -> Receive:
        wait, next_array, post = self.full.acquire, cycle(self.arrays).__next__, self.free.release

        def receive() -> Any:
            wait()
            payload = next_array().raw
            post()
            return payload

        return receive


class ArrayCell(ItemCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        self.state: Any = settings.context.Array("c", settings.size)
        numbers: Any = settings.context.Array("q", 1)
        return numbers, numbers.get_lock()

    def reader(self) -> Callable[[], Any]:
        return partial(getattr, self.state, "raw")

    def writer(self) -> Callable[[Any], object]:
        return partial(setattr, self.state, "raw")


MECHANISM = Mechanism(
    name="array",
    title="multiprocessing.Array, with its RLock",
    short="Array",
    family="shared memory",
    carries="bytes",
    exact=True,
    bounded_by="slots",
    shared_memory=True,
    channel=ArrayRing,
    cell=ArrayCell,
    caveats=(
        "`.value` stops at the first NUL byte: use `.raw`",
        "assigning to a slice copies element by element",
        "as a channel: one sender and one receiver, signalled by two semaphores",
    ),
)
