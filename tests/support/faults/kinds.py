"""Faults on request: what can go wrong with a mechanism, where, in which process, and the expected verdict.

A fault is a mechanism name, so that the case id carries it like everything that a worker needs:
`ping-pong/fault:lose@operation#3:peer:queue/64B/1w` is a correct queue that loses a message at the third operation of
the peer. This module is the table of faults; `mechanism` makes the channel, `processes` and `messages` do the damage.

Points, each in one process:

    import      the mechanism is loaded                 operation   any send or receive
    setup       a port is allocated                     timed       a send or receive of a timed turn
    ready       a port is connected                     drain       a send or receive of the second verification
    teardown    a port is closed                        atexit      the process runs its exit functions

With `#N` a fault strikes when its point is passed the N-th time; if that never happens, there is no fault. Faults that
spoil messages continue from there to the end, because no check would find a single flipped bit in the middle of a timed
turn; only `lose` and `duplicate` strike once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

from ipcbench.errors import BadRequest
from ipcbench.model import StartMethod, Verdict

Role = Literal["worker", "peer"]
Point = Literal["import", "setup", "ready", "operation", "timed", "drain", "teardown", "atexit"]

PREFIX = "fault:"
TURNS: tuple[Point, ...] = ("timed", "operation", "drain")
ANYWHERE: tuple[Point, ...] = (*TURNS, "import", "setup", "ready", "teardown", "atexit")
VISIBLE: tuple[Point, ...] = (*TURNS, "setup", "ready", "teardown")  # between a worker's two looks at its own leaks
_RUNNING: tuple[Point, ...] = (*TURNS, "ready", "teardown", "atexit")  # multiprocessing cannot start without stdio
_IN_THE_WORKER: tuple[Point, ...] = ("import", "setup")  # no peer exists yet


class Kind(NamedTuple):
    """A kind of fault. The first of `roles` and of `points` is the default; `pattern` is the one that shows the fault.

    verdicts: the right ones, the expected one first. mentions: text that the detail must contain (see mentioned).
    note: a note that the outcome must have.
    """

    does: str
    verdicts: tuple[Verdict, ...]
    roles: tuple[Role, ...] = ("peer", "worker")
    points: tuple[Point, ...] = ANYWHERE
    mentions: str = ""
    note: str = ""
    pattern: str = "ping-pong"


_WORKER: tuple[Role, ...] = ("worker",)
_WORKER_FIRST: tuple[Role, ...] = ("worker", "peer")

KINDS: dict[str, Kind] = {
    "none": Kind("nothing: a fault found here is a false alarm", ("ok",)),
    # Ends of a process.
    "raise": Kind("raises an exception", ("failed",), mentions="RuntimeError: a fault on request"),
    "exit3": Kind("leaves through sys.exit(3)", ("failed",), mentions="code 3"),
    "os-exit": Kind("leaves through os._exit(4)", ("failed",), mentions="code 4"),
    "segv": Kind("reads from address 0", ("failed",), mentions="SIGSEGV"),
    "abort": Kind("calls abort()", ("failed",), mentions="SIGABRT"),
    "sigbus": Kind("reads behind the end of a mapped file", ("failed",), mentions="SIGBUS"),
    "sigkill": Kind("is killed, as by the system when memory runs out", ("failed",), mentions="SIGKILL"),
    "exit0": Kind("leaves early with code 0", ("failed",)),
    "emfile": Kind("has no descriptors left", ("failed",), _WORKER_FIRST, mentions="Too many open files"),
    # Processes that do not end.
    "stop": Kind("stops itself with SIGSTOP", ("timed-out",)),
    "hang": Kind("waits for what never comes", ("timed-out",)),
    "hang-ignoring-term": Kind("waits, and ignores SIGTERM, SIGINT and SIGHUP", ("timed-out",), _WORKER_FIRST),
    "spin": Kind("computes without end", ("timed-out",), _WORKER_FIRST),
    "lock-dead": Kind("dies with a lock that the others wait for", ("failed", "timed-out"), ("peer",), TURNS),
    # Output.
    "flood": Kind("prints 4 MiB", ("ok",), _WORKER_FIRST, note="flooded"),
    "close-stdio": Kind("closes its standard input, output and error", ("ok",), _WORKER_FIRST, _RUNNING),
    # Things left behind.
    "leak-process": Kind("leaves a child running", ("leaked",), _WORKER_FIRST, mentions="process"),
    "leak-daemon": Kind("leaves a grandchild in a session of its own", ("leaked",), _WORKER_FIRST, mentions="process"),
    "leak-thread": Kind("leaves a thread running", ("leaked",), _WORKER, VISIBLE, mentions="thread"),
    "leak-fd": Kind("leaves a descriptor open", ("leaked",), _WORKER, VISIBLE, mentions="descriptor"),
    "leak-shm": Kind("leaves a shared-memory object", ("leaked",), _WORKER_FIRST, mentions="-fault"),
    "leak-semaphore": Kind("leaves a named semaphore", ("leaked",), _WORKER_FIRST, mentions="-fault"),
    "leak-socket": Kind("leaves a listening socket", ("leaked",), _WORKER_FIRST, mentions="fault.sock"),
    "leak-temp": Kind("leaves a temporary folder", ("leaked",), _WORKER_FIRST, mentions="fault-"),
    "leak-env": Kind("changes the environment", ("leaked",), _WORKER, VISIBLE, mentions="IPCBENCH_FAULT"),
    "leak-handler": Kind("leaves a signal handler", ("leaked",), _WORKER, VISIBLE, mentions="SIGUSR2"),
    # Messages that differ from those sent, or that never travelled.
    "lose": Kind("loses a message", ("timed-out",), points=TURNS),
    "duplicate": Kind("delivers a message twice", ("unverified",), points=TURNS),
    "reorder": Kind("swaps messages in pairs", ("unverified",), _WORKER_FIRST, TURNS, pattern="stream"),
    "corrupt": Kind("flips a bit", ("unverified",), points=TURNS),
    "lie": Kind("counts one operation too many", ("unverified",), points=("timed",)),
    "short": Kind("leaves out the last byte", ("unverified",), points=TURNS),
    "stale": Kind("delivers the message before", ("unverified",), points=TURNS),
    "echo-local": Kind(
        "answers the driver in its own process and hands the peer zeros", ("unverified",), _WORKER, TURNS
    ),
    "cached": Kind("receives one message and returns it for ever", ("unverified",), _WORKER_FIRST, TURNS),
    "fewer-workers": Kind(
        "gives the driver's process id for the peers', as threads would",
        ("unverified",),
        ("peer",),
        ("ready",),
    ),
    # Impossible numbers.
    "time-zero": Kind("takes no time", ("failed",), _WORKER, ("timed",)),
    "time-negative": Kind("takes less than no time", ("failed",), _WORKER, ("timed",)),
    "time-nan": Kind("takes not a number", ("failed",), _WORKER, ("timed",)),
    "time-inf": Kind("takes for ever", ("failed",), _WORKER, ("timed",)),
    "time-tiny": Kind("takes a millionth of its time", ("unverified",), _WORKER, ("timed",)),
    "result-none": Kind("removes its result", ("failed",), _WORKER, ("atexit",), mentions="result"),
    "result-garbage": Kind("spoils its result", ("failed",), _WORKER, ("atexit",), mentions="result"),
    "result-huge": Kind("blows its result up to 20 MiB", ("failed",), _WORKER, ("atexit",), mentions="result"),
}

_CRASHES = ("raise", "exit3", "os-exit", "segv", "abort", "sigbus", "sigkill", "exit0", "emfile")
_HANGS = ("stop", "hang", "hang-ignoring-term", "spin")


class Fault(NamedTuple):
    """One fault: its kind, where and in which process it strikes, and the mechanism that it makes faulty."""

    kind: str
    point: Point
    nth: int
    role: Role
    base: str = "pipe"

    @property
    def name(self) -> str:
        """The text that parses to this fault, without those parts at its end that have their default."""
        kind = KINDS[self.kind]
        text = f"{PREFIX}{self.kind}"
        text += f"@{self.point}" * (self.point != kind.points[0]) + f"#{self.nth}" * (self.nth != 1)
        if self.base != "pipe":
            return f"{text}:{self.role}:{self.base}"
        return text if self.role == default_role(kind, self.point) else f"{text}:{self.role}"


class Deviation(NamedTuple):
    """An exception to the verdicts of a kind; empty fields match everything. why: the reason, for readers."""

    kinds: Sequence[str]
    verdicts: tuple[Verdict, ...]
    why: str
    points: Sequence[Point] = ()
    roles: Sequence[Role] = ()
    start_methods: Sequence[StartMethod] = ()

    def covers(self, fault: Fault, start_method: StartMethod) -> bool:
        """Return whether the exception applies to this fault."""
        return (
            fault.kind in self.kinds
            and fault.point in (self.points or (fault.point,))
            and fault.role in (self.roles or (fault.role,))
            and start_method in (self.start_methods or (start_method,))
        )


# The first one that covers a fault counts.
DEVIATIONS = (
    Deviation(
        ("raise", "exit3", "emfile", "exit0"),
        ("ok",),
        "Python only prints what an exit function raises, and the result was complete",
        ("atexit",),
        ("worker",),
    ),
    Deviation(
        ("raise", "emfile", "exit0"), ("ok",), "the peer has done its part and ends with code 0", ("atexit",), ("peer",)
    ),
    Deviation(("exit0",), ("ok",), "a peer that ends with code 0 when told to stop is right", ("teardown",), ("peer",)),
    Deviation(
        _HANGS,
        ("timed-out", "failed"),
        "the driver waits 5 s for a peer that was told to stop, and the deadline may come later",
        ("teardown", "atexit"),
        ("peer",),
    ),
    Deviation(
        _HANGS,
        ("unverified", "timed-out"),
        "a verification turn has its own limit, which the driver enforces unless it is stopped",
        ("operation", "drain"),
    ),
    Deviation(
        (*_CRASHES, "lock-dead"),
        ("failed", "unverified"),
        "a peer of a forkserver is not the driver's child: if no connection breaks, only the turn's limit remains",
        ("operation", "drain"),
        ("peer",),
        ("forkserver",),
    ),
    Deviation(
        _CRASHES,
        ("failed", "timed-out"),
        "a peer of a forkserver is not the driver's child: if no connection breaks, only the deadline remains",
        roles=("peer",),
        start_methods=("forkserver",),
    ),
    Deviation(
        ("lose",),
        ("unverified",),
        "a verification turn has its own limit, at which a message that is still missing counts as lost",
        ("operation", "drain"),
    ),
)


def expected(fault: Fault, start_method: StartMethod) -> tuple[Verdict, ...]:
    """Return the right verdicts for a fault, the expected one first."""
    for deviation in DEVIATIONS:
        if deviation.covers(fault, start_method):
            return deviation.verdicts
    return KINDS[fault.kind].verdicts


def mentioned(fault: Fault) -> str:
    """Return text that the detail must contain; empty for what a peer says after it was told to stop."""
    listening = fault.role == "worker" or fault.point not in ("teardown", "atexit")
    return KINDS[fault.kind].mentions if listening or fault.kind not in ("raise", "emfile") else ""


def default_role(kind: Kind, point: Point) -> Role:
    """Return the role of a fault that names none."""
    return "worker" if point in _IN_THE_WORKER else kind.roles[0]


_SYNTAX = re.compile(
    r"fault:(?P<kind>[a-z0-9-]+)(@(?P<point>[a-z]+))?(#(?P<nth>[1-9][0-9]{0,8}))?"
    r"(:(?P<role>[a-z]+)(:(?P<base>[a-z0-9]+(-[a-z0-9]+)*))?)?"
)


def parse_fault(text: str) -> Fault:
    """Read `fault:KIND@POINT#N:ROLE:BASE`, all but KIND optional; raises BadRequest."""
    found = _SYNTAX.fullmatch(text)
    if not found or found["kind"] not in KINDS:
        raise BadRequest(f"not a fault: {text!r}; expected such as 'fault:lose@operation#3:peer:queue'")
    kind = KINDS[found["kind"]]
    point = found["point"] or kind.points[0]
    if point not in kind.points:
        raise BadRequest(f"not a fault: {text!r}; {found['kind']} strikes at {', '.join(kind.points)}")
    role = found["role"] or default_role(kind, cast(Point, point))
    if role not in kind.roles or (role == "peer" and point in _IN_THE_WORKER):
        raise BadRequest(f"not a fault: {text!r}; {found['kind']} at {point} is not for a {role}")
    return Fault(found["kind"], cast(Point, point), int(found["nth"] or 1), cast(Role, role), found["base"] or "pipe")
