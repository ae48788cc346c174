"""Shared state as a channel: a ring of slots, and two semaphores that count free and full slots.

The sender waits for a free slot, fills it and posts `full`; the receiver waits for a full slot, empties it and posts
`free`. Each side counts the slots by itself: one sender and one receiver in FIFO order always agree on the next one.
sem_post and sem_wait are memory barriers on every platform (POSIX.1-2017, XBD 4.12).

Each ring spells out its send and receive: one more call around the slot would cost 60 ns each way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import cycle
from struct import Struct
from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings

LENGTH = Struct("Q")
LINE = 64  # bytes of a cache line


class Ring(Channel):
    """A channel over `slots` slots; subclasses make, fill and empty the slots."""

    def __init__(self, settings: PortSettings) -> None:
        self.slots = self.slot_count(settings)
        self.make_signals(settings)
        self.make_slots(settings)

    def slot_count(self, settings: PortSettings) -> int:
        """Return the number of slots: as many as messages may be in flight."""
        return settings.window

    def make_signals(self, settings: PortSettings) -> None:
        """Allocate the semaphores that count free and full slots."""
        self.free: Any = settings.context.Semaphore(self.slots)
        self.full: Any = settings.context.Semaphore(0)

    @abstractmethod
    def make_slots(self, settings: PortSettings) -> None:
        """Allocate self.slots slots of settings.size bytes."""

    def next_slot(self) -> Callable[[], int]:
        """Return the callable that yields slot numbers in a cycle, from 0."""
        return cycle(range(self.slots)).__next__


class ValueRing(Ring):
    """A ring of one slot, which is `holder.value`; subclasses provide the holder."""

    def slot_count(self, settings: PortSettings) -> int:
        return 1

    def make_slots(self, settings: PortSettings) -> None:
        self.holder = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> Any:
        """Allocate the holder."""

    def sender(self) -> Send:
        wait, holder, post = self.free.acquire, self.holder, self.full.release

        def send(payload: Any) -> None:
            wait()
            holder.value = payload
            post()

        return send

    def receiver(self) -> Receive:
        wait, holder, post = self.full.acquire, self.holder, self.free.release

        def receive() -> Any:
            wait()
            payload = holder.value
            post()
            return payload

        return receive


class ItemRing(Ring):
    """A ring whose slots are `holder[0]`, `holder[1]`, …; subclasses provide the holder."""

    def make_slots(self, settings: PortSettings) -> None:
        self.holder = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> Any:
        """Allocate the holder with self.slots items."""

    def sender(self) -> Send:
        wait, holder, next_slot, post = self.free.acquire, self.holder, self.next_slot(), self.full.release

        def send(payload: Any) -> None:
            wait()
            holder[next_slot()] = payload
            post()

        return send

    def receiver(self) -> Receive:
        wait, holder, next_slot, post = self.full.acquire, self.holder, self.next_slot(), self.free.release

        def receive() -> Any:
            wait()
            payload = holder[next_slot()]
            post()
            return payload

        return receive


class BytesRing(Ring):
    """A ring of slots in one block of memory, which subclasses provide.

    A slot is an 8-byte length and the payload, rounded up to 64 bytes so that no two slots share a cache line.
    """

    def make_slots(self, settings: PortSettings) -> None:
        self.stride = -(-(LENGTH.size + settings.size) // LINE) * LINE
        self.make_memory(settings, self.stride * self.slots)

    @abstractmethod
    def make_memory(self, settings: PortSettings, size: int) -> None:
        """Allocate the memory."""

    @abstractmethod
    def view(self) -> memoryview:
        """Return the memory as bytes, in the calling process."""

    def next_start(self) -> Callable[[], int]:
        """Return the callable that yields the offset of each slot in a cycle, from 0; this saves a multiplication."""
        return cycle(range(0, self.stride * self.slots, self.stride)).__next__

    def sender(self) -> Send:
        wait, next_start, post = self.free.acquire, self.next_start(), self.full.release
        view, put_length, head = self.view(), LENGTH.pack_into, LENGTH.size

        def send(payload: Any) -> None:
            wait()
            start, length = next_start(), len(payload)
            put_length(view, start, length)
            start += head
            view[start : start + length] = payload
            post()

        return send

    def receiver(self) -> Receive:
        wait, next_start, post = self.full.acquire, self.next_start(), self.free.release
        view, get_length, head = self.view(), LENGTH.unpack_from, LENGTH.size

        def receive() -> Any:
            wait()
            start = next_start()
            (length,) = get_length(view, start)
            start += head
            payload = bytes(view[start : start + length])
            post()
            return payload

        return receive
