"""The four kinds of port that a mechanism offers: Channel, Cell, Signal and Executor, and the life of each.

    driver   Port(settings)                                      before any peer exists
             the port travels to every peer as an argument of its process
    both     connect(side)  sender() receiver() ...  close()     in each process that uses it
    driver   destroy() of each port, settings.close()            after every peer has ended

Return bound methods of the library where they exist: a Python function around one costs about 60 ns per call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from ipcbench.measure.api.settings import PortSettings

Side = Literal["driver", "peer"]
Send = Callable[[Any], object]
Receive = Callable[[], Any]
Run = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]
PORTS: tuple[str, ...] = ("channel", "cell", "signal", "executor")


class Port(ABC):
    """An object that processes share."""

    @abstractmethod
    def __init__(self, settings: PortSettings) -> None:
        """Allocate everything, in the driver, before the peers exist."""

    def connect(self, side: Side) -> None:  # noqa: B027 - most ports are usable as they arrive
        """Make the port usable in this process; called once, after every peer has started."""

    def close(self) -> None:  # noqa: B027 - most ports hold nothing that outlives their process
        """Release what this process holds, used or not; harmless when called twice."""

    def destroy(self) -> None:  # noqa: B027 - most ports have no name in the system
        """Remove what would outlive every process; called in the driver, at the end."""


class Channel(Port):
    """Moves messages one way, or both ways if the mechanism declares duplex."""

    @abstractmethod
    def sender(self) -> Send:
        """Return the callable that sends one message; called once per process."""

    @abstractmethod
    def receiver(self) -> Receive:
        """Return the callable that waits for one message and returns it; called once per process."""

    def codec(self) -> tuple[Encode, Decode] | None:
        """Return what turns a message into bytes, or a list of buffers, and what makes a message of these.

        None for a channel that calls no such functions.
        """
        return None


class Cell(Port):
    """Shared state: `size` bytes to read and write, and a number to add to.

    A mechanism with a lock of its own takes it in every operation; without one, adding takes a Lock that the port
    brings.
    """

    @abstractmethod
    def reader(self) -> Callable[[], Any]:
        """Return the callable that returns the state."""

    @abstractmethod
    def writer(self) -> Callable[[Any], object]:
        """Return the callable that replaces the state."""

    @abstractmethod
    def adder(self) -> Callable[[], object]:
        """Return the callable that adds 1 to the number, atomically among all processes."""

    def unlocked_adder(self) -> Callable[[], object] | None:
        """Return the callable that adds 1 without the lock; None if there is no lock to forget."""
        return None

    @abstractmethod
    def total(self) -> int:
        """Return the number."""

    @abstractmethod
    def set_total(self, number: int) -> None:
        """Set the number, while no other process uses it."""


class Signal(Port):
    """Wakes one waiter per notification; carries no data."""

    @abstractmethod
    def notifier(self) -> Callable[[], object]:
        """Return the callable that lets the other side's wait return; called once per process."""

    @abstractmethod
    def waiter(self) -> Callable[[], object]:
        """Return the callable that returns once the other side has notified; called once per process."""


class Executor(Port):
    """Runs tasks on settings.workers workers of its own, which connect() starts; the pattern defines the task."""

    @abstractmethod
    def runner(self, operation: str) -> Run:
        """Return the callable that runs a task over items, in the way that `operation` names, and yields the results.

        Results come in any order, as soon as `operation` allows; at most settings.window are outstanding where it
        can limit them.
        """

    @abstractmethod
    def members(self) -> list[int]:
        """Ask every worker to answer, and return their process ids; for threads, the system's thread ids."""
