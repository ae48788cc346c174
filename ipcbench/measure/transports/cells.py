"""Shared state as a cell, in the two shapes that Python offers: an object with `.value`, and an object with items.

A cell keeps the state and the number in one place, because each case uses only one of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from ipcbench.measure.api.ports import Cell
from ipcbench.measure.api.settings import PortSettings


class ValueCell(Cell):
    """State in `holder.value`; subclasses provide holder and lock."""

    def __init__(self, settings: PortSettings) -> None:
        self.holder, self.lock = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        """Return a new holder, and the lock for adding."""

    def reader(self) -> Callable[[], Any]:
        return partial(getattr, self.holder, "value")

    def writer(self) -> Callable[[Any], object]:
        return partial(setattr, self.holder, "value")

    def adder(self) -> Callable[[], object]:
        holder, lock = self.holder, self.lock

        def add() -> None:
            with lock:
                holder.value += 1

        return add

    def unlocked_adder(self) -> Callable[[], object] | None:
        holder = self.holder

        def add_without_lock() -> None:
            holder.value += 1

        return add_without_lock

    def total(self) -> int:
        return int(self.holder.value)

    def set_total(self, number: int) -> None:
        self.holder.value = number


class ItemCell(Cell):
    """State in `holder[key]`; subclasses provide holder and lock."""

    key: Any = 0

    def __init__(self, settings: PortSettings) -> None:
        self.holder, self.lock = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        """Return a new holder, and the lock for adding."""

    def reader(self) -> Callable[[], Any]:
        return partial(self.holder.__getitem__, self.key)

    def writer(self) -> Callable[[Any], object]:
        return partial(self.holder.__setitem__, self.key)

    def adder(self) -> Callable[[], object]:
        holder, key, lock = self.holder, self.key, self.lock

        def add() -> None:
            with lock:
                holder[key] += 1

        return add

    def unlocked_adder(self) -> Callable[[], object] | None:
        holder, key = self.holder, self.key

        def add_without_lock() -> None:
            holder[key] += 1

        return add_without_lock

    def total(self) -> int:
        return int(self.holder[self.key])

    def set_total(self, number: int) -> None:
        self.holder[self.key] = number


class BytesCell(ItemCell):
    """State in a memoryview that subclasses provide; above 8 B it is read and written under the lock."""

    atomic = 8  # bytes of one aligned store on every 64-bit machine

    def __init__(self, settings: PortSettings) -> None:
        self.size = settings.size
        super().__init__(settings)

    @abstractmethod
    def view(self) -> memoryview:
        """Return the state as bytes, in the calling process."""

    def reader(self) -> Callable[[], Any]:
        view, lock = self.view(), self.lock

        def read_locked() -> bytes:
            with lock:
                return bytes(view)

        return read_locked if self.size > self.atomic else view.tobytes

    def writer(self) -> Callable[[Any], object]:
        view, lock = self.view(), self.lock

        def write_locked(payload: Any) -> None:
            with lock:
                view[:] = payload

        return write_locked if self.size > self.atomic else partial(view.__setitem__, slice(None))
