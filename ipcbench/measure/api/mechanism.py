"""The facts of a mechanism, as its author declares them, and which cases they allow.

A mechanism is one file that ends with `MECHANISM = Mechanism(...)`. The first six fields and the class of one port are
required; all others have a default.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import sys
from typing import Any, Literal, NamedTuple, get_args

from ipcbench.measure.api.payload import Carries, load_kind
from ipcbench.measure.api.ports import PORTS, Cell, Channel, Executor, Signal
from ipcbench.model import PAYLOADS, START_METHODS, StartMethod

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
BoundedBy = Literal["messages", "bytes", "slots", "kernel", "receiver", "nothing"]
Peers = Literal["processes", "threads", "interpreters", "own", "nobody"]
Many = Literal["one", "many"]
Ordering = Literal["total", "per sender", "per-sender", "none"]
Wait = Literal["block", "spin", "poll"]
DeadPeer = Literal["end of file", "end-of-file", "nothing", "an error", "an-error"]
Scope = Literal["host", "network"]

FAMILIES: tuple[Family, ...] = get_args(Family)
CHOICES: dict[str, tuple[str, ...]] = {  # the allowed values of each field that has a closed list of them
    "family": FAMILIES,
    "carries": get_args(Carries),
    "bounded_by": get_args(BoundedBy),
    "peers": get_args(Peers),
    "senders": get_args(Many),
    "receivers": get_args(Many),
    "ordering": get_args(Ordering),
    "wait": get_args(Wait),
    "dead_peer": get_args(DeadPeer),
    "scope": get_args(Scope),
    "start_methods": START_METHODS,
    "payloads": PAYLOADS,
}
_SEVERAL = ("start_methods", "payloads")  # fields with any number of their allowed values
CONTRACT = 1  # incremented by any change that breaks mechanisms written for an earlier contract

# What every channel holds while nobody receives. A pipe has 16 pages of 4 KiB, which messages may leave half empty
# (pipe(7)); sockets have more. Kernel queues can be as small as 16 KiB (msgmnb) or 10 messages (mq_overview(7),
# max_dgram_qlen). A channel that makes a large message wait for its receiver accepts at least 16 KiB. The 64 B cover
# the header and what pickle adds.
_SURE_BYTES = {"bytes": 32_768, "kernel": 16_384, "receiver": 16_384}
_SURE_MESSAGES = {"kernel": 8}
_HEADER = 64


class Mechanism(NamedTuple):
    """One way for processes to share data: its facts, and a class for each port that it offers."""

    # --- What it is -------------------------------------------------------------------------------------------------

    # Identifier: the file's name, or the entry point's, with hyphens. At most 32 lower-case letters, digits, hyphens.
    name: str
    # One line for lists and tables.
    title: str
    # Label for charts: 1 to 12 characters; no other mechanism of ipcbench has it.
    short: str
    # Group in reports: a value of Family.
    family: Family

    # --- What it carries, and its bounds ----------------------------------------------------------------------------

    # What a message is: "objects" (pickled), "bytes", "number" (one of 8 B), "reference" (not copied), "nothing".
    carries: Carries
    # What stops a sender while nobody receives: "messages", "bytes", "slots" (of the mechanism's own memory), "kernel"
    # (a limit of the kernel's), "receiver" (a large message waits for its receiver), or "nothing".
    bounded_by: BoundedBy
    # The class of each port that it offers; at least one. Default None: not offered.
    channel: type[Channel] | None = None
    cell: type[Cell] | None = None
    signal: type[Signal] | None = None
    executor: type[Executor] | None = None
    # Messages that a channel has room for. Default None: a whole window.
    holds: int | None = None
    # Smallest and largest payload, in bytes. Default 1 and None: no upper limit.
    smallest: int = 1
    largest: int | None = None
    # Whether it can send numpy arrays and instances of classes, not only plain objects. Default True.
    arrays: bool = True
    # Kinds of payload that it can send, by name, if these are few. Default (): every kind that fits the facts above.
    payloads: tuple[str, ...] = ()
    # Whether all messages must have exactly the size that a port was made for. Default False: they may be smaller.
    exact: bool = False
    # Copies of a payload on its way, in user space and kernel together. Default None: unknown.
    copies: int | None = None
    # Order of the messages that one receiver gets: "total", "per sender" or "none". Default "total".
    ordering: Ordering = "total"

    # --- Who its peers are ------------------------------------------------------------------------------------------

    # The other side: "processes" or "threads" of the visit, "interpreters" in its threads, "own" (workers that the
    # mechanism starts), or "nobody" (a control that sends to itself). Default "processes".
    peers: Peers = "processes"
    # Processes that may use each end of one channel: "one" or "many". Default "one".
    senders: Many = "one"
    receivers: Many = "one"
    # Whether one channel carries both directions. Default False.
    duplex: bool = False
    # Whether it reaches other hosts: "host" or "network". Default "host".
    scope: Scope = "host"
    # Ways in which an executor runs tasks, the names that Executor.runner() accepts. Default (): no executor.
    operations: tuple[str, ...] = ()
    # Fewest workers that an executor can have. Default 1.
    least_workers: int = 1
    # Patterns that it is measured in, by name. Default (): every pattern that fits.
    only_patterns: tuple[str, ...] = ()

    # --- How it waits and fails -------------------------------------------------------------------------------------

    # What a waiting receiver does: "block" (sleeps in the kernel), "spin" (tests again and again), "poll" (tests once
    # per interval). Default "block". Each way is ranked apart.
    wait: Wait = "block"
    # Seconds between two tests of a receiver that polls, 0 for any other. Default 0.
    poll_interval: float = 0.0
    # What a receiver notices when its sender is killed: "end of file", "an error" or "nothing". Default "nothing".
    dead_peer: DeadPeer = "nothing"
    # Threads that it starts in each process that uses the port. Default 0.
    background_threads: int = 0
    # Processes that it starts in a visit, beside the peers. Default 0.
    background_processes: int = 0

    # --- Where it exists --------------------------------------------------------------------------------------------

    # Start methods that work: "fork", "forkserver", "spawn". Default: all three.
    start_methods: tuple[StartMethod, ...] = START_METHODS
    # Values of sys.platform. Default (): everywhere.
    systems: tuple[str, ...] = ()
    # Values of os.uname().machine. Default (): everywhere.
    machines: tuple[str, ...] = ()
    # Oldest Python, as (major, minor). Default (3, 11).
    min_python: tuple[int, int] = (3, 11)

    # --- What it needs ----------------------------------------------------------------------------------------------

    # Whether it needs POSIX shared memory (/dev/shm). Default False.
    shared_memory: bool = False
    # Whether it needs POSIX semaphores. Default True.
    semaphores: bool = True
    # Module of the standard library that some builds of Python lack. Default "": none.
    module: str = ""
    # Packages that it imports beyond the standard library, by import name. Default (): none.
    requires: tuple[str, ...] = ()
    # What installs them: pip install "ipcbench[EXTRA]". Default "", always so in a plug-in.
    extra: str = ""
    # SPDX expression of their licences. Default "".
    licence: str = ""
    # Program that its ports start, in a Debian package of the same name. Default "": none.
    needs_server: str = ""
    # The CONTRACT that it was written for. Default 1.
    contract: int = 1

    # --- What a reader should know ----------------------------------------------------------------------------------

    # Whether it measures no transport; a control is never ranked. Default False.
    control: bool = False
    # Whether it reaches no other process, or shows a trap; a baseline is never ranked. Default False.
    baseline: bool = False
    # Its traps, one sentence each. Default ().
    caveats: tuple[str, ...] = ()

    @property
    def ports(self) -> tuple[str, ...]:
        """The kinds of port that it offers."""
        return tuple(port for port in PORTS if getattr(self, port))

    @property
    def ranked(self) -> bool:
        """Whether it is compared with other mechanisms: neither a control nor a baseline."""
        return not (self.control or self.baseline)

    @property
    def third_party(self) -> bool:
        """Whether it needs more than the standard library."""
        return bool(self.requires)

    @property
    def usual_payload(self) -> str:
        """The kind of payload that it is tried with: bytes, if it carries them."""
        return self.payloads[0] if self.payloads else "bytes"

    @property
    def starts_peers(self) -> bool:
        """Whether a visit starts the other side, as many peers as the pattern has."""
        return self.peers in ("processes", "threads", "interpreters")

    def room(self, size: int, window: int) -> int:
        """Return how many messages of `size` bytes a channel surely holds while nobody receives, 0 to `window`.

        A lower bound where the limit is in bytes: a sender that stays below it never blocks.
        """
        room = min(window, self.holds or window, _SURE_MESSAGES.get(self.bounded_by, window))
        sure = _SURE_BYTES.get(self.bounded_by)
        return room if sure is None else min(room, sure // (size + _HEADER))

    def wrong_fact(self) -> str | None:
        """Return one line about the first field whose value is not allowed, with the values that are; else None."""
        for field, allowed in CHOICES.items():
            value: Any = getattr(self, field)
            several = value if field in _SEVERAL and isinstance(value, tuple) else (value,)
            if not set(several) <= set(allowed):
                return f"{field} is {value!r}: expected {', '.join(map(repr, allowed))}"
        return None

    def unfit(
        self, port: str, size: int, senders: Many = "one", receivers: Many = "one", payload: str = "bytes"
    ) -> str | None:
        """Return why the mechanism cannot serve such a case on any machine, in words; None if it can."""
        if port not in self.ports:
            return f"{self.name} {_LACKS[port]}"
        ends = (senders, self.senders), (receivers, self.receivers)
        if port == "channel" and ("many", "one") in ends:
            return f"{self.name} is for {self.senders} sender and {self.receivers} receiver"
        if port == "signal":
            return None
        if self.carries == "number" and size != 8:
            return f"{self.name} carries one 8 B number"
        kind = load_kind(payload)
        if self.payloads and not {payload, kind.like} & {*self.payloads}:
            known = (load_kind(name).title for name in self.payloads)
            return f"{self.name} carries {' or '.join(known)}, and not {kind.title}"
        if kind.only_by and self.carries == "objects" and kind.only_by not in self.requires:
            return f"{self.name} carries {kind.title} as {kind.only_by} makes it: choose {kind.only_by}-*"
        if self.carries == "number" and payload != "bytes":
            return f"{self.name} carries an 8 B number, and not {kind.title}"
        if not kind.plain and not self.arrays:
            if self.family != "interpreters" or not kind.requires:
                return f"{self.name} carries plain objects, and not {kind.title}"
            return f"{self.name} is between interpreters, and {kind.requires[0]} can be imported in the first one only"
        if self.carries == "bytes" and kind.coded and port == "cell":
            return f"{self.name} holds bytes, and not {kind.title}"
        if self.carries == "bytes" and self.exact and (kind.beside or kind.varies):
            return f"{self.name} carries messages of one size, and those of {kind.title} differ"
        if size < self.smallest:
            return f"{self.name} carries at least {self.smallest:,} B"
        if self.largest is not None and size + kind.beside > self.largest:
            more = f", and {kind.title} takes up to {kind.beside:,} B more than its size" if kind.beside else ""
            return f"{self.name} carries at most {self.largest:,} B{more}"
        return None

    def missing(self, python: tuple[int, int] = sys.version_info[:2]) -> str | None:
        """Return what the mechanism needs and this machine, or that Python, lacks, in words; None if nothing."""
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
    """Return whether a package can be imported, without importing it."""
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False


def find_program(name: str) -> str | None:
    """Return the path of a program on PATH or in /usr/sbin, where Debian puts servers; None if there is none."""
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
