"""A survey in sentences and tables: which hosts differ, by how much, in what, and where the winner changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ipcbench.analysis.difference import WORTH
from ipcbench.analysis.fleet.gather import CLASS, Fleet, notes
from ipcbench.analysis.fleet.outliers import Outliers
from ipcbench.analysis.fleet.winners import Winners
from ipcbench.analysis.stats import BLOCK
from ipcbench.report.comparison.words import Part, block_name
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import interval, listing
from ipcbench.text import count, safe_text
from ipcbench.units import format_ratio, format_time

FEW = 8  # hosts; if there are no more, all are shown
MOST_HOSTS = 20  # rows shown without --all
MOST_ROWS = 10
MOST_OF_HOST = 3  # cases shown of one host, since a slow family has many
MOST_LEFT_OUT = 5
_SPREADS = 3  # standard deviations between hosts; a level within them is like the rest


@dataclass(frozen=True, slots=True)
class Survey:
    """The content of a survey; charts are those drawn beside a Markdown file, as (id, finding in words)."""

    title: str
    fleet: Fleet
    outliers: Outliers
    winners: Winners
    charts: Sequence[tuple[str, str]] = field(default=())

    @property
    def differing(self) -> pd.DataFrame:
        """Rows of the hosts that differ in level or in a family, the farthest first."""
        hosts = self.outliers.hosts
        return worst_first(hosts[hosts["verdict"].isin(["slower", "faster"]) | (hosts["families"] != "")])


def worst_first(hosts: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by distance of their ratio from 1, the farthest first, those without a ratio last."""
    return hosts.iloc[np.argsort(-hosts["ratio"].map(math.log).abs().to_numpy(), kind="stable")]


def parts(survey: Survey, everything: bool = False) -> list[Part]:
    """Return sentences and tables in reading order; with `everything` no row is left out."""
    found: list[Part] = [*sentences(survey)]
    found += [f"Note: {note}" for note in notes(survey.fleet)]
    for part in (_classes, _hosts, _odd, _winners, _cases):
        found += part(survey, everything)
    return found


def sentences(survey: Survey) -> list[str]:
    """Return the findings in sentences."""
    return [_overview(survey), *_who(survey), _winner_sentence(survey), *_left_out(survey)]


def _overview(survey: Survey) -> str:
    outliers, left = survey.outliers, len(survey.fleet.left_out)
    said = f"{count(len(outliers.hosts), 'host')}, {count(len(outliers.cases), 'case')} shared by two or more"
    kinds = f"{len(outliers.classes):,} classes" if len(outliers.classes) > 1 else "all of one class"
    out = f"; {count(left, 'file')} left out" if left else ""
    return f"{said}; {kinds} by {listing(CLASS)}{out}."


def _who(survey: Survey) -> Iterator[str]:
    """Yield which hosts differ, how far all are spread, and whether they fall into two groups."""
    hosts, outliers = survey.differing, survey.outliers
    if outliers.spread == outliers.spread:
        yield (
            f"Between hosts, times differ by {100 * math.expm1(outliers.spread):.1f} % (robust standard deviation of "
            f"the ratios to the fleet's centre, beyond the hosts' own errors). A host differs if it lies outside that "
            f"spread, by more than {100 * WORTH:.0f} %."
        )
    unknown = int((outliers.hosts["verdict"] == "unknown").sum())
    if unknown:
        yield f"{count(unknown, 'host')} with fewer than 3 rounds: not enough to tell whether they differ."
    if hosts.empty:
        yield "No host differs for certain from the rest."
    else:
        slower, faster = ((hosts["verdict"] == word).sum() for word in ("slower", "faster"))
        part = len(hosts) - slower - faster
        kinds = [f"{slower:,} slower"] * bool(slower) + [f"{faster:,} faster"] * bool(faster)
        kinds += [f"{part:,} in part"] * bool(part)
        far = records(hosts)[0]
        about = f"{far.host} with {format_ratio(far.ratio)}, {where(survey, far)}"
        if len(hosts) == 1:
            yield f"1 host differs from the rest: {about}."
        else:
            yield f"{len(hosts):,} hosts differ from the rest: {listing(kinds)}; the farthest is {about}."
    if outliers.groups == 2:
        yield f"The hosts fall into two groups, about {format_ratio(outliers.factor)} apart: look at their classes."


def where(survey: Survey, host: Any) -> str:
    """Say where a host differs: 'in everything', 'in queues 1.80×', 'in everything 1.2×, and in managers 1.3×'."""
    table = survey.outliers.families
    off = table[(table["host"] == host.host) & (table["verdict"] != "")]
    off = off.iloc[np.argsort(-off["beside"].map(math.log).abs().to_numpy(), kind="stable")]
    named = listing([f"{row.family} {format_ratio(row.beside)}" for row in records(off)], 4)
    if not named:
        return "in everything" if host.verdict in ("slower", "faster") else ""
    usual = max(
        math.log1p(WORTH),
        _SPREADS * survey.outliers.spread if survey.outliers.spread == survey.outliers.spread else 0.0,
    )
    if abs(math.log(host.level)) <= usual:
        return f"in {named}"
    return f"in everything {format_ratio(host.level)}, and besides in {named}"


def _winner_sentence(survey: Survey) -> str:
    blocks = survey.winners.blocks
    if blocks.empty:
        return "No two mechanisms answer one question on two hosts, so no winner can change."
    changed = blocks[blocks["other"] > 0]
    held = len(blocks) - len(changed)
    said = f"In {held:,} of {count(len(blocks), 'block')} the usual winner wins or ties on all hosts"
    if changed.empty:
        return f"{said}."
    hosts = survey.winners.changes["host"].nunique()
    return f"{said}; in the others another one certainly wins, on {count(hosts, 'host')} in all."


def _left_out(survey: Survey) -> list[str]:
    lines = survey.fleet.left_out
    more = len(lines) - MOST_LEFT_OUT
    return [f"Left out: {line}." for line in lines[:MOST_LEFT_OUT]] + [f"And {more:,} more left out."] * (more > 0)


def _classes(survey: Survey, everything: bool) -> Iterator[Part]:
    classes = survey.outliers.classes
    shown = classes if everything else classes[:MOST_ROWS]
    middle = survey.outliers.hosts.groupby("kind")["ratio"].median()
    rows = [[f"{many:,}", *facts, format_ratio(float(middle[number]))] for number, (facts, many) in enumerate(shown)]
    yield _table("Classes of hosts; ratio: the median of their hosts", ["hosts", *CLASS, "ratio"], rows)
    yield from _more(len(classes) - len(shown), "class", "classes")


def _hosts(survey: Survey, everything: bool) -> Iterator[Part]:
    all_ = worst_first(survey.outliers.hosts)
    shown = all_ if everything or len(all_) <= FEW else survey.differing.head(MOST_HOSTS)
    if shown.empty:
        return
    several = len(survey.outliers.classes) > 1
    controls = shown["controls"].notna().any()
    rows = [
        [
            row.host,
            format_ratio(row.ratio),
            interval(row.low, row.high, format_ratio),
            row.verdict or ("in part" if row.families else "like the rest"),
            where(survey, row),
            *([format_ratio(row.kin)] if several else []),
            *([format_ratio(row.controls) if row.controls == row.controls else ""] if controls else []),
            f"{row.cases:,}" + (f" ({row.missing:,} missing)" if row.missing else ""),
        ]
        for row in records(shown)
    ]
    header = ["host", "ratio", "95 %", "verdict", "where", *(["in its class"] if several else [])]
    header += [*(["controls"] if controls else []), "cases"]
    yield _table("Hosts, the farthest first: geometric mean of their times over the fleet's centre", header, rows)
    yield from _more(len(survey.differing) - len(shown), "host that differs", "hosts that differ")


def _odd(survey: Survey, everything: bool) -> Iterator[Part]:
    odd = survey.outliers.odd
    if odd.empty:
        return
    shown = odd if everything else odd.groupby("host", sort=False).head(MOST_OF_HOST).head(MOST_ROWS)
    rows = [
        [
            row.host,
            row.case,
            format_time(row.seconds),
            format_ratio(row.ratio),
            format_ratio(row.beside),
            interval(row.low, row.high, format_ratio),
        ]
        for row in records(shown)
    ]
    header = ["host", "case", "there", "ratio", "off its level", "95 %"]
    yield _table("Cases that lie off the level of their host", header, rows)
    yield from _more(len(odd) - len(shown), "such case", "such cases")


def _winners(survey: Survey, everything: bool) -> Iterator[Part]:
    blocks, changes = survey.winners.blocks, survey.winners.changes
    shown = blocks if everything else blocks[blocks["other"] > 0]
    shown = shown.sort_values("other", ascending=False, kind="stable")
    rows = []
    for row in records(shown if everything else shown.head(MOST_ROWS)):
        same = np.logical_and.reduce([changes[name] == getattr(row, name) for name in BLOCK])
        there = [f"{each.host} ({each.winner}, {format_ratio(each.ratio)})" for each in records(changes[same])]
        rows.append([block_name(row), row.by, f"{row.other:,}", listing(there, 3)])
    if rows:
        header = ["for", "fastest on so many hosts", "another wins", "such as (winner there; the usual one takes)"]
        yield _table("Where the winner changes", header, rows)
        yield from _more(len(shown) - len(rows), "block", "blocks")


def _cases(survey: Survey, everything: bool) -> Iterator[Part]:
    cases = survey.outliers.cases
    wide = cases.iloc[np.argsort(-(cases["high"] / cases["low"]).to_numpy(dtype=float), kind="stable")]
    shown = cases if everything else wide.head(MOST_ROWS)
    rows = [
        [
            row.case,
            f"{row.hosts:,}",
            format_time(row.seconds),
            interval(row.low, row.high, format_ratio),
            _farthest(row),
        ]
        for row in records(shown)
    ]
    header = ["case", "hosts", "centre", "90 % of hosts", "farthest"]
    what = "All cases" if everything else "Cases that differ most between hosts"
    yield _table(f"{what}; centre: the median of the hosts' own times", header, rows)
    yield from _more(len(cases) - len(shown), "case", "cases")


def _farthest(case: Any) -> str:
    """Return the host farthest from the centre of a case, with its ratio."""
    fast = -math.log(case.least) > math.log(case.most)
    return f"{case.fastest if fast else case.slowest} {format_ratio(case.least if fast else case.most)}"


def _more(left: int, one: str, several: str) -> Iterator[str]:
    if left > 0:
        yield f"{left:,} more {one if left == 1 else several}; --all shows all."


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    clean = [[safe_text(cell, 300) for cell in row] for row in rows]
    return Table(safe_text(caption), [safe_text(cell, 60) for cell in header], clean)
