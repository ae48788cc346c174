"""A comparison in sentences and tables, for a terminal and for a pull request."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ipcbench.analysis.compare.comparability import facts, notes
from ipcbench.analysis.compare.contrast import MOVED, Contrast
from ipcbench.analysis.compare.rankings import Shape
from ipcbench.analysis.compare.side import Side
from ipcbench.analysis.difference import MOST_MORE, WORTH
from ipcbench.analysis.stats import LEAST_ROUNDS
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import interval, listing
from ipcbench.text import count, safe_text
from ipcbench.units import format_ratio, format_size, format_time

VERDICTS = ("slower", "faster", "inconclusive", "equivalent")
MOST_MISSING = 10  # rows shown without --all
MOST_MEMORY = 5  # rows shown without --all
MORE_MEMORY = 0.05  # share; smaller differences of memory are not shown
MOST = 0.8  # share of rows for which `sight` says how small a difference would have been seen
MUCH = 0.05  # share of touched visits of a file; a smaller share is named at the top only, not beside the verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """The content of a comparison: the files, the contrast of their cases and, for other machines, the shapes.

    charts are those drawn beside a Markdown file, as (id, finding in words).
    """

    sides: Sequence[Side]
    contrast: Contrast
    shapes: Sequence[Shape] = ()
    charts: Sequence[tuple[str, str]] = field(default=())

    @property
    def several(self) -> bool:
        """Whether more than one column is compared with the base, so that rows must name theirs."""
        return len(self.contrast.columns) > 2


Part = str | Table


def parts(comparison: Comparison, everything: bool = False) -> list[Part]:
    """Return sentences and tables in reading order; with `everything` no row is left out."""
    found: list[Part] = [*doubts(comparison), *_settings(comparison)]
    found += [f"Note: {note}" for note in notes(comparison.sides)]
    found += _controls(comparison)
    found += [*_cases(comparison, everything), *_families(comparison), *_memory(comparison, everything)]
    found += _missing(comparison, everything)
    for shape in comparison.shapes:
        found += _shape(shape)
    return [*found, *conclusion(comparison)]


def doubts(comparison: Comparison) -> list[str]:
    """Return what makes the numbers doubtful, with figures: touched visits and the noise floor."""
    said = [f"Doubt: in {side.name}, {side.touched}. Their values count." for side in comparison.sides if side.touched]
    floors = comparison.contrast.floors
    if floors:
        each = [
            f"{100 * floors[side.name]:.1f} % in {side.name}" if side.name in floors else f"not known in {side.name}"
            for side in comparison.sides
        ]
        said.append(f"Noise floor: {listing(each, len(each))}. Smaller differences between two files are doubtful.")
    return [safe_text(text, 1000) for text in said]


def below_floor(contrast: Contrast, rows: Sequence[str]) -> str:
    """Return how many of these rows differ by less than the noise floor, as the end of a clause; empty for none."""
    within = contrast.table[contrast.within_noise & contrast.table["row"].isin(rows)]
    if within.empty:
        return ""
    return f" ({len(within):,} by less than the noise floor of {100 * within['floor'].max():.0f} %: doubtful)"


def sight(contrast: Contrast) -> str:
    """Return how small a difference most rows, and all rows, would have shown four times out of five."""
    visible = sorted(contrast.table["visible"].dropna())
    rows, unknown = len(contrast.table), len(contrast.table) - len(visible)
    if not visible:
        return "There are too few rounds to see any difference for certain."
    most = math.ceil(MOST * len(visible))
    said = f"A difference of {_rounded_up(visible[most - 1])} would have been seen in {most:,} of {count(rows, 'case')}"
    if len(visible) > most:
        said += f", one of {_rounded_up(visible[-1])} in {len(visible) if unknown else 'all'}"
    return f"{said}, four times out of five{f'; {unknown:,} have too few rounds' if unknown else ''}."


def _rounded_up(share: float) -> str:
    return f"{math.ceil(share * 1000) / 10:g} %"


def conclusion(comparison: Comparison) -> list[str]:
    """Return the counts of verdicts for each column compared with the base, and what more rounds would settle."""
    contrast, said = comparison.contrast, []
    for column in contrast.columns[1:]:
        rows = contrast.table[contrast.table["column"] == column]
        within = rows[contrast.within_noise[rows.index]]
        lacking = len(contrast.missing[contrast.missing["column"].isin([column, contrast.base])])
        counts = [f"{(rows['verdict'] == verdict).sum():,} {verdict}" for verdict in VERDICTS]
        counts += [f"{lacking:,} missing on one side"] if lacking else []
        said.append(
            f"{safe_text(column, 60)} against {safe_text(contrast.base, 60)}: {', '.join(counts)}. Differences below "
            f"{WORTH * 100:.3g} % are ignored.{_in_doubt(comparison, column, within)}"
        )
    return said + _more(contrast.table)


def _in_doubt(comparison: Comparison, column: str, within: pd.DataFrame) -> str:
    """Return the doubts about a verdict: differences below the noise floor, and touched sides."""
    said = []
    if len(within):
        said.append(f"{len(within):,} differ by less than the noise floor of {100 * within['floor'].max():.0f} %")
    sides = {comparison.contrast.base, column} if comparison.contrast.projection.column == "label" else None
    compared = [side for side in comparison.sides if sides is None or side.name in sides]
    said += [f"in {safe_text(side.name, 60)} {side.touched}" for side in compared if side.share_touched >= MUCH]
    return f" Doubtful: {'; '.join(said)}." if said else ""


def _more(table: pd.DataFrame) -> list[str]:
    """Return how many more rounds would settle the inconclusive rows."""
    open_ = table[table["verdict"] == "inconclusive"]
    unknown = open_[open_["low"].isna()]
    if len(unknown):
        few = int(unknown["more"].max())
        return [f"Inconclusive rows need at least {count(few, 'more round')}: an interval takes {LEAST_ROUNDS} rounds."]
    known = open_["more"].dropna()
    if known.empty:
        return ["More rounds would not settle the inconclusive rows; measuring again at other times may."] * bool(
            len(open_)
        )
    unit = "more repeat" if (open_["repeats"] > 1).any() else "more round"
    each = "" if table["paired"].all() else " of each"
    half, whole = math.ceil(known.median()), int(known.max())
    if len(open_) == 1:
        return [f"About {count(whole, unit)}{each} would settle the inconclusive row."]
    rest = f"{count(whole, unit)} all of them" if len(known) == len(open_) else f"some need more than {MOST_MORE:,}"
    return [f"About {count(half, unit)}{each} would settle half of the {len(open_):,} inconclusive rows; {rest}."]


def _settings(comparison: Comparison) -> Iterator[Part]:
    known = facts(comparison.sides)
    if len(comparison.sides) == 1:
        about = comparison.sides[0].facts
        yield f"{comparison.sides[0].name}: " + ", ".join(
            f"{name} {about[name]}"
            for name in ("CPU", "Python", "measured under", "ipcbench", "rounds", "date")
            if name in about
        )
        return
    rows = [[fact.name, *(value or "not known" for value in fact.values)] for fact in known if not fact.same]
    if rows:
        yield _table("What differs besides the code", ["", *(side.name for side in comparison.sides)], rows)
    same = [fact.name for fact in known if fact.same]
    if same:
        yield f"Equal on all sides: {', '.join(same)}."


def _controls(comparison: Comparison) -> Iterator[Part]:
    """Yield how much the controls changed; they depend on the machine only, not on a mechanism."""
    means = comparison.contrast.controls
    for column in dict.fromkeys(means["column"]):
        rows = means[means["column"] == column]
        shown = [f"{row.name} {format_ratio(row.ratio)}{_in_brackets(row)}" for row in records(rows)]
        yield f"Controls, {column} against {comparison.contrast.base}: {', '.join(shown)}."
        moved = [str(name) for name, ratio in zip(rows["name"], rows["ratio"], strict=True) if _distance(ratio) > MOVED]
        if moved:
            yield (
                f"The controls moved ({listing(moved)}): the machine changed, not only the code. Differences of that "
                "size say nothing about the code."
            )


def _distance(ratio: float) -> float:
    return max(ratio, 1 / ratio) - 1


def _in_brackets(row: Any) -> str:
    found = interval(row.low, row.high, format_ratio)
    return f" ({found})" if found else ""


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the different first, then the inconclusive, then the equivalent.

    Within each the largest difference comes first; for another machine, the farthest from the ratio of all cases.
    """
    place = {"slower": 0, "faster": 0, "inconclusive": 1, "equivalent": 2}
    ratios = table["excess"].fillna(table["ratio"])
    by = pd.DataFrame({"place": table["verdict"].map(place), "distance": -ratios.map(math.log).abs()})
    return table.loc[by.sort_values(["place", "distance"], kind="stable").index]


def _cases(comparison: Comparison, everything: bool) -> Iterator[Part]:
    contrast = comparison.contrast
    rows = ordered(contrast.table)
    shown = rows if everything else rows[rows["verdict"].isin(["slower", "faster"])]
    name = "case" if not contrast.projection.rows else ", ".join(contrast.projection.rows)
    relative = bool(rows["excess"].notna().any())
    for column, whole in contrast.wholes.items():
        if relative:
            yield (
                f"Over all {count(whole.cases, 'case')} {column} takes {format_ratio(whole.ratio)}"
                f"{_in_brackets(whole)} as long as {contrast.base}. The rows farthest from that ratio come first; "
                "'of the whole' is the ratio of a row divided by it."
            )
    if len(shown):
        header = [name, *(["against base"] if comparison.several else []), contrast.base]
        header += ["this" if comparison.several else contrast.columns[1], "ratio", "95 %"]
        header += [*(["of the whole"] if relative else []), "verdict"]
        mean = ", geometric means over their cases" if (rows["cases"] > 1).any() else ""
        yield _table(
            f"Ratio: how many times as long as in {contrast.base}{mean}",
            header,
            [_row(row, comparison.several, relative) for row in records(shown.assign(within=contrast.within_noise))],
        )
    folded = [
        f"{(rows['verdict'] == verdict).sum():,} {verdict}"
        for verdict in VERDICTS[2:]
        if not everything and (rows["verdict"] == verdict).any()
    ]
    if folded:
        none = "" if len(shown) else "No case differs for certain. "
        yield f"{none}Not shown: {' and '.join(folded)}; --all shows them."


def _row(row: Any, several: bool, relative: bool) -> list[str]:
    found = [row.row, *([row.column] if several else []), format_time(row.base_seconds), format_time(row.seconds)]
    verdict = row.verdict
    if verdict == "inconclusive" and row.more == row.more:
        verdict += f", +{row.more:,.0f} {'repeats' if row.repeats > 1 else 'rounds'}"
    elif row.within:
        verdict += ", below noise"
    found += [format_ratio(row.ratio), interval(row.low, row.high, format_ratio)]
    return [*found, *([format_ratio(row.excess) if row.excess == row.excess else ""] if relative else []), verdict]


def _families(comparison: Comparison) -> Iterator[Part]:
    means = comparison.contrast.families
    if means["cases"].sum() <= len(comparison.contrast.columns) - 1:
        return  # the only case has a row that says this
    rows = [
        [
            row.name,
            *([row.column] if comparison.several else []),
            format_ratio(row.ratio),
            interval(row.low, row.high, format_ratio),
            f"{row.cases:,}",
            f"{row.missing:,}" if row.missing else "",
        ]
        for row in records(means)
    ]
    header = ["family", *(["against base"] if comparison.several else []), "ratio", "95 %", "cases", "missing"]
    yield _table("Geometric means, over cases that both have", header, rows)


def _memory(comparison: Comparison, everything: bool) -> Iterator[Part]:
    """Yield the cases whose memory differs, the largest difference first."""
    ratios = (comparison.contrast.table["memory"] / comparison.contrast.table["base_memory"]).dropna()
    moved = ratios[ratios.map(_distance) > MORE_MEMORY]
    limit = f"{100 * MORE_MEMORY:g} %"
    if len(ratios):
        yield f"Memory differs by more than {limit} in {len(moved):,} of {count(len(ratios), 'case')}."
    if moved.empty:
        return
    order = moved[(-moved.map(math.log).abs()).sort_values(kind="stable").index]
    shown = order if everything else order.head(MOST_MEMORY)
    table = comparison.contrast.table.loc[shown.index]
    rows = [
        [
            row.row,
            *([row.column] if comparison.several else []),
            format_size(row.base_memory),
            format_size(row.memory),
            format_ratio(row.memory / row.base_memory),
        ]
        for row in records(table)
    ]
    header = ["case", *(["against base"] if comparison.several else []), comparison.contrast.base]
    header += ["this" if comparison.several else comparison.contrast.columns[1], "ratio"]
    left = f"; {len(order) - len(shown):,} more with --all" if len(order) > len(shown) else ""
    yield _table(f"Memory of all processes, the largest differences first{left}", header, rows)


def _missing(comparison: Comparison, everything: bool) -> Iterator[Part]:
    lacks = comparison.contrast.missing.drop_duplicates(["case", "column"])
    if lacks.empty:
        return
    shown = lacks if everything else lacks.head(MOST_MISSING)
    rows = [[row.case, row.column, row.verdict, row.reason] for row in records(shown)]
    yield _table("Without a number on one side", ["case", "missing in", "verdict", "why"], rows)
    if len(lacks) > len(shown):
        kinds = (lacks["verdict"] + " in " + lacks["column"]).value_counts(sort=False)
        said = ", ".join(f"{many:,} {kind}" for kind, many in kinds.items())
        yield f"Of {len(lacks):,} in all ({said}); --all shows them."


def _shape(shape: Shape) -> Iterator[Part]:
    """Yield what two machines advise: winners, order, and crossing sizes."""
    blocks = len(shape.winners) // 2
    changed = shape.changed
    if blocks:
        rows = [_change(shape, row) for row in records(changed)]
        if rows:
            yield _table("Where another mechanism wins", ["for", shape.base, shape.other], rows)
        yield (
            f"The winner changes in {len(changed):,} of {count(blocks, 'block')} that both measured; ties are no "
            "change."
        )
    if len(shape.agreement):
        rows = [[row.question, f"{row.blocks:,}", f"{row.tau:.2f}"] for row in records(shape.agreement)]
        yield _table(
            "Order of the mechanisms (Kendall's tau: 1 equal, -1 reversed)", ["question", "blocks", "tau"], rows
        )
    crossings = shape.crossings
    if crossings:
        rows = [
            [
                each.where,
                f"{each.second} beats {each.first} from",
                _size(each.base),
                _size(each.other),
                "moved" if each.moved else "" if each.settled else "not settled",
            ]
            for each in crossings
        ]
        yield _table("Crossing sizes", ["for", "", shape.base, shape.other, ""], rows)


def _change(shape: Shape, row: Any) -> list[str]:
    winners = shape.winners
    same = winners["side"] == shape.base
    for name in ("question", "size", "workers", "payload", "start_method", "placement", "cpus", "python", "wait"):
        same &= winners[name] == getattr(row, name)
    before = winners[same].iloc[0]
    return [block_name(row), _winner(before), _winner(row)]


def block_name(row: Any) -> str:
    """Write a block: 'ping-pong, 64 B, 1 worker, pack'."""
    settings = [
        text for text in (row.payload, row.start_method, row.placement, row.cpus, row.python) if text not in _PLAIN
    ]
    waits = [] if row.wait in ("block", "") else [f"those that {row.wait}"]
    return ", ".join([row.question, format_size(row.size), count(row.workers, "worker"), *settings, *waits])


_PLAIN = ("", "bytes", "fork", "spread", "idle")


def _winner(row: Any) -> str:
    lead = f"ties with {row.next}" if row.tied else f"{format_ratio(row.lead)} ahead of {row.next}"
    return f"{row.winner}, {format_time(row.seconds)}, {lead}"


def _size(crossing: Any) -> str:
    if math.isnan(crossing.size):
        return "everywhere" if crossing.second_wins else "nowhere measured"
    around = "" if math.isnan(crossing.low) else f" ({format_size(crossing.low)} to {format_size(crossing.high)})"
    return f"{format_size(float(f'{crossing.size:.2g}'))}{around}"


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    clean = [[safe_text(cell, 300) for cell in row] for row in rows]
    return Table(safe_text(caption), [safe_text(cell, 60) for cell in header], clean)
