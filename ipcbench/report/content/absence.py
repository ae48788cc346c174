"""Cases without a number, grouped by reason, so that a limit that stops sixty sizes takes one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from ipcbench.report.content.outcomes import verdict_words
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import listing
from ipcbench.text import count
from ipcbench.units import format_size, size_name

_ORDER = ["failed", "timed-out", "unverified", "leaked", "wrong", "unsupported"]


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that have no number for one reason; question is that of the first."""

    verdict: str
    reason: str
    question: str
    cases: int
    mechanisms: str
    where: str


def absent(summary: pd.DataFrame) -> Table:
    """Return the cases without a number, one row per reason."""
    rows = [
        [verdict_words(each.verdict, each.question), str(each.cases), each.mechanisms, each.where, each.reason]
        for each in groups(summary)
    ]
    return Table("Cases without a number, by reason", ["Verdict", "Cases", "Mechanisms", "Where", "Reason"], rows)


def groups(summary: pd.DataFrame) -> list[Group]:
    """Group the cases without a number by verdict and reason: failures before unsupported cases, large groups first.

    Reasons that differ only in the size or the mechanism of their case are one reason.
    """
    absent = summary[summary["verdict"] != "ok"]
    if absent.empty:
        return []
    reasons = [_common(*row) for row in zip(absent["reason"], absent["size"], absent["mechanism"], strict=True)]
    found = []
    for (verdict, reason), rows in absent.assign(common=reasons).groupby(["verdict", "common"], sort=True):
        found.append(
            Group(
                verdict=str(verdict),
                reason=str(reason) or "no reason was recorded",
                question=str(rows["question"].iloc[0]),
                cases=len(rows),
                mechanisms=listing(sorted(set(rows["mechanism"])), 8),
                where=_where(rows),
            )
        )
    rank = {verdict: place for place, verdict in enumerate(_ORDER)}
    return sorted(found, key=lambda group: (rank.get(group.verdict, 9), -group.cases, group.reason))


def _common(reason: str, size: int, mechanism: str) -> str:
    """Take the size out of a reason, and the first mention of the mechanism: a later one may name a library."""
    sizes = {format_size(size), size_name(size), f"{size:,} B", f"{size} B", f"{size} bytes", f"{size:,} bytes"}
    pattern = "|".join(re.escape(text) for text in sorted(sizes, key=len, reverse=True))
    text = re.sub(rf"(?<![\w.,]){re.escape(mechanism)}(?![\w-])", "the mechanism", reason, count=1)
    return re.sub(rf"(?<![\w.,])(?:{pattern})(?!\w)", "the size", text)


def _where(rows: pd.DataFrame) -> str:
    parts = [listing(sorted(set(rows["question"])), 6), _sizes(rows["size"])]
    workers = sorted(set(rows["workers"]))
    if workers != [1]:
        numbers = listing(str(number) for number in workers)
        parts.append(count(1, "worker") if numbers == "1" else f"{numbers} workers")
    return "; ".join(parts)


def _sizes(sizes: Iterable[int]) -> str:
    found = sorted(set(sizes))
    if len(found) > 4:
        return f"{len(found)} sizes, {format_size(found[0])} to {format_size(found[-1])}"
    return listing(format_size(size) for size in found)
