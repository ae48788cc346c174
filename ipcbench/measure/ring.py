"""Shared state as a channel: a ring of slots, and two semaphores that say which are free and which are full.

The sender waits for a free slot, fills it and posts `full`; the receiver waits for a full one, empties it and posts
`free`. Which slot comes next is a plain local number on each side: one sender and one receiver in FIFO order agree
without talking. sem_post and sem_wait are memory barriers on every platform (POSIX.1-2017, XBD 4.12).

Each ring writes out its send and receive in full: a call more around the slot would cost 60 ns each way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from itertools import cycle
from typing import Any

from ipcbench.measure.ports import Channel, PortSettings, Receive, Send


class Ring(Channel):
    """A channel over `slots` slots; a mechanism says what a slot is and how it is filled and emptied."""

    def __init__(self, settings: PortSettings) -> None:
        self.slots = self.slot_count(settings)
        self.free = settings.context.Semaphore(self.slots)
        self.full = settings.context.Semaphore(0)
        self.make_slots(settings)

    def slot_count(self, settings: PortSettings) -> int:
        """How many slots the ring has: as many as messages may be in flight."""
        return settings.window

    @abstractmethod
    def make_slots(self, settings: PortSettings) -> None:
        """Allocate self.slots slots of settings.size bytes."""

    def next_slot(self) -> Callable[[], int]:
        """The callable that counts slots round and round, from 0."""
        return cycle(range(self.slots)).__next__


class ValueRing(Ring):
    """A ring of one slot, which is `holder.value`; a mechanism says what the holder is."""

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
    """A ring whose slots are `holder[0]`, `holder[1]`, …; a mechanism says what the holder is."""

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
