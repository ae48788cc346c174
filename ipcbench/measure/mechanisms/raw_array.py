"""multiprocessing.RawArray("c"): bytes in shared memory, no lock, copied in and out through a byte view.

A slot is an 8-byte length and the payload, rounded up to 64 bytes so that no two slots share a cache line. The view
needs the cast: a slice of format `<c` cannot be assigned to. State over 8 bytes is read and written under the plain
Lock that comes with the port, as it would tear otherwise. Source: Lib/multiprocessing/sharedctypes.py.
"""

from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Any

from ipcbench.measure.cell import ItemCell
from ipcbench.measure.ports import Mechanism, PortSettings, Receive, Send
from ipcbench.measure.ring import Ring

_LENGTH = Struct("Q")
_LINE = 64


class RawArrayRing(Ring):
    def make_slots(self, settings: PortSettings) -> None:
        self.stride = -(-(_LENGTH.size + settings.size) // _LINE) * _LINE
        self.memory: Any = settings.context.RawArray("c", self.stride * self.slots)

    def sender(self) -> Send:
        wait, next_slot, post = self.free.acquire, self.next_slot(), self.full.release
        view, stride = memoryview(self.memory).cast("B"), self.stride
        put_length, head = _LENGTH.pack_into, _LENGTH.size

        def send(payload: bytes) -> None:
            wait()
            start = next_slot() * stride
            put_length(view, start, len(payload))
            start += head
            view[start : start + len(payload)] = payload
            post()

        return send

    def receiver(self) -> Receive:
        wait, next_slot, post = self.full.acquire, self.next_slot(), self.free.release
        view, stride = memoryview(self.memory).cast("B"), self.stride
        get_length, head = _LENGTH.unpack_from, _LENGTH.size

        def receive() -> bytes:
            wait()
            start = next_slot() * stride
            (length,) = get_length(view, start)
            start += head
            payload = bytes(view[start : start + length])
            post()
            return payload

        return receive


class RawArrayCell(ItemCell):
    atomic = 8  # one aligned store on every 64-bit machine

    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        self.size = settings.size
        self.state: Any = settings.context.RawArray("c", settings.size)
        return settings.context.RawArray("q", 1), settings.context.Lock()

    def reader(self) -> Callable[[], Any]:
        view, lock = memoryview(self.state).cast("B"), self.lock

        def read_locked() -> bytes:
            with lock:
                return bytes(view)

        return read_locked if self.size > self.atomic else view.tobytes

    def writer(self) -> Callable[[Any], object]:
        view, lock = memoryview(self.state).cast("B"), self.lock

        def write_locked(payload: bytes) -> None:
            with lock:
                view[:] = payload

        return write_locked if self.size > self.atomic else partial(view.__setitem__, slice(None))


MECHANISM = Mechanism(
    name="raw-array",
    title="multiprocessing.RawArray, a Lock beside it",
    short="RawArray",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    shared_memory=True,
    channel=RawArrayRing,
    cell=RawArrayCell,
    caveats=(
        "has no lock: state over 8 B tears without one of yours",
        "as a channel: one sender and one receiver, signalled by two semaphores",
    ),
)
