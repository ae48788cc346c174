"""The words of the project as frozen types: what is asked (Case, Skip), done (Visit) and found (Outcome, Failure).

Named tuples here and in measure/, not dataclasses: every visit is a fresh process that pays for them again, and making
a frozen, slotted dataclass takes 1.6 ms where a named tuple takes 0.2 (2-CPU virtual machine, Python 3.11).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from ipcbench.errors import BadRequest
from ipcbench.units import parse_size, size_name

StartMethod = Literal["fork", "forkserver", "spawn"]
Placement = Literal["spread", "pack", "free"]
PayloadKind = Literal["bytes", "object", "array"]
Verdict = Literal["ok", "failed", "timed-out", "unverified", "wrong", "leaked", "unsupported"]

START_METHODS: tuple[StartMethod, ...] = ("fork", "forkserver", "spawn")
PLACEMENTS: tuple[Placement, ...] = ("spread", "pack", "free")
PAYLOADS: tuple[PayloadKind, ...] = ("bytes", "object", "array")
# Verdicts without a number, the worst last. Like an outcome a wrong result counts for more than a first attempt that
# failed.
SEVERITY: tuple[Verdict, ...] = ("unsupported", "failed", "timed-out", "wrong", "leaked", "unverified")
MOST_WORKERS = 1024
_PYTHON = re.compile(r"(py|pypy|graalpy)[0-9]{1,2}\.[0-9]{1,3}[a-z0-9.]{0,20}")


# What may happen to the machine during a visit, as notes of it; run.containment.disturbances says when.
TOUCHED = ("loaded", "stolen", "throttled", "suspended", "affinity-changed", "paused")


class Case(NamedTuple):
    """One question with one answer: how long does this operation take with this mechanism?

    size is the payload in bytes; workers counts the peers beside the driver; operation is the variant of a pattern
    that asks about more than one, such as `read` and `write` of `access`, and empty for the others. python is the tag
    of an interpreter, such as 'py3.13.0', where a run chooses some, and empty for the one that ipcbench runs under.
    """

    pattern: str
    mechanism: str
    size: int
    workers: int = 1
    operation: str = ""
    payload: PayloadKind = "bytes"
    start_method: StartMethod = "fork"
    placement: Placement = "spread"
    python: str = ""

    @property
    def question(self) -> str:
        """Pattern and operation: 'ping-pong', 'access:read'."""
        return f"{self.pattern}:{self.operation}" if self.operation else self.pattern

    @property
    def id(self) -> str:
        """Text that parses back and names the pyperf benchmark; settings at their default stay out of it.

        The same question thus has the same id on every machine: 'ping-pong/queue/64B/1w', '…/1w/array/spawn/pack'.
        """
        parts = [self.question, self.mechanism, size_name(self.size), f"{self.workers}w"]
        defaults = (self.payload, "bytes"), (self.start_method, "fork"), (self.placement, "spread"), (self.python, "")
        return "/".join(parts + [value for value, default in defaults if value != default])

    @property
    def block(self) -> tuple[str, int, int, str, str, str]:
        """What the cases share that a reader will compare: everything but mechanism and Python."""
        return (self.question, self.size, self.workers, self.payload, self.start_method, self.placement)

    @classmethod
    def parse(cls, text: str) -> Case:
        """Read an id back; raises BadRequest if it is none."""
        return _parsed(text)


@lru_cache(maxsize=4096)  # a results file names each of its cases for every visit
def _parsed(text: str) -> Case:
    try:
        question, mechanism, size, workers, *settings = text.split("/")
        if not (question and mechanism and workers.endswith("w")):
            raise ValueError
        pattern, _, operation = question.partition(":")
        case = Case(pattern, mechanism, parse_size(size), int(workers[:-1]), operation)
        for setting in settings:
            case = _with_setting(case, setting)
    except (ValueError, BadRequest) as error:
        raise BadRequest(f"not a case id: {text!r}; expected such as 'ping-pong/queue/64B/1w'") from error
    if case.id != text:
        raise BadRequest(f"not a case id: {text!r}; did you mean {case.id!r}?")
    return case


def _with_setting(case: Case, text: str) -> Case:
    for payload in PAYLOADS:
        if text == payload:
            return case._replace(payload=payload)
    for method in START_METHODS:
        if text == method:
            return case._replace(start_method=method)
    for placement in PLACEMENTS:
        if text == placement:
            return case._replace(placement=placement)
    if _PYTHON.fullmatch(text):
        return case._replace(python=text)
    raise ValueError(text)


class Interpreter(NamedTuple):
    """A Python that visits can be made under; tag is its name in case ids: 'py3.13.0', number (3, 13).

    numpy says whether it has that, which arrays need; plugins are the names of those that are installed there.
    """

    tag: str
    executable: str
    implementation: str
    version: str
    number: tuple[int, int]
    numpy: bool = True
    plugins: tuple[str, ...] = ()


class Skip(NamedTuple):
    """A case that was asked for and cannot run, with the reason in words."""

    case: Case
    reason: str


class Capabilities(NamedTuple):
    """What this machine can offer a case.

    cpus counts the usable ones; memory and shared_memory are free bytes, memory None where that is not known;
    semaphores is why there are none, or None.
    """

    cpus: int
    memory: int | None
    shared_memory: int
    semaphores: str | None
    start_methods: tuple[str, ...]


class Budget(NamedTuple):
    """When a run ends: after `rounds` where given, else when `seconds` are spent, within least and most rounds.

    precision, a share, adds rounds of the blocks whose medians are not known to ± that much: where `rounds` are given
    up to twice as many, else within the seconds, of which the rounds of all cases then take no more than they need.
    """

    seconds: float | None = None
    rounds: int | None = None
    least_rounds: int = 1
    most_rounds: int = 10_000
    precision: float | None = None


class Timing(NamedTuple):
    """How a visit spends its time: values and warm-ups per visit, and the shortest value in seconds."""

    values: int = 5
    warmups: int = 1
    min_time: float = 0.05


class Visit(NamedTuple):
    """One case in one round: one fresh worker process. Round 0 calibrates, and then loops is None."""

    case: Case
    round: int
    position: int
    loops: int | None = None


class Failure(NamedTuple):
    """A visit without a number: what, at which stage, in words; stack says where each thread stood, if it hung."""

    verdict: Verdict
    stage: str
    detail: str
    stack: str = ""


class Outcome(NamedTuple):
    """What one visit found. Times in seconds; values and warm-ups per operation.

    cpu_user and cpu_system are the seconds all processes of the visit spent over its timed values, operations the
    count they were spent on. cpus says where each process was allowed to run, driver first. notes are doubts about the
    visit, such as "flooded"; proof names what was shown to have moved: "counts", "last", "digests". tail counts single
    operations by the bucket of their delay, in nanoseconds, where each was timed; see measure.api.histogram.
    """

    values: tuple[float, ...]
    warmups: tuple[tuple[int, float], ...]
    loops: int
    operations: int
    cpu_user: float
    cpu_system: float
    context_switches: int
    wall: float
    cpus: tuple[tuple[int, ...], ...]
    metadata: dict[str, str | int | float]
    notes: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()
    tail: tuple[tuple[int, int], ...] = ()
