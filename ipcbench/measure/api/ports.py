"""Where mechanisms and patterns meet: what a mechanism offers, and the life of a port.

    driver   Port(settings)                                      before any peer exists
             the port travels to every peer as a Process argument
    both     connect(side)  sender() receiver() ...  close()     in the process that uses it
    driver   destroy() of each port, settings.close()            after every peer has ended

A mechanism is one file that defines MECHANISM: its facts and a class for each port it offers. Hand out bound methods
where they exist: a Python function around one costs about 60 ns a call.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.context import BaseContext
from multiprocessing.process import current_process
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, get_args

from ipcbench.measure.api.payload import Carries
from ipcbench.model import START_METHODS, PayloadKind, StartMethod

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # 20 ms that only the manager mechanisms need


Side = Literal["driver", "peer"]
Send = Callable[[Any], object]
Receive = Callable[[], Any]
Run = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
Family = Literal[
    "pipes",
    "queues",
    "shared memory",
    "sockets",
    "managers",
    "signals",
    "executors",
    "in-process",
    "interpreters",
    "controls",
]
FAMILIES: tuple[Family, ...] = get_args(Family)
Many = Literal["one", "many"]
PORTS: tuple[str, ...] = ("channel", "cell", "signal", "executor")
CONTRACT = 1  # goes up whenever a mechanism that was written before would not work any more

# What a channel is sure to hold while nobody receives. A pipe has 16 pages of 4 KiB, which messages may leave half
# empty (pipe(7)); sockets have more. Queues of the kernel are as small as 16 KiB (msgmnb) or 10 messages
# (mq_overview(7), max_dgram_qlen). Where a large message waits for its receiver, 16 KiB are large. 64 B are for the
# header and for what pickle adds.
_SURE_BYTES = {"bytes": 32_768, "kernel": 16_384, "receiver": 16_384}
_SURE_MESSAGES = {"kernel": 8}
_HEADER = 64


_MANAGERS = ("manager", "tcp_manager")


class Helper(Protocol):
    """A process that ports have started; see measure.transports.external_server."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def death(self) -> Exception | None:
        """How it ended, if it did before it was told to."""

    def stop(self) -> None:
        """End it; harmless if it has ended."""


class PortSettings:
    """What a port is made from. size is bytes per payload, window messages in flight, workers the peers.

    payload is what travels; a channel that carries bytes is given arrays as byte views, see measure.api.arrays.

    Ports must draw every object from here, so that start method, names and helper processes are the visit's own.
    """

    def __init__(
        self, context: BaseContext, size: int, window: int, workers: int, payload: PayloadKind = "bytes"
    ) -> None:
        self.context = context
        self.size = size
        self.window = window
        self.workers = workers
        self.payload = payload
        self.cpus: Sequence[Sequence[int]] = ()  # of each worker that a port starts by itself; empty: wherever
        self.folder = tempfile.gettempdir()  # the visit's own, with a path short enough for a socket
        self.named = 0
        self.started: list[int] = []  # process ids of what ports have started beside the manager
        self.servers: dict[str, Helper] = {}  # by their programs

    def new_name(self) -> str:
        """A name for something in the system that nothing else has; it says whose it is, as `clean` and warden need."""
        self.named += 1
        visit: str = current_process()._config["semprefix"]  # type: ignore[attr-defined]  # see names.claim_names
        return f"{visit.lstrip('/')}-{os.getpid()}-{self.named}"

    def new_path(self) -> str:
        """A path of at most 107 bytes for a socket or a fifo that goes with the visit."""
        return os.path.join(self.folder, self.new_name())

    @functools.cached_property
    def manager(self) -> SyncManager:
        """One manager process for all ports of a visit, started at the first use."""
        return self.context.Manager()

    @functools.cached_property
    def tcp_manager(self) -> SyncManager:
        """One more that is reached over TCP, on loopback, with the key that all processes of this visit share."""
        from multiprocessing.managers import SyncManager

        manager = SyncManager(("127.0.0.1", 0), ctx=self.context)
        manager.start()
        return manager

    def helpers(self) -> list[int]:
        """Process ids of what ports had started beside the peers."""
        managers = [self.__dict__[name]._process.pid for name in _MANAGERS if name in self.__dict__]
        return [*managers, *self.started]

    def close(self) -> None:
        """End the helper processes; harmless when there are none, or twice."""
        for name in _MANAGERS:
            if name in self.__dict__:
                self.__dict__.pop(name).shutdown()
        while self.servers:
            _, server = self.servers.popitem()
            self.started.remove(server.pid)
            server.stop()

    def blame(self, error: Exception) -> Exception:
        """The end of a server behind an error, if one has ended before it was told to; else the error itself."""
        return next((death for server in self.servers.values() if (death := server.death())), error)


class Port(ABC):
    """One allocated thing that processes share."""

    @abstractmethod
    def __init__(self, settings: PortSettings) -> None:
        """Allocate everything, in the driver, before the peers exist."""

    def connect(self, side: Side) -> None:  # noqa: B027 - most ports are usable as they arrive
        """Make the port usable in this process; called once, after every peer has been started."""

    def close(self) -> None:  # noqa: B027 - most ports hold nothing that outlives their process
        """Give back what this process holds, used or not; harmless when called twice."""

    def destroy(self) -> None:  # noqa: B027 - most ports have no name in the system
        """Remove what outlives every process; called in the driver, at the end."""


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

    def careless_adder(self) -> Callable[[], object] | None:
        """The callable that adds 1 as users write it who forget the lock; None where nothing can be forgotten."""
        return None

    @abstractmethod
    def total(self) -> int:
        """The number."""

    @abstractmethod
    def set_total(self, number: int) -> None:
        """Set the number, while nobody else uses it."""


class Signal(Port):
    """Wakes one waiter per notification and carries nothing."""

    @abstractmethod
    def notifier(self) -> Callable[[], object]:
        """The callable that lets the other side's wait return; asked for once per process."""

    @abstractmethod
    def waiter(self) -> Callable[[], object]:
        """The callable that returns after the other side has notified; asked for once per process."""


class Executor(Port):
    """Has workers of its own, started in connect, that run tasks; settings.workers of them.

    The way from a task to its result is its own; the pattern says what a task is.
    """

    @abstractmethod
    def runner(self, operation: str) -> Run:
        """The callable that runs a task over items in the way `operation` names, and hands out the results.

        Results come in any order, as soon as the way allows; at most settings.window are outstanding where it has a
        say in that.
        """

    @abstractmethod
    def members(self) -> list[int]:
        """The system's ids of the workers, each of which has just answered; of the threads where they are threads."""


class Mechanism(NamedTuple):
    """A mechanism's facts, as its author declares them, and the ports it offers.

    short has at most 12 characters. senders and receivers say how many processes may use one channel. ordering is that
    of the messages one receiver gets. wait is what a receiver does meanwhile: sleep in the kernel, look again and
    again, or look every poll_interval seconds. bounded_by names what limits the messages in flight, `receiver` where
    large ones wait for theirs, holds how many a channel has room for where that is less than a window. copies counts
    those of a payload on its way, in user space and kernel. dead_peer says what a receiver notices of a killed sender.

    peers says who the other side is: processes of the visit, its threads, interpreters in its threads, workers of the
    mechanism's own, or nobody: a control sends to itself. control and baseline are never ranked: the one measures no
    transport, the other no processes. operations are the ways in which an executor runs tasks,
    least_workers how many it needs to be one.

    background_threads counts them per process that uses the port, background_processes per visit. smallest and largest
    are payloads in bytes, arrays says whether numpy's arrays can be sent. shared_memory and semaphores say what of
    the machine it needs, systems, machines and min_python where it exists, module what not every build of such a Python
    has, scope whether it reaches other hosts.

    requires are the packages to import that are not of the standard library, extra is what brings them with ipcbench
    (`pip install "ipcbench[extra]"`), empty in a plug-in, and licence their SPDX expression. needs_server is a program
    that ports start, in a Debian package of the same name. contract is the CONTRACT
    that the mechanism was written for.
    """

    name: str
    title: str
    short: str
    family: Family
    carries: Carries
    bounded_by: Literal["messages", "bytes", "slots", "kernel", "receiver", "nothing"]
    channel: type[Channel] | None = None
    cell: type[Cell] | None = None
    signal: type[Signal] | None = None
    executor: type[Executor] | None = None
    operations: tuple[str, ...] = ()
    least_workers: int = 1
    peers: Literal["processes", "threads", "interpreters", "own", "nobody"] = "processes"
    control: bool = False
    baseline: bool = False
    senders: Many = "one"
    receivers: Many = "one"
    duplex: bool = False
    ordering: Literal["total", "per sender", "per-sender", "none"] = "total"
    wait: Literal["block", "spin", "poll"] = "block"
    poll_interval: float = 0.0
    holds: int | None = None
    copies: int | None = None
    dead_peer: Literal["end of file", "end-of-file", "nothing", "an error", "an-error"] = "nothing"
    scope: Literal["host", "network"] = "host"
    smallest: int = 1
    largest: int | None = None
    arrays: bool = True
    shared_memory: bool = False
    semaphores: bool = True
    start_methods: tuple[StartMethod, ...] = START_METHODS
    systems: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    min_python: tuple[int, int] = (3, 11)
    module: str = ""
    requires: tuple[str, ...] = ()
    extra: str = ""
    licence: str = ""
    needs_server: str = ""
    only_patterns: tuple[str, ...] = ()
    background_threads: int = 0
    background_processes: int = 0
    caveats: tuple[str, ...] = ()
    contract: int = 1

    @property
    def ports(self) -> tuple[str, ...]:
        """The kinds of port it offers."""
        return tuple(port for port in PORTS if getattr(self, port))

    @property
    def ranked(self) -> bool:
        """Whether it is a way for processes to talk to each other, to be compared with others."""
        return not (self.control or self.baseline)

    @property
    def third_party(self) -> bool:
        """Whether it needs more than the standard library."""
        return bool(self.requires)

    @property
    def starts_peers(self) -> bool:
        """Whether a visit starts the other side, as many as the pattern has peers."""
        return self.peers in ("processes", "threads", "interpreters")

    def room(self, size: int, window: int) -> int:
        """How many messages of a size a channel is sure to hold while nobody receives, of a window; 0 is not even one.

        Where the limit is in bytes this is a lower bound, for whoever must not block in sending.
        """
        room = min(window, self.holds or window, _SURE_MESSAGES.get(self.bounded_by, window))
        sure = _SURE_BYTES.get(self.bounded_by)
        return room if sure is None else min(room, sure // (size + _HEADER))

    def unfit(
        self, port: str, size: int, senders: Many = "one", receivers: Many = "one", payload: PayloadKind = "bytes"
    ) -> str | None:
        """Why this mechanism cannot serve such a case anywhere, in words; None if it can."""
        if port not in self.ports:
            return f"{self.name} {_LACKS[port]}"
        ends = (senders, self.senders), (receivers, self.receivers)
        if port == "channel" and ("many", "one") in ends:
            return f"{self.name} is for {self.senders} sender and {self.receivers} receiver"
        if port == "signal":
            return None
        if self.carries == "number" and size != 8:
            return f"{self.name} carries one 8 B number"
        if payload != "bytes" and (self.carries == "number" or (payload == "object" and self.carries == "bytes")):
            return f"{self.name} carries {'an 8 B number' if self.carries == 'number' else 'bytes'}, and not {payload}s"
        if payload == "array" and not self.arrays:
            if self.family != "interpreters":
                return f"{self.name} carries plain objects, and no arrays"
            return f"{self.name} is between interpreters, and numpy can be imported in the first one only"
        if size < self.smallest:
            return f"{self.name} carries at least {self.smallest:,} B"
        if self.largest is not None and size > self.largest:
            return f"{self.name} carries at most {self.largest:,} B"
        return None

    def missing(self, python: tuple[int, int] = sys.version_info[:2]) -> str | None:
        """What it needs and this machine or that Python has not, in words; None where it exists."""
        if python < self.min_python:
            return f"{self.name} needs Python {'.'.join(map(str, self.min_python))}"
        if self.module and python == sys.version_info[:2] and not _has(self.module):
            return f"{self.name} needs the module {self.module}, which this Python was built without"
        lacking = [name for name in self.requires if python == sys.version_info[:2] and not is_installed(name)]
        if lacking:
            how = f': pip install "ipcbench[{self.extra}]"' if self.extra else ", which is not installed"
            return f"{self.name} needs {', '.join(lacking)}{how}"
        if self.needs_server and not find_program(self.needs_server):
            return f"{self.name} needs {self.needs_server}, which is not on PATH: apt-get install {self.needs_server}"
        if self.systems and sys.platform not in self.systems:
            return f"{self.name} exists on {', '.join(self.systems)}, and this is {sys.platform}"
        if self.machines and os.uname().machine not in self.machines:
            return f"{self.name} is correct on {', '.join(self.machines)}, and this is {os.uname().machine}"
        return None


@functools.cache
def is_installed(package: str) -> bool:
    """Whether a package could be imported, found without importing it."""
    return importlib.util.find_spec(package) is not None


def find_program(name: str) -> str | None:
    """Where a program is: on PATH, or in /usr/sbin, which has servers of Debian and is on nobody's PATH but root's."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))


def _has(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


_LACKS = {
    "channel": "carries no messages",
    "cell": "holds no state to read, write or add to",
    "signal": "gives no signal without a message",
    "executor": "runs no tasks of its own",
}
