"""The survey of many results files, for `compare --fleet` and `fleet report`: read, compare, print, report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ipcbench.analysis.fleet.gather import gather
from ipcbench.analysis.fleet.host import Named, read_hosts
from ipcbench.analysis.fleet.outliers import outliers
from ipcbench.analysis.fleet.winners import winners
from ipcbench.cli.output import say, tell
from ipcbench.cli.result_files import parse_filters, place, show, table_width
from ipcbench.errors import BadRequest
from ipcbench.report.fleet import formats
from ipcbench.report.fleet.words import Survey
from ipcbench.results.store import folder_name

_HOST = re.compile(r"-[0-9a-f]{8}\.json")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of `compare` for the output: --format, --output, --all, --charts and --report."""

    kind: str
    output: Path | None
    everything: bool
    charts: bool
    report: Path | None


def hosts_of(given: Sequence[str], results: Path) -> tuple[str, list[Named]]:
    """Return the title of a survey and its files: for the label of a fleet the files of its hosts.

    Raises BadRequest.
    """
    found: list[Named] = []
    for text in given:
        of_label = sorted(path for path in results.glob("*.json") if _HOST.fullmatch(path.name.removeprefix(text)))
        found += [(None, path) for path in of_label] if of_label else [place(text, results)]
    title = given[0] if len(given) == 1 else f"{len(found)} files"
    return title, list(dict.fromkeys(found))


def survey(given: Sequence[str], results: Path, filters: Sequence[str], wanted: Wanted) -> int:
    """Survey files, print, and write the report if requested; return the exit code, 2 if a file is left out."""
    asked = parse_filters(filters)
    title, files = hosts_of(given, results)
    fleet = gather(read_hosts(files, asked))
    found = Survey(title, fleet, outliers(fleet), winners(fleet))
    for line in fleet.left_out:
        tell(f"left out: {line}")
    if wanted.charts or wanted.report:
        from ipcbench.report.fleet.write import write

        page = write(found, wanted.report or Path("reports") / folder_name(Path(f"{title}-fleet")))
        (say if wanted.kind == "table" and wanted.output is None else tell)(f"report: {page}")
    show(_formatted(found, wanted), wanted.output)
    return BadRequest.exit_code if fleet.left_out else 0


def _formatted(found: Survey, wanted: Wanted) -> str:
    if wanted.kind == "json":
        return formats.as_json(found)
    if wanted.kind == "csv":
        return formats.as_csv(found)
    if wanted.kind == "markdown":
        return formats.as_markdown(found, wanted.everything)
    return formats.terminal(found, wanted.everything, table_width(wanted.output is not None)) + "\n"
