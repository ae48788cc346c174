"""`ipcbench compare`: differences between results, with their statistical certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ipcbench.cli.exit_codes import WORSE
from ipcbench.cli.options import FEW, GroupedCommand, comparison_options
from ipcbench.text import told_apart

if TYPE_CHECKING:
    from ipcbench.analysis.compare.columns import Projection
    from ipcbench.analysis.compare.contrast import Contrast
    from ipcbench.analysis.compare.side import Side
    from ipcbench.analysis.self_check import SelfCheck
    from ipcbench.report.comparison.words import Comparison


MOST_NAMED = 4  # cases named for each condition that is true
GROUPS = {
    "What to compare": ("results", "column", "rows", "filters", "fleet", "fail_if"),
    "Output": ("kind", "output", "everything", "charts", "report"),
}


@click.command("compare", cls=GroupedCommand, groups=GROUPS)
@click.argument("files", nargs=-1, required=True, metavar="A B [C ...]")
@click.option("--column", metavar="FIELD", help="Compare values of this field instead of files.")
@click.option(
    "--row", "rows", multiple=True, metavar="FIELD", help="One row per value of this field. Default: per case."
)
@comparison_options("Also show equivalent, inconclusive and missing cases.", "report", "<B>-vs-<A>")
@click.option(
    "--fleet/--no-fleet",
    default=None,
    help=f"Show which hosts differ from the rest, and where the winner changes. Default: with more than {FEW} files.",
)
@click.option(
    "--fail-if",
    metavar="CONDITION",
    multiple=True,
    help="End with code 9 if a case is slower, faster, different or missing; slower>10% sets a limit. "
    "memory>10%: if it takes 10% more memory; blind>10%: if it could not have shown 10%. Repeatable.",
)
def command(
    files: Sequence[str],
    column: str | None,
    rows: Sequence[str],
    fleet: bool | None,
    fail_if: Sequence[str],
    **shared: Any,
) -> int:
    """Compare results: files, machines, Pythons, settings.

    \b
    Examples:
      ipcbench compare laptop server
      ipcbench compare old=main.json new=branch.json --fail-if 'slower>10%'
      ipcbench compare gate --column python --fail-if 'slower>5%, blind>10%'
      ipcbench compare laptop --row mechanism --column placement
      ipcbench compare results/lab-*.json --fleet

    A is the base; the command compares B and each further file with A. A file is a path, a label, or - for standard
    input; NAME=FILE names its column. With --column one file is enough. Plain pyperf files are compared by the names of
    their benchmarks. With more than 8 files, or --fleet, the command compares each host with the median of all.

    \b
    Fields: label, mechanism, family, question, pattern, operation, size,
    workers, payload, start-method, placement, cpus, python; case.
    """
    from ipcbench.analysis.compare.limits import exceeded, parse_limits
    from ipcbench.cli.comparison import Wanted, survey

    wanted = Wanted(**shared)
    if _by_host(len(files), fleet, column, rows, fail_if):
        return survey(files, wanted)
    from ipcbench.report.comparison import formats

    limits = [limit for text in fail_if for limit in parse_limits(text)]
    comparison = _compare(_sides(files, wanted.results), _projection(column, rows, wanted.filters, len(files)))
    contrast = comparison.contrast
    failed = {str(limit): exceeded(limit, contrast) for limit in limits}
    if folder := wanted.folder(f"{'-and-'.join(contrast.columns[1:])}-vs-{contrast.base}"):
        from ipcbench.report.comparison.write import write

        wanted.say_page(write(comparison, folder))
    wanted.show(
        {
            "json": lambda: formats.as_json(comparison, failed),
            "csv": lambda: formats.as_csv(comparison),
            "markdown": lambda: formats.as_markdown(comparison, wanted.everything),
            "table": lambda: formats.terminal(comparison, wanted.everything, wanted.width) + "\n",
        }
    )
    return _judged(failed, contrast, quiet=wanted.kind != "table" and wanted.output is None)


def _by_host(files: int, fleet: bool | None, column: str | None, rows: Sequence[str], fail_if: Sequence[str]) -> bool:
    """Return whether to show the files as a fleet; raises BadRequest for options that a fleet excludes."""
    from ipcbench.errors import BadRequest

    given = {"--column": column is not None, "--row": bool(rows), "--fail-if": bool(fail_if)}
    others = [name for name, there in given.items() if there]
    if fleet and others:
        raise BadRequest(f"--fleet compares each host with the median of all: leave out {', '.join(others)}")
    return fleet if fleet is not None else files > FEW and not others


def checks(sides: Sequence[Side]) -> dict[str, SelfCheck]:
    """Return the self-check of each file by label; empty for one file, whose rounds are paired."""
    from ipcbench.analysis.self_check import self_check
    from ipcbench.analysis.stats import by_round

    if len(sides) < 2:
        return {}
    return {side.name: self_check(list(by_round(side.visits).values()), side.rounds) for side in sides}


def _sides(files: Sequence[str], results: Path) -> list[Side]:
    from ipcbench.analysis.compare.comparability import refuse
    from ipcbench.analysis.compare.side import LONGEST_COLUMN, open_side
    from ipcbench.cli.comparison import place

    sides = []
    for text in files:
        name, path = place(text, results)
        sides.append(open_side(path, name))
    refuse(sides)
    names = told_apart([side.name for side in sides], LONGEST_COLUMN)
    return [replace(side, name=short) for side, short in zip(sides, names, strict=True)]


def _projection(column: str | None, rows: Sequence[str], filters: Sequence[str], files: int) -> Projection:
    from ipcbench.analysis.compare.columns import Projection, field
    from ipcbench.cli.comparison import parse_filters

    chosen = [part.strip() for text in rows for part in text.split(",")]
    for name in [*chosen, *([column] if column else [])]:
        field(name)
    if column is None and files == 1:
        column = ""
    return Projection("label" if column is None else column, tuple(chosen), parse_filters(filters))


def _compare(sides: Sequence[Side], projection: Projection) -> Comparison:
    """Compare the sides; raises BadRequest if there is nothing to compare."""
    from ipcbench.analysis.compare.columns import chosen, columns_of, gather, varying
    from ipcbench.analysis.compare.comparability import nothing_common, other_machine
    from ipcbench.analysis.compare.contrast import contrast
    from ipcbench.errors import BadRequest
    from ipcbench.report.comparison.words import Comparison

    gathered = gather(sides)
    cases = chosen(gathered.cases, projection.filters)
    if not projection.column:
        names = [name for name in varying(cases) if name != "label"]
        ways = f", or a field to compare its cases by: --column {' or '.join(names)}" if names else ""
        raise BadRequest(f"one file has nothing to compare with: give a second file{ways}")
    columns = columns_of(cases, projection, gathered.pythons)
    if len(columns) < 2:
        raise BadRequest(f"all cases have the {projection.column} {columns[0]}: choose another --column")
    strangers = [side for side in sides[1:] if other_machine(sides[0], side)] if projection.column == "label" else []
    found = contrast(gathered, cases, projection, checks=checks(sides), elsewhere=[side.name for side in strangers])
    if found.table.empty:
        raise BadRequest(_why_nothing(sides, found) or nothing_common(sides))
    shapes = []
    if strangers:
        from ipcbench.analysis.compare.rankings import shape

        kept = set(cases["case"])
        shapes = [shape(sides[0], side, kept) for side in strangers]
    return Comparison(sides, found, shapes)


def _why_nothing(sides: Sequence[Side], found: Contrast) -> str:
    """Return why no case has a number in two columns; empty if there is no common case."""
    if found.projection.column != "label":
        what = f"no two cases agree in all but {found.projection.column} and have numbers"
        return f"{what}; the values of {found.projection.column} are {', '.join(found.columns)}"
    common = set.intersection(*(set(side.cases["case"]) for side in sides))
    if not common:
        return ""
    said = []
    for side in sides:
        counts = side.cases.loc[side.cases["case"].isin(common), "verdict"].value_counts()
        said.append(f"{', '.join(f'{many} {verdict}' for verdict, many in counts.items())} in {side.name}")
    return f"none of the {len(common)} cases in common has a number on both sides: {'; '.join(said)}"


def _judged(failed: Mapping[str, Sequence[str]], contrast: Contrast, quiet: bool) -> int:
    """Print the result of --fail-if, to stderr if a program reads stdout, and return the exit code."""
    from ipcbench.cli.output import say, tell
    from ipcbench.report.comparison.words import below_floor, sight
    from ipcbench.report.content.words import listing

    if not failed:
        return 0
    open_ = int((contrast.table["verdict"] == "inconclusive").sum())
    rest = f"; {open_:,} inconclusive, which do not count as failed" if open_ else ""
    true = [
        f"{condition}: {len(rows):,}, {listing(rows, MOST_NAMED)}{below_floor(contrast, rows)}"
        for condition, rows in failed.items()
        if rows
    ]
    show = tell if quiet else say
    show(sight(contrast))
    show(f"{'failed' if true else 'passed'}: {'; '.join(true) or ', '.join(failed)}{rest}")
    return WORSE if true else 0
