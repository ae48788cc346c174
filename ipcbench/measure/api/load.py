"""The load of a case, named after its variant: work for each message, and a rate, as in 'fan-out:work-5ms-rate-30'.

Work is CPU time that a receiver spends on each message, or a function of the user's that it calls with each. At a rate
the senders together send that many messages per second: each message is due at a fixed time, and one that is late is
sent at once and still timed from when it was due (Tene, "How NOT to Measure Latency": coordinated omission).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from time import perf_counter, sleep, thread_time
from typing import Any, NamedTuple

from ipcbench.measure.api import own
from ipcbench.units import parse_rate, parse_work, rate_name

NO_WORK = "0"
EVERY_WORKER = ("broadcast", "pipeline")  # patterns in which each message is worked on by every worker
KEPT_UP = 0.95  # share of the rate; a mechanism that achieves less falls behind
_WATCHED = 0.0005  # seconds before a message is due in which its sender reads the clock instead of sleeping
_RATE = re.compile("(?:(.+)-)?rate-([0-9]+k?)")
_WORK = re.compile(f"(?:(.+?)-)?work-([0-9]+(?:us|ms|s)|{own.WORK_NAME})")
_OPEN = re.compile("open-([0-9]+)k")


class Load(NamedTuple):
    """A variant of a pattern without its load, the work for each message, and the messages per second of all senders.

    work is a time such as '5ms' or the name of an OwnWork; NO_WORK is none. rate 0 is as fast as it goes.
    """

    variant: str = ""
    work: str = NO_WORK
    rate: float = 0.0

    @property
    def works(self) -> bool:
        """Whether there is work."""
        return self.work != NO_WORK

    @property
    def seconds(self) -> float:
        """The work as a time; 0 for a function of the user's."""
        return parse_work(self.work) if self.work[0].isdigit() else 0.0


@cache
def work_of(operation: str) -> Callable[[Any], object]:
    """Return what a receiver does with each message, in a case with work."""
    load = split(operation)
    return busy(load.seconds) if load.seconds else own.work(load.work)


@cache
def split(operation: str) -> Load:
    """Return the parts of a case's operation; raises BadRequest for work or a rate out of range."""
    variant, work, rate = operation, NO_WORK, 0.0
    if found := _RATE.fullmatch(variant):
        variant, rate = found[1] or "", parse_rate(found[2])
    if found := _WORK.fullmatch(variant):
        variant, work = found[1] or "", found[2]
        if work[0].isdigit():
            parse_work(work)
    return Load(variant, work, rate)


def is_loaded(operation: str) -> bool:
    """Return whether a case's operation names work or a rate."""
    load = split(operation)
    return load.works or load.rate > 0


def with_load(question: str, work: str = NO_WORK, rate: float = 0.0) -> str:
    """Return a question with a load: 'fan-out:work-1ms', 'tasks:map-work-1ms', 'stream:rate-30'."""
    words = [f"work-{work}"] if work != NO_WORK else []
    words += [f"rate-{rate_name(rate)}"] if rate else []
    if not words:
        return question
    return f"{question}{'-' if ':' in question else ':'}{'-'.join(words)}"


def unloaded(question: str) -> str:
    """Return a question without work and rate: 'fan-out', 'tasks:map'."""
    pattern, _, operation = question.partition(":")
    variant = split(operation).variant
    return f"{pattern}:{variant}" if variant else pattern


def offered(question: str) -> float:
    """Return how many messages are due per second, at a rate or in an open loop of `tail`; 0 for other questions."""
    operation = question.partition(":")[2]
    found = _OPEN.fullmatch(operation)
    return 1000.0 * int(found[1]) if found else split(operation).rate


def without_rate(question: str) -> str:
    """Return a question without its rate: 'fan-out:work-5ms'; 'tail' for its open loops."""
    pattern, _, operation = question.partition(":")
    if _OPEN.fullmatch(operation):
        return pattern
    return with_load(unloaded(question), split(operation).work)


@cache
def busy(seconds: float) -> Callable[[Any], None]:
    """Return what a receiver does with a message: use this much CPU time of its thread, and do nothing with it.

    A busy loop reads the clock of the thread, so time in which another process had the CPU does not count.
    """
    clock = thread_time

    def work(message: Any) -> None:
        end = clock() + seconds
        while clock() < end:
            pass

    return work


class Pace:
    """The times at which the messages of one sender are due, and those at which one receiver got its messages.

    The messages of all senders together are due at equal intervals, in turn: sender 0, 1, …, 0, 1, … . stamps: of the
    messages received since `begin`, in seconds of perf_counter. Before `begin` every message is due.
    """

    def __init__(self, rate: float, sender: int, senders: int) -> None:
        self.first, self.interval = (sender + 1) / rate, senders / rate
        self.stamps: list[float] = []
        self.due: float | None = 0.0

    def begin(self) -> None:
        """Begin a turn; its times count from when the sender asks to send its first message."""
        self.due = None
        self.stamps.clear()

    def times(self, started: float, count: int) -> list[float]:
        """Return when the messages of a turn that started then were due."""
        return [started + self.first + number * self.interval for number in range(count)]

    def wait(self) -> None:
        """Wait until the next message is due; not at all if it is late.

        The last moments are spent reading the clock, as a sleeping process wakes up late. That releases the interpreter
        lock (gh-96078): a Queue's feeder in this process would otherwise get it only every 5 ms.
        """
        now = perf_counter()
        self.due = due = now + self.first if self.due is None else self.due + self.interval
        if due - now > 2 * _WATCHED:
            sleep(due - now - _WATCHED)
        while perf_counter() < due:
            os.sched_yield()
