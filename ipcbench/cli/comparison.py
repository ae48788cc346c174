"""What `compare` and `fleet report` share: their files, filters and output, and the survey of many files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ipcbench.analysis.compare.columns import field
from ipcbench.cli.options import REPORTS
from ipcbench.cli.output import LONGEST_LINE, line_width, say, tell
from ipcbench.errors import BadRequest, ResultError
from ipcbench.results.store import find, folder_name, is_results_file, locate
from ipcbench.results.writing import write_whole

if TYPE_CHECKING:
    from ipcbench.analysis.fleet.host import Named

NARROWEST, WIDEST = 60, 160  # characters per line on a terminal; longer lines are harder to read
_NAMED = re.compile(r"([^=/]{1,60})=(.+)", re.DOTALL)
_HOST = re.compile(r"-[0-9a-f]{8}\.json")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The values of `options.comparison_options`."""

    results: Path
    filters: Sequence[str]
    kind: str
    output: Path | None
    everything: bool
    charts: bool
    report: Path | None

    def folder(self, name: str) -> Path | None:
        """Return the folder for the page with charts, by default reports/<name>; None if no page is wanted."""
        return self.report or (REPORTS / folder_name(Path(name)) if self.charts else None)

    def say_page(self, page: Path) -> None:
        """Print the path of the page, to stderr if something else reads stdout."""
        (say if self.kind == "table" and self.output is None else tell)(f"report: {page}")

    def show(self, formats: Mapping[str, Callable[[], str]]) -> None:
        """Make the text of the wanted format, and print it or write it to a file.

        Raises ResultError, also for a results file, which is never overwritten.
        """
        text, output = formats[self.kind](), self.output
        if output is None:
            click.echo(text, nl=False)
            return
        if is_results_file(output):
            raise ResultError(
                f"{output}: this is a results file, which --output must not overwrite; choose another --output"
            )
        try:
            if output.exists() and not output.is_file():
                output.write_text(text, encoding="utf-8")  # a device or a pipe is written to, not replaced
            else:
                write_whole(output.resolve(), text.encode(), replace=True)
        except OSError as error:
            raise ResultError(f"{output}: cannot write: {error.strerror}; choose another --output") from error

    @property
    def width(self) -> int:
        """The characters per line of a table: the width of a terminal, at most 160, or 10,000 in a file."""
        width = LONGEST_LINE if self.output else line_width(NARROWEST)
        return width if width == LONGEST_LINE else min(width, WIDEST)


def place(text: str, results: Path) -> tuple[str | None, Path]:
    """Return name and path of an argument, FILE or NAME=FILE; the name of FILE is None. Raises BadRequest."""
    named = _NAMED.fullmatch(text)
    if named and locate(text, results) is None:
        path = locate(named[2], results)
        if path is not None:
            return named[1], path
    return None, find(text, results)


def parse_filters(filters: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Parse FIELD=VALUE,… to fields with their values, each field once; raises BadRequest and UnknownName."""
    asked: dict[str, list[str]] = {}
    for text in filters:
        name, equals, values = text.partition("=")
        parts = [part.strip() for part in values.split(",") if part.strip()]
        if not (equals and parts):
            raise BadRequest(f"--filter {text!r}: expected FIELD=VALUE, or several values separated by commas")
        field(name)
        asked.setdefault(name.strip(), []).extend(parts)
    return tuple((name, tuple(parts)) for name, parts in asked.items())


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


def survey(given: Sequence[str], wanted: Wanted) -> int:
    """Survey files, print, and write the report if wanted; return the exit code, 2 if a file is left out."""
    from ipcbench.analysis.fleet.gather import gather
    from ipcbench.analysis.fleet.host import read_hosts
    from ipcbench.analysis.fleet.outliers import outliers
    from ipcbench.analysis.fleet.winners import winners
    from ipcbench.report.fleet import formats
    from ipcbench.report.fleet.words import Survey

    asked = parse_filters(wanted.filters)
    title, files = hosts_of(given, wanted.results)
    fleet = gather(read_hosts(files, asked))
    found = Survey(title, fleet, outliers(fleet), winners(fleet))
    for line in fleet.left_out:
        tell(f"left out: {line}")
    if folder := wanted.folder(f"{title}-fleet"):
        from ipcbench.report.fleet.write import write

        wanted.say_page(write(found, folder))
    wanted.show(
        {
            "json": lambda: formats.as_json(found),
            "csv": lambda: formats.as_csv(found),
            "markdown": lambda: formats.as_markdown(found, wanted.everything),
            "table": lambda: formats.terminal(found, wanted.everything, wanted.width) + "\n",
        }
    )
    return BadRequest.exit_code if fleet.left_out else 0
