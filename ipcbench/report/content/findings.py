"""The winner of every question, and the table and sentences that open a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ipcbench.analysis.difference import WORTH
from ipcbench.analysis.stats import BLOCK, COVERED, LEAST_ROUNDS, coverage
from ipcbench.measure.api.load import offered
from ipcbench.report.content.setting import SETTING, in_words, main_setting
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import interval, listing
from ipcbench.text import count
from ipcbench.units import format_bandwidth, format_rate, format_ratio, format_size, format_time

if TYPE_CHECKING:
    from ipcbench.report.content.study import Study

MESSAGES = (64, 2**20)  # bytes: the sizes nearest to these open a report
TASKS = (64, 2**16)  # bytes
WORKERS = 4
FEW = 2  # mechanisms; a column of the matrix needs more
UNRANKED = "No two cases of this run are ranked by time: messages at a rate are compared by their delays, further down."
NOTHING = "No case of this run has a number, so there is nothing to recommend."
# Questions in the order people ask them, each with its operation in the fewest words.
OPERATIONS = {
    "ping-pong": "one round trip",
    "stream": "one message delivered",
    "task-queue": "one task and its result",
    "counter": "one increment",
    "access:read": "one read",
    "access:write": "one write",
    "codec:encode": "encoding one message",
    "codec:decode": "decoding one message",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to one question at one size and number of workers.

    best is the fastest case, tied the cases that tie with it, runner_up the fastest of the slower ones, if any;
    each is a row of the summary.
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
        """The best mechanism and those tied with it."""
        return [self.best.mechanism, *(row.mechanism for row in self.tied)]

    @property
    def time(self) -> str:
        """Time of the best case with its interval."""
        return with_interval(self.best)

    @property
    def rate(self) -> str:
        """Bandwidth of a stream, or tasks per second of a task queue; else empty."""
        if self.question == "stream":
            return format_bandwidth(self.size / self.best.seconds)
        return format_rate(1 / self.best.seconds) if self.question == "task-queue" else ""


def too_few(ranked: int, most: int) -> bool:
    """Return whether `ranked` mechanisms are too few to name a winner: under half of the most ranked elsewhere."""
    return 2 * ranked < most


def sparse(cells: pd.DataFrame) -> set[int]:
    """Return the sizes, in bytes, at which only one or two mechanisms have a number, far fewer than at others."""
    counts = cells.loc[cells["seconds"].notna(), "size"].value_counts()
    few = [number <= FEW and too_few(number, counts.max()) for number in counts]
    return set(counts.index[few])


def choices(summary: pd.DataFrame) -> list[Choice]:
    """Return one choice per block of ranked cases, ordered by question, size and workers."""
    main = main_setting(summary)
    timed_singly = (summary["pattern"] == "tail") | (summary["question"].map(offered) > 0)
    ranked = summary[summary["slowdown"].notna() & ~timed_singly]
    found = []
    for _, block in ranked.groupby(BLOCK, sort=False):
        rows = records(block.sort_values(["best", "slowdown"], ascending=[False, True]))
        best = rows[0]
        slower = [row for row in rows[1:] if not row.tied]
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
    """Write a slowdown: '2.7× (2.6–2.8×)'."""
    around = interval(row.slowdown_low, row.slowdown_high, format_ratio)
    return f"{format_ratio(row.slowdown)} ({around})" if around else format_ratio(row.slowdown)


def ties(choice: Choice) -> str:
    """Name the ties of the best: those less than 3 % behind, then those without a clear difference."""
    close = [row.mechanism for row in choice.tied if row.slowdown < 1 + WORTH]
    unclear = [f"{row.mechanism} ({format_ratio(row.slowdown)})" for row in choice.tied if row.mechanism not in close]
    parts = [listing(close)] if close else []
    if unclear:
        parts.append(f"no clear difference from {listing(unclear)}")
    return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to a question that people ask first.

    behind are the rows to compare the best with: the runner-up, and queue, which most people would take.
    """

    question: str
    choice: Choice
    behind: list[Any]

    @property
    def time(self) -> str:
        """Time of the best with its interval, its rate and its notes."""
        choice = self.choice
        return ", ".join(filter(None, [choice.time, choice.rate, choice.best.notes]))

    @property
    def lead(self) -> str:
        """How many times as long the next mechanism takes: '2.7× (2.6–2.8×) over pipe'."""
        if self.choice.rivals == 1:
            return "the only one measured"
        return ", ".join(f"{ratio(row)} over {row.mechanism}" for row in self.behind) or "all others tie"

    @property
    def sentence(self) -> str:
        """The answer in one short sentence."""
        choice = self.choice
        best = f"{self.question}: {choice.best.mechanism}"
        if choice.rivals == 1:
            return f"{best} with {self.time}; {self.lead}."
        ahead = f", a lead of {self.lead}" if self.behind else ""
        close = any(row.slowdown < 1 + WORTH for row in choice.tied)
        tie = f"; {'tied with ' if close else ''}{ties(choice)}" if choice.tied else ""
        return f"{best} is fastest with {self.time}{ahead}{tie}."


def findings(summary: pd.DataFrame) -> list[Finding]:
    """Return the answers that open a report, from the main setting of a run; a question without a number has none."""
    known = _known(summary)
    named = [*_messages(known), *_tasks(known), *_state(known)]
    return [Finding(question, choice, _behind(choice, summary)) for question, choice in named]


def opening(study: Study) -> Table | None:
    """Return the table that opens a report: winner, lead and ties of each question; None without any number."""
    found = findings(study.summary)
    rows = [[one.question, one.choice.best.mechanism, one.time, one.lead, ties(one.choice)] for one in found]
    header = ["Question", "Fastest", "Time (95 % interval)", "Lead over the next", "Tied, or no clear difference"]
    caption = f"The fastest mechanism for each question, with {in_words(study.setting)}."
    strong = frozenset((row, 1) for row in range(len(rows)))
    values = {(row, 2): float(one.choice.best.seconds) for row, one in enumerate(found)}
    return Table(caption, header, rows, strong, values=values) if rows else None


def sentences(summary: pd.DataFrame) -> list[str]:
    """Return the findings and the cautions as sentences, for a terminal or a notebook."""
    if not _known(summary):
        return [nothing(summary)]
    return [*(found.sentence for found in findings(summary)), *cautions(summary)]


def nothing(summary: pd.DataFrame) -> str:
    """Say why a run without a ranking has none."""
    return UNRANKED if summary["seconds"].notna().any() else NOTHING


def cautions(summary: pd.DataFrame) -> list[str]:
    """Return sentences on how few rounds affect the intervals; none if every case with a number has enough."""
    rounds = int(summary.loc[summary["rounds"] > 0, "rounds"].min()) if summary["rounds"].any() else 0
    if rounds < LEAST_ROUNDS:
        return [
            f"{count(rounds, 'round')} give{'s' * (rounds == 1)} no intervals, so small differences may be noise. "
            f"Measure at least {LEAST_ROUNDS} rounds."
        ]
    if rounds in COVERED:
        return [
            f"With {count(rounds, 'round')} the 95 % intervals are too narrow: they hold the true median in about "
            f"{coverage(rounds)} of 100 runs. Measure at least {max(COVERED) + 1} rounds."
        ]
    return []


def _known(summary: pd.DataFrame) -> list[Choice]:
    return [choice for choice in choices(summary) if not choice.setting]


def _of(known: list[Choice], question: str) -> list[Choice]:
    return [choice for choice in known if choice.question == question]


def _at(known: list[Choice], size: int) -> Choice:
    return min(known, key=lambda choice: (abs(choice.size - size), choice.workers))


def _messages(known: list[Choice]) -> Iterator[tuple[str, Choice]]:
    for question, words in (("ping-pong", "Round trip"), ("stream", "Streaming")):
        asked = _of(known, question)
        for size in dict.fromkeys(_at(asked, near).size for near in MESSAGES) if asked else ():
            yield f"{words}, {format_size(size)}", _at(asked, size)


def _tasks(known: list[Choice]) -> Iterator[tuple[str, Choice]]:
    tasks = _of(known, "task-queue")
    for size in dict.fromkeys(_at(tasks, near).size for near in TASKS) if tasks else ():
        there = [choice for choice in tasks if choice.size == size]
        many = min(there, key=lambda choice: (choice.workers != WORKERS, -choice.workers))
        yield f"Tasks of {format_size(size)}, {count(many.workers, 'worker')}", many


def _state(known: list[Choice]) -> Iterator[tuple[str, Choice]]:
    for question, words in (("access:read", "Read"), ("access:write", "Write")):
        asked = _of(known, question)
        if asked:
            first = min(asked, key=lambda choice: (choice.size, choice.workers))
            yield f"{words} shared state, {format_size(first.size)}", first
    counters = _of(known, "counter")
    if counters:
        most = max(counters, key=lambda choice: choice.workers)
        yield f"Locked increment, {count(most.workers, 'worker')}", most


def _behind(choice: Choice, summary: pd.DataFrame) -> list[Any]:
    """Return the runner-up and, for round trips, queue, unless queue is named already."""
    behind = [choice.runner_up] if choice.runner_up is not None else []
    named = [*choice.names, *(row.mechanism for row in behind)]
    if choice.question != "ping-pong" or "queue" in named:
        return behind
    block = summary[summary["slowdown"].notna() & (summary["mechanism"] == "queue")]
    for column in BLOCK:
        block = block[block[column] == getattr(choice.best, column)]
    return [*behind, *records(block)]
