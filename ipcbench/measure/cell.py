"""Shared state as a cell, in the two shapes that Python offers: something with a `.value`, something with items.

The state that is read and written and the number that is added to are one place here, since each case uses only one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

from ipcbench.measure.ports import Cell, PortSettings


class ValueCell(Cell):
    """State in `holder.value`; a mechanism says what holder and lock are."""

    def __init__(self, settings: PortSettings) -> None:
        self.holder, self.lock = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        """Allocate the holder and the lock that adding takes."""

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

    def total(self) -> int:
        return int(self.holder.value)

    def set_total(self, number: int) -> None:
        self.holder.value = number


class ItemCell(Cell):
    """State in `holder[key]`; a mechanism says what holder and lock are."""

    key: Any = 0

    def __init__(self, settings: PortSettings) -> None:
        self.holder, self.lock = self.make(settings)

    @abstractmethod
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        """Allocate the holder and the lock that adding takes."""

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

    def total(self) -> int:
        return int(self.holder[self.key])

    def set_total(self, number: int) -> None:
        self.holder[self.key] = number
