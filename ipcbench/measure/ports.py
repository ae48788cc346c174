"""Where mechanisms and patterns meet: what a mechanism offers, and the life of a port.

    driver   Port(settings)                                      before any peer exists
             the port travels to every peer as a Process argument
    both     connect(side)  sender() receiver() ...  close()     in the process that uses it
    driver   settings.close()                                    after every peer has ended

A mechanism is one file that defines MECHANISM: its facts and a class for each port it offers. Hand out bound methods
where they exist: a Python function around one costs about 60 ns a call.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from multiprocessing.context import BaseContext
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ipcbench.measure.payload import Carries
from ipcbench.model import START_METHODS, StartMethod

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # 20 ms that only the manager mechanisms need

Side = Literal["driver", "peer"]
Send = Callable[[Any], object]
Receive = Callable[[], Any]


class PortSettings:
    """What a port is made from. size is bytes per payload, window messages in flight, workers the peers.

    Ports must draw every object from here, so that start method, names and helper processes are the visit's own.
    """

    def __init__(self, context: BaseContext, size: int, window: int, workers: int) -> None:
        self.context = context
        self.size = size
        self.window = window
        self.workers = workers

    @functools.cached_property
    def manager(self) -> SyncManager:
        """One manager process for all ports of a visit, started at the first use."""
        return self.context.Manager()

    def helpers(self) -> list[int]:
        """Process ids of what ports had started beside the peers."""
        manager = self.__dict__.get("manager")
        return [manager._process.pid] if manager else []

    def close(self) -> None:
        """End the helper processes; harmless when there are none, or twice."""
        manager = self.__dict__.pop("manager", None)
        if manager:
            manager.shutdown()


class Port(ABC):
    """One allocated thing that processes share."""

    @abstractmethod
    def __init__(self, settings: PortSettings) -> None:
        """Allocate everything, in the driver, before the peers exist."""

    def connect(self, side: Side) -> None:  # noqa: B027 - most ports are usable as they arrive
        """Make the port usable in this process; called once, after every peer has been started."""

    def close(self) -> None:  # noqa: B027 - most ports hold nothing that outlives their process
        """Give back what this process holds; harmless when called twice."""


class Channel(Port):
    """Moves messages one way, or both where the mechanism declares duplex."""

    @abstractmethod
    def sender(self) -> Send:
        """The callable that sends one message; asked for once per process."""

    @abstractmethod
    def receiver(self) -> Receive:
        """The callable that waits for one message and returns it; asked for once per process."""


class Cell(Port):
    """Shared state: `size` bytes to read and write, and a number to add to, each under its own discipline.

    Where the mechanism has a lock of its own it is part of every operation; where it has none, adding uses the plain
    Lock that comes with the port.
    """

    @abstractmethod
    def reader(self) -> Callable[[], Any]:
        """The callable that returns the state."""

    @abstractmethod
    def writer(self) -> Callable[[Any], object]:
        """The callable that replaces the state."""

    @abstractmethod
    def adder(self) -> Callable[[], object]:
        """The callable that adds 1 to the number, safe against everyone else's."""

    @abstractmethod
    def total(self) -> int:
        """The number."""

    @abstractmethod
    def set_total(self, number: int) -> None:
        """Set the number, while nobody else uses it."""


class Mechanism(NamedTuple):
    """A mechanism's facts, as its author declares them, and the ports it offers.

    short has at most 12 characters. senders and receivers say how many processes may use one channel. bounded_by names
    what limits the messages in flight. background_threads counts them per process that uses the port,
    background_processes per visit. largest is the largest payload in bytes, or None. shared_memory and semaphores say
    what of the machine it needs.
    """

    name: str
    title: str
    short: str
    family: Literal["queues", "pipes", "shared memory", "managers"]
    carries: Carries
    bounded_by: Literal["messages", "bytes", "slots", "kernel"]
    channel: type[Channel] | None = None
    cell: type[Cell] | None = None
    senders: Literal["one", "many"] = "one"
    receivers: Literal["one", "many"] = "one"
    duplex: bool = False
    wait: Literal["block", "spin", "poll"] = "block"
    largest: int | None = None
    shared_memory: bool = False
    semaphores: bool = True
    start_methods: tuple[StartMethod, ...] = START_METHODS
    background_threads: int = 0
    background_processes: int = 0
    caveats: tuple[str, ...] = ()

    def unfit(self, port: str, size: int, many: bool) -> str | None:
        """Why this mechanism cannot serve such a case, in words; None if it can."""
        if port == "channel" and self.channel is None:
            return f"{self.name} carries no messages"
        if port == "cell" and self.cell is None:
            return f"{self.name} holds no state to read, write or add to"
        if many and "one" in (self.senders, self.receivers):
            return f"{self.name} is for one sender and one receiver"
        if self.carries == "number" and size != 8:
            return f"{self.name} carries one 8 B number"
        if self.largest is not None and size > self.largest:
            return f"{self.name} carries at most {self.largest:,} B"
        return None
