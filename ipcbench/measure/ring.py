"""Shared state as a channel: a ring of slots, and two semaphores that say which are free and which are full.

The sender waits for a free slot, fills it and posts `full`; the receiver waits for a full one, empties it and posts
`free`. Which slot comes next is a plain local number on each side: one sender and one receiver in FIFO order agree
without talking. sem_post and sem_wait are memory barriers on every platform (POSIX.1-2017, XBD 4.12).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import cycle
from typing import Any

from ipcbench.measure.ports import Channel, PortSettings, Receive, Send


class Ring(Channel):
    """A channel over `slots` slots; a mechanism says what a slot is and how one is written and read."""

    one_slot = False

    def __init__(self, settings: PortSettings) -> None:
        self.slots = 1 if self.one_slot else settings.window
        self.free = settings.context.Semaphore(self.slots)
        self.full = settings.context.Semaphore(0)
        self.make_slots(settings)

    @abstractmethod
    def make_slots(self, settings: PortSettings) -> None:
        """Allocate self.slots slots of settings.size bytes."""

    @abstractmethod
    def slot_writer(self) -> Callable[[int, Any], object]:
        """The callable that fills a slot, given its number and the payload."""

    @abstractmethod
    def slot_reader(self) -> Callable[[int], Any]:
        """The callable that returns a slot's payload as the receiver's own, given its number."""

    def sender(self) -> Send:
        wait, write, post = self.free.acquire, self.slot_writer(), self.full.release
        next_slot = cycle(range(self.slots)).__next__

        def send(payload: Any) -> None:
            wait()
            write(next_slot(), payload)
            post()

        return send

    def receiver(self) -> Receive:
        wait, read, post = self.full.acquire, self.slot_reader(), self.free.release
        next_slot = cycle(range(self.slots)).__next__

        def receive() -> Any:
            wait()
            payload = read(next_slot())
            post()
            return payload

        return receive


class ValueRing(Ring):
    """A ring of one slot, which is `holder.value`; a mechanism says what the holder is."""

    one_slot = True

    def make_slots(self, settings: PortSettings) -> None:
        self.holder = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> Any:
        """Allocate the holder."""

    def slot_writer(self) -> Callable[[int, Any], object]:
        holder = self.holder

        def write(_slot: int, payload: Any) -> None:
            holder.value = payload

        return write

    def slot_reader(self) -> Callable[[int], Any]:
        holder = self.holder
        return lambda _slot: holder.value


class ItemRing(Ring):
    """A ring whose slots are `holder[0]`, `holder[1]`, …; a mechanism says what the holder is."""

    def make_slots(self, settings: PortSettings) -> None:
        self.holder = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> Any:
        """Allocate the holder with self.slots items."""

    def slot_writer(self) -> Callable[[int, Any], object]:
        return self.holder.__setitem__  # type: ignore[no-any-return]  # whatever the mechanism's holder is

    def slot_reader(self) -> Callable[[int], Any]:
        return self.holder.__getitem__  # type: ignore[no-any-return]  # whatever the mechanism's holder is
