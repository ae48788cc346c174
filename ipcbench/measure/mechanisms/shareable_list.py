"""multiprocessing.shared_memory.ShareableList: a list of fixed slots in one SharedMemory segment, one item per slot.

An item is the payload and a byte 1, because reading strips trailing NULs. Every access is three or four struct calls on
the segment, for the format, the item and its conversion, so it is not atomic: state is read and written under a Lock
that the port adds. Source: Lib/multiprocessing/shared_memory.py.
"""

from collections.abc import Callable, Sequence
from multiprocessing.shared_memory import ShareableList
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Cell, Port, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ItemCell
from ipcbench.measure.transports.ring import Ring
from ipcbench.measure.transports.shared_memory import Segment

_CLOSED = b"%b\x01"
_BESIDE = 64  # bytes of an item beyond its payload, at most


class _Listed(Port):
    """The list of a port: the driver creates and unlinks it, other processes attach to it by name."""

    items: Any = None

    def make_list(self, settings: PortSettings, items: Sequence[Any]) -> None:
        room = Segment(settings, len(items) * (settings.size + _BESIDE))  # otherwise the list would raise SIGBUS
        room.close()
        room.destroy()
        self.name = settings.new_name()
        self.items = ShareableList(items, name=self.name)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"items": None}

    def connect(self, side: Side) -> None:
        if self.items is None:
            self.items = ShareableList(name=self.name)

    def close(self) -> None:
        if self.items is not None:
            self.items.shm.close()

    def destroy(self) -> None:
        self.items.shm.unlink()


class ShareableListRing(_Listed, Ring):
    def make_slots(self, settings: PortSettings) -> None:
        self.make_list(settings, [bytes(settings.size + 1)] * self.slots)

    def sender(self) -> Send:
        wait, items, next_slot, post = self.free.acquire, self.items, self.next_slot(), self.full.release

        def send(payload: Any) -> None:
            wait()
            items[next_slot()] = _CLOSED % payload
            post()

        return send

    def receiver(self) -> Receive:
        wait, items, next_slot, post = self.full.acquire, self.items, self.next_slot(), self.free.release

        def receive() -> Any:
            wait()
            payload = items[next_slot()][:-1]
            post()
            return payload

        return receive


class ShareableListCell(_Listed, ItemCell):
    """The number is item 0, the state is item 1."""

    # Without the lock, concurrent access not only loses updates but also raises: struct clears a format before it
    # writes it, so another process may read an empty format.
    unlocked_adder = Cell.unlocked_adder

    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        self.make_list(settings, [0, bytes(settings.size + 1)])
        return None, settings.context.Lock()

    def connect(self, side: Side) -> None:
        super().connect(side)
        self.holder = self.items

    def reader(self) -> Callable[[], Any]:
        items, lock = self.items, self.lock

        def read() -> Any:
            with lock:
                return items[1][:-1]

        return read

    def writer(self) -> Callable[[Any], object]:
        items, lock = self.items, self.lock

        def write(payload: Any) -> None:
            with lock:
                items[1] = _CLOSED % payload

        return write


MECHANISM = Mechanism(
    name="shareable-list",
    title="ShareableList, semaphores as signals",
    short="Shareable",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    copies=5,
    largest=9_999_990,
    shared_memory=True,
    channel=ShareableListRing,
    cell=ShareableListCell,
    caveats=(
        "strips trailing NULs from its items; here an extra byte protects them",
        "has no lock: a read during a write may return 0 instead of the number, or raise",
        "as a channel: one sender and one receiver, signalled by two semaphores",
    ),
)
