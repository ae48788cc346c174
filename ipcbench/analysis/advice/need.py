"""The need of a user, in the terms of the suites, and whether a mechanism can meet it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipcbench.errors import BadRequest, UnknownName
from ipcbench.measure.api.load import Load, split, unloaded
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.payload import load_kind
from ipcbench.model import PAYLOADS, Case
from ipcbench.results.schema import MechanismFacts

MUSTS = (
    *("block", "any", "many-senders", "many-receivers", "many-to-many"),
    *("end-of-file", "cross-host", "ordered", "objects"),
)
WORDS = ("latency", "throughput", "tasks", "state", "read", "write")
STATE = {"state": "counter", "read": "access:read", "write": "access:write"}
NOT_ASKED = "not asked for"
LOOP, LOOP_QUESTION = "serial", "tasks:map"  # a plain loop in one process, and what it is asked
THREADS = "thread-queue"  # threads in one process
MEASURES = {"time": "seconds", "p99": "p99", "cpu": "cpu", "memory": "memory"}  # columns of `results.frame.visit_frame`
_NUMBER, _MESSAGE = 8, 64  # bytes, by default
Facts = Mechanism | MechanismFacts  # of a mechanism here, or from a results file


@dataclass(frozen=True, slots=True)
class Need:
    """What a user needs.

    questions answer it, the best first; workers is their number of workers for these producers and consumers. musts are
    of MUSTS. An empty family, placement, cpus or python means any, or the most common of a file; mechanisms are names,
    empty for all; stdlib leaves out mechanisms that need a third-party library. by is of MEASURES: what to rank by.
    """

    questions: tuple[str, ...]
    producers: int
    consumers: int
    workers: int
    size: int
    payload: str = "bytes"
    musts: tuple[str, ...] = ()
    family: str = ""
    mechanisms: tuple[str, ...] = ()
    placement: str = ""
    cpus: str = ""
    python: str = ""
    stdlib: bool = False
    by: str = "time"

    @property
    def pattern(self) -> str:
        """The pattern of the best question."""
        return self.questions[0].partition(":")[0]

    @property
    def unloaded(self) -> str:
        """The best question without work and rate."""
        return unloaded(self.questions[0])

    @property
    def load(self) -> Load:
        """The work for each message and the rate, of every question."""
        return split(self.questions[0].partition(":")[2])

    @property
    def state(self) -> bool:
        """Whether the need is about shared state, not messages."""
        return self.pattern in ("counter", "access")

    @property
    def uneven(self) -> bool:
        """Whether there are several producers and consumers of unequal number, which no case measures."""
        return self.pattern == "many-to-many" and self.producers != self.consumers

    def case(self, mechanism: str) -> Case:
        """Return the case that would answer the need for a mechanism, under the usual placement."""
        pattern, _, operation = self.questions[0].partition(":")
        return Case(pattern, mechanism, self.size, self.workers, operation, self.payload)


def questions_of(word: str, producers: int, consumers: int, known: Sequence[str]) -> tuple[str, ...]:
    """Return the questions for a word of WORDS, a question or an empty text, and these numbers of processes.

    Raises UnknownName, and BadRequest if word and numbers contradict each other.
    """
    if word in STATE:
        return (STATE[word],)
    if word == "latency" and (producers, consumers) != (1, 1):
        raise BadRequest("--need latency is about one producer and one consumer: for more, choose throughput or tasks")
    if word == "tasks":
        if producers != 1:
            raise BadRequest(f"--need tasks has one producer, and there are {producers}: choose throughput")
        return ("task-queue",)
    if word in ("", "latency", "throughput"):
        return _by_shape(word, producers, consumers)
    if word not in known:
        raise UnknownName("need", word, [*WORDS, *known])
    return (word,)


def _by_shape(word: str, producers: int, consumers: int) -> tuple[str, ...]:
    if producers > 1:
        return ("many-to-many",) if consumers > 1 else ("fan-in",)
    if consumers > 1:
        return ("fan-out",) if word else ("fan-out", "task-queue")
    return ("stream",) if word == "throughput" else ("ping-pong",)


def usual_size(question: str) -> int:
    """Return the default payload in bytes: a small message, or one number."""
    return {"counter": _NUMBER, "access": _NUMBER, "hand-over": 0}.get(question.partition(":")[0], _MESSAGE)


def check(need: Need) -> None:
    """Raise BadRequest for a need that contradicts itself."""
    for must in need.musts:
        if must not in MUSTS:
            raise UnknownName("must", must, MUSTS)
    if {"block", "any"} <= set(need.musts):
        raise BadRequest("--must block and --must any: choose one")
    if need.payload in PAYLOADS and (reason := load_kind(need.payload).unfit(need.size)):
        raise BadRequest(reason)


def ruled_out(facts: Facts, need: Need) -> str | None:
    """Return why a mechanism cannot meet a need, whatever its speed; None if it can."""
    if need.mechanisms and facts.name not in need.mechanisms:
        return NOT_ASKED
    if not facts.ranked:
        return "a control or baseline, which does not answer the question"
    if need.stdlib and facts.third_party:
        return "needs a library beside the standard one"
    if need.family and facts.family != need.family:
        return f"not of the family {need.family}"
    if facts.wait != "block" and "any" not in need.musts:
        return f"{'polls' if facts.wait == 'poll' else 'spins'}, which costs a CPU while waiting; --must any lets it in"
    return _cannot_carry(facts, need) or _too_few_ends(facts, need) or _breaks_a_must(facts, need)


def _cannot_carry(facts: Facts, need: Need) -> str | None:
    if facts.carries == "number" and (need.size != _NUMBER or need.payload != "bytes"):
        return "carries one number of 8 B"
    if facts.carries == "bytes" and need.state and need.payload != "bytes":
        return "holds bytes, not objects"
    return None


# What one channel must take: many senders, many receivers.
_ENDS = {
    "fan-in": (True, False),
    "fan-out": (False, True),
    "many-to-many": (True, True),
    "task-queue": (True, True),
}


def _too_few_ends(facts: Facts, need: Need) -> str | None:
    senders, receivers = _ENDS.get(need.pattern, (False, False))
    if "many-to-many" in need.musts:
        senders = receivers = True
    senders, receivers = senders or "many-senders" in need.musts, receivers or "many-receivers" in need.musts
    if senders and facts.senders == "one":
        return "one sender only"
    return "one receiver only" if receivers and facts.receivers == "one" else None


def _breaks_a_must(facts: Facts, need: Need) -> str | None:
    in_order = facts.ordering == "total" or (facts.ordering == "per sender" and need.producers == 1)
    broken = {
        "end-of-file": (facts.dead_peer != "end of file", "a receiver does not see the end of a killed sender"),
        "cross-host": (facts.scope != "network", "stays on one host"),
        "ordered": (not in_order, "does not keep the order"),
        "objects": (facts.carries != "objects", "does not carry objects"),
    }
    return next((words for must, (fails, words) in broken.items() if must in need.musts and fails), None)
