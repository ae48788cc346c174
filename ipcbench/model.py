"""The vocabulary of the project as frozen types: Case, Skip, Visit, Outcome, Failure and what they consist of.

These and the types in measure/ are named tuples, not dataclasses, since every visit is a new process that defines them
again: a frozen, slotted dataclass takes 1.6 ms to define, a named tuple 0.2 ms (2-CPU virtual machine, Python 3.11).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from ipcbench.errors import BadRequest
from ipcbench.units import parse_size, size_name

StartMethod = Literal["fork", "forkserver", "spawn"]
Placement = Literal["spread", "pack", "free"]
Cpus = Literal["idle", "awake"]
Verdict = Literal["ok", "failed", "timed-out", "unverified", "wrong", "leaked", "unsupported"]

START_METHODS: tuple[StartMethod, ...] = ("fork", "forkserver", "spawn")
PLACEMENTS: tuple[Placement, ...] = ("spread", "pack", "free")
CPUS: tuple[Cpus, ...] = ("idle", "awake")
PAYLOADS = ("bytes", "str", "object", "dataclass", "array", "dataframe", "arrow", "tensor")  # see measure/payloads/
# Verdicts without a value, the worst last. A wrong result, like an outcome, outweighs a first attempt that failed.
SEVERITY: tuple[Verdict, ...] = ("unsupported", "failed", "timed-out", "wrong", "leaked", "unverified")
MOST_WORKERS = 1024
_VERSION = re.compile(r"(py|pypy|graalpy)[0-9]{1,2}\.[0-9]{1,3}[a-z0-9.]{0,20}")
_WORD = re.compile(r"[a-z][a-z0-9]{0,19}(-[a-z0-9]{1,19}){0,3}")
_OWN = re.compile(r"[a-z][a-z0-9-]{0,30}-[0-9a-f]{8}")
# Words that mean something else in a case id, or that `compare` shows for a case without a name.
_TAKEN = {*PAYLOADS, *START_METHODS, *PLACEMENTS, *CPUS, "none"}


# Notes of a visit on what happened to the machine meanwhile; run.containment.disturbances defines them.
TOUCHED = ("loaded", "stolen", "throttled", "suspended", "affinity-changed", "paused")


class Case(NamedTuple):
    """One question: how long does this operation take with this mechanism?

    size is the payload in bytes; workers is the number of peers beside the driver; operation is the variant of the
    pattern, such as `read` or `write` of `access`, and empty for a pattern without variants. payload is a kind, or the
    name of an OwnPayload. cpus says whether the CPUs that have nothing to do may sleep. python is the tag of an
    interpreter given with --python, such as 'py3.13.0' or a name of the user's, and empty for the one that runs
    ipcbench.
    """

    pattern: str
    mechanism: str
    size: int
    workers: int = 1
    operation: str = ""
    payload: str = "bytes"
    start_method: StartMethod = "fork"
    placement: Placement = "spread"
    cpus: Cpus = "idle"
    python: str = ""

    @property
    def question(self) -> str:
        """Pattern and operation: 'ping-pong', 'access:read'."""
        return f"{self.pattern}:{self.operation}" if self.operation else self.pattern

    @property
    def id(self) -> str:
        """Return the id, which `parse` reads and which names the pyperf benchmark: 'ping-pong/queue/64B/1w'.

        Settings at their default are left out, so that a question has the same id on every machine; others follow:
        '…/1w/array/spawn/pack'.
        """
        parts = [self.question, self.mechanism, size_name(self.size), f"{self.workers}w"]
        defaults = (
            (self.payload, "bytes"),
            (self.start_method, "fork"),
            (self.placement, "spread"),
            (self.cpus, "idle"),
            (self.python, ""),
        )
        return "/".join(parts + [value for value, default in defaults if value != default])

    @property
    def block(self) -> tuple[str, int, int, str, str, str, str]:
        """Return everything but mechanism and Python; cases with equal blocks are compared with each other."""
        return (self.question, self.size, self.workers, self.payload, self.start_method, self.placement, self.cpus)

    @classmethod
    def parse(cls, text: str) -> Case:
        """Parse an id; raises BadRequest if it is not one."""
        return _parsed(text)


@lru_cache(maxsize=4096)  # a results file repeats the id of a case for every visit
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
    if text in PAYLOADS or names_payload(text):
        return case._replace(payload=text)
    for method in START_METHODS:
        if text == method:
            return case._replace(start_method=method)
    for placement in PLACEMENTS:
        if text == placement:
            return case._replace(placement=placement)
    for cpus in CPUS:
        if text == cpus:
            return case._replace(cpus=cpus)
    if _VERSION.fullmatch(text) or names_python(text):
        return case._replace(python=text)
    raise ValueError(text)


def names_python(text: str) -> bool:
    """Return whether a user may give an interpreter this name: a short word that has no other meaning in a case id."""
    return text not in _TAKEN and not names_payload(text) and _WORD.fullmatch(text) is not None


def names_payload(text: str) -> bool:
    """Return whether this is the name of a payload of a user's, such as 'frames-3f2a1b9c'."""
    return _OWN.fullmatch(text) is not None


class OwnPayload(NamedTuple):
    """A payload of the user's: messages made by a function, or read from a file or a folder.

    name is what case ids call it; its last digits are of the digest of the messages. source is what the user gave,
    'module:function' or a path, and folder where it is found from; trusted allows pickles. of is the type of the
    messages. form is that of measure.api.own: how a channel of bytes carries them, and the size of the largest. digests
    are those of the messages, by the tag of the Python.
    """

    name: str
    source: str
    folder: str
    trusted: bool
    of: str
    form: tuple[str, int, bool, str, tuple[int, ...]]
    digests: dict[str, tuple[str, ...]]

    @property
    def size(self) -> int:
        """The bytes of the largest message on its way."""
        return self.form[1]


class OwnWork(NamedTuple):
    """A function of the user's that receivers call with each message.

    name is what case ids call it; its last digits are of the source text of its module. source is what the user gave,
    'module:function', and folder where it is found from.
    """

    name: str
    source: str
    folder: str


class Interpreter(NamedTuple):
    """A Python that can run visits. tag is its name in case ids: 'py3.13.0', or the user's; number is (3, 13).

    libraries are the packages it has of those that kinds of payload need; plugins are the names of its installed
    plug-ins.
    """

    tag: str
    executable: str
    implementation: str
    version: str
    number: tuple[int, int]
    libraries: tuple[str, ...] = ("numpy",)
    plugins: tuple[str, ...] = ()


class Skip(NamedTuple):
    """A requested case that cannot run, with the reason in words."""

    case: Case
    reason: str


class Capabilities(NamedTuple):
    """What this machine offers to cases.

    cpus is the number of usable CPUs; memory and shared_memory are free bytes, memory is None if unknown; semaphores is
    the reason why there are none, or None if there are; asleep is the reason why CPUs cannot be kept awake, or None if
    they can. cores is the number of cores that the CPUs are threads of.
    """

    cpus: int
    memory: int | None
    shared_memory: int
    semaphores: str | None
    start_methods: tuple[str, ...]
    asleep: str | None = None
    cores: int = 1024


class Room(NamedTuple):
    """Bytes of memory, and of shared memory, that visits may take together; None for no limit."""

    memory: int | None = None
    shared_memory: int | None = None


UNLIMITED = Room()


class Budget(NamedTuple):
    """When a run ends: after `rounds` if given, otherwise after `seconds`, within least_rounds and most_rounds.

    Of the seconds, those that the first rounds leave are for the blocks whose ratios are least known, see
    `run.precision`. precision, a share, adds rounds of blocks with a case not known to ± this share instead: up to
    twice the `rounds`, or within the `seconds`.
    """

    seconds: float | None = None
    rounds: int | None = None
    least_rounds: int = 1
    most_rounds: int = 10_000
    precision: float | None = None


class Timing(NamedTuple):
    """The number of values and warm-ups per visit, and the shortest duration of a value in seconds.

    Many short values average out more of what changes from one moment to the next than a few long ones in the same
    time, see `benchmarks/harness/sittings.py`. No value needs a warm-up before it, since each turn begins with one that
    is not timed, see `measure.worker`. fresh starts an interpreter for each visit, instead of forking one that is
    started for each round.
    """

    values: int = 24
    warmups: int = 0
    min_time: float = 0.0125
    fresh: bool = False


class Visit(NamedTuple):
    """One case in one round, in a new worker process. Round 0 calibrates; loops is None there."""

    case: Case
    round: int
    position: int
    loops: int | None = None


class Failure(NamedTuple):
    """A visit without a value: verdict, stage and detail in words; stack is that of each thread if the visit hung."""

    verdict: Verdict
    stage: str
    detail: str
    stack: str = ""


class Memory(NamedTuple):
    """The memory of all processes of a visit after its timed turns, in bytes; zeros if unknown.

    total: private memory and shared memory, the latter also as `shared`, see measure.process.memory. grown: how much
    more pages were in memory than before the turns, in all processes together.
    """

    total: int = 0
    shared: int = 0
    grown: int = 0


class Outcome(NamedTuple):
    """The result of one visit. Times are in seconds; values and warm-ups are per operation.

    cpu_user and cpu_system are the CPU seconds of all processes of the visit during its timed values, which had
    `operations` operations. cpus are the CPUs that each process could use, driver first. notes are doubts about the
    visit, such as "flooded"; proof names the checks of what arrived: "counts", "last", "digests". tail counts single
    operations by the bucket of their delay, in nanoseconds, if each was timed; see measure.api.histogram. turns are the
    places of the values in the order of all turns of their sitting. encoded is the bytes of a message that the pattern
    has encoded, 0 for other patterns.
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
    turns: tuple[int, ...] = ()
    encoded: int = 0
    memory: Memory = Memory()
