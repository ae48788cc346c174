"""What the numbers say: the sentences at the top, and the winner of every question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ipcbench.analysis.stats import BLOCK, COVERED, LEAST_ROUNDS, PRACTICAL, coverage
from ipcbench.report.content.setting import SETTING, main_setting
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import count, interval, listing
from ipcbench.units import format_bandwidth, format_rate, format_ratio, format_size, format_time

SMALL = 64
LARGE = 2**20
SMALL_TO, LARGE_FROM = 2**10, 2**16  # the sizes, in bytes, that a sentence calls small and large
TASK = 2**16  # of a large task
WORKERS = 4
# What people ask for first, in this order, and one operation in the fewest words; others say it by themselves.
OPERATIONS = {
    "ping-pong": "one round trip",
    "stream": "one message delivered",
    "task-queue": "one task and its result",
    "counter": "one increment",
    "access:read": "one read",
    "access:write": "one write",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to one question at one size and number of workers.

    best is the fastest case, tied those that cannot be told from it, runner_up the first that is slower (None where
    there is none); each is a row of the summary.
    """

    question: str
    size: int
    workers: int
    setting: str
    wait: str
    best: Any
    tied: list[Any]
    runner_up: Any | None

    @property
    def rivals(self) -> int:
        """How many mechanisms were ranked."""
        return int(self.best.rivals)

    @property
    def names(self) -> list[str]:
        """The best and those tied with it."""
        return [self.best.mechanism, *(row.mechanism for row in self.tied)]

    @property
    def time(self) -> str:
        """Time of the best with its interval."""
        return with_interval(self.best)

    @property
    def rate(self) -> str:
        """The same as a rate where one is asked for: bandwidth of a stream, tasks per second, else empty."""
        if self.question == "stream":
            return format_bandwidth(self.size / self.best.seconds)
        return format_rate(1 / self.best.seconds) if self.question == "task-queue" else ""


def too_few(ranked: int, most: int) -> bool:
    """Whether the fastest of `ranked` mechanisms is no answer where up to `most` were ranked for the same question."""
    return 2 * ranked < most


def choices(summary: pd.DataFrame) -> list[Choice]:
    """Every block of a summary that has a ranked case, in the order of questions, sizes and workers."""
    main = main_setting(summary)
    ranked = summary[summary["slowdown"].notna() & (summary["pattern"] != "tail")]  # which is about single messages
    found = []
    for _, block in ranked.groupby(BLOCK, sort=False):
        rows = records(block.sort_values(["best", "seconds"], ascending=[False, True]))
        best = rows[0]
        slower = sorted((row for row in rows[1:] if not row.tied), key=lambda row: row.slowdown)
        setting = tuple(getattr(best, column) for column in SETTING)
        found.append(
            Choice(
                question=best.question,
                size=int(best.size),
                workers=int(best.workers),
                setting=", ".join(word for word, usual in zip(setting, main, strict=True) if word != usual),
                wait=best.wait,
                best=best,
                tied=[row for row in rows[1:] if row.tied],
                runner_up=slower[0] if slower else None,
            )
        )
    order = {question: place for place, question in enumerate(OPERATIONS)}
    return sorted(found, key=lambda c: (order.get(c.question, 99), c.question, c.setting, c.wait, c.size, c.workers))


def with_interval(row: Any) -> str:
    """Write the time of a case: '48.2 µs (47.1–49.5 µs)'."""
    around = interval(row.low, row.high)
    return f"{format_time(row.seconds)} ({around})" if around else format_time(row.seconds)


def ratio(row: Any) -> str:
    """Write a slowdown: '2.7× (2.6×–2.8×)'."""
    around = interval(row.slowdown_low, row.slowdown_high, format_ratio)
    return f"{format_ratio(row.slowdown)} ({around})" if around else format_ratio(row.slowdown)


def ties(choice: Choice) -> str:
    """Name what ties with the best: what is less than 5 % behind, and what is further but not told apart."""
    close = [row.mechanism for row in choice.tied if row.slowdown < 1 + PRACTICAL]
    unclear = [f"{row.mechanism} ({format_ratio(row.slowdown)})" for row in choice.tied if row.mechanism not in close]
    parts = [f"a tie with {listing(close)}"] if close else []
    if unclear:
        parts.append(f"not told apart from {listing(unclear)}")
    return ", ".join(parts)


def sentences(summary: pd.DataFrame, rounds: int) -> list[str]:
    """Up to seven plain sentences that answer what people come with, from the main setting of a run.

    Times are medians with 95 % intervals in brackets. A question without a number gets no sentence; a run without any
    gets one that says so.
    """
    known = [choice for choice in choices(summary) if not choice.setting]
    if not known:
        return ["No case of this run has a number, so there is nothing to recommend."]
    said = [*_messages(known, summary), *_streams(known), *_tasks(known), *_state(known)]
    if rounds < LEAST_ROUNDS:
        said.append(
            f"With {count(rounds, 'round')} there are no intervals: small differences may be noise. "
            "Three rounds are the least for intervals."
        )
    elif rounds in COVERED:
        said.append(
            f"With {count(rounds, 'round')} the 95 % intervals are too narrow: they hold the true median in about "
            f"{coverage(rounds)} of 100 runs. {max(COVERED) + 1} rounds are the least for better ones."
        )
    return said


def _of(known: list[Choice], question: str) -> list[Choice]:
    return [choice for choice in known if choice.question == question]


def _at(known: list[Choice], size: int) -> Choice:
    return min(known, key=lambda choice: (abs(choice.size - size), choice.workers))


def _messages(known: list[Choice], summary: pd.DataFrame) -> Iterator[str]:
    trips = _of(known, "ping-pong")
    if not trips:
        return
    for size in dict.fromkeys((_at(trips, SMALL).size, _at(trips, LARGE).size)):
        choice = _at(trips, size)
        yield f"{_sized(size)} ({format_size(size)}, round trip): {_answer(choice)}{_watch(choice, summary)}"


def _sized(size: int) -> str:
    """Name messages by the size that was measured, in bytes; what lies between small and large is neither."""
    return "Small messages" if size <= SMALL_TO else "Large messages" if size >= LARGE_FROM else "Messages"


def _streams(known: list[Choice]) -> Iterator[str]:
    streams = _of(known, "stream")
    if not streams:
        return
    small, large = _at(streams, SMALL), _at(streams, LARGE)
    parts = [
        f"{listing(choice.names[:1])} delivers {format_size(choice.size)} messages at {choice.rate}, "
        f"{choice.time} each{_ties(choice)}"
        for choice in ([small, large] if large.size > small.size else [small])
    ]
    yield f"Streaming one way: {'; '.join(parts)}."


def _tasks(known: list[Choice]) -> Iterator[str]:
    tasks = _of(known, "task-queue")
    if not tasks:
        return
    for size in dict.fromkeys((_at(tasks, SMALL).size, _at(tasks, TASK).size)):
        there = [choice for choice in tasks if choice.size == size]
        many = min(there, key=lambda choice: (choice.workers != WORKERS, -choice.workers))
        yield (
            f"{count(many.workers, 'worker').capitalize()} sharing tasks of {format_size(size)}: {_answer(many)} "
            f"That is {many.rate} of tasks{f' ({many.best.notes})' if many.best.notes else ''}."
        )


def _state(known: list[Choice]) -> Iterator[str]:
    parts = []
    for question, verb in (("access:read", "read"), ("access:write", "write")):
        asked = _of(known, question)
        if asked:
            first = min(asked, key=lambda choice: (choice.size, choice.workers))
            parts.append(f"a {verb} of {format_size(first.size)} takes {first.time} with {_names(first)}")
    counters = _of(known, "counter")
    if counters:
        most = max(counters, key=lambda choice: choice.workers)
        parts.append(
            f"an increment by any of {count(most.workers, 'worker')}, under the lock, {most.time} with {_names(most)}"
        )
    if parts:
        yield f"Cheapest shared state: {'; '.join(parts)}."


def _names(choice: Choice) -> str:
    return f"{choice.best.mechanism}{_ties(choice)}"


def _ties(choice: Choice) -> str:
    return f", {ties(choice)}" if choice.tied else ""


def _answer(choice: Choice) -> str:
    """One sentence: who is best, how fast, who ties, and by how much the next is behind."""
    best = choice.best.mechanism
    if choice.rivals == 1:
        return f"only {best} was measured, at {choice.time}."
    tie = f", {ties(choice)}" if choice.tied else ""
    behind = choice.runner_up
    after = f"; next is {behind.mechanism}, which takes {ratio(behind)} as long" if behind is not None else ""
    return f"{best} is fastest with {choice.time}{tie}{after}."


def _watch(choice: Choice, summary: pd.DataFrame) -> str:
    """How far behind queue is, the one that most people would take, unless the sentence has named it."""
    named = [*choice.names, choice.runner_up.mechanism if choice.runner_up is not None else ""]
    block = summary[summary["slowdown"].notna() & (summary["mechanism"] == "queue")]
    for column in BLOCK:
        block = block[block[column] == getattr(choice.best, column)]
    if "queue" in named or block.empty:
        return ""
    return f" Watch out: queue takes {ratio(records(block)[0])} as long."
