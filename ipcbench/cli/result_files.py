"""Where the files of a comparison are, and where what is said of them goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from ipcbench.analysis.compare.columns import field
from ipcbench.cli.output import LONGEST_LINE, line_width
from ipcbench.errors import BadRequest, ResultError
from ipcbench.results.store import find, is_results_file, locate
from ipcbench.results.writing import write_whole

NARROWEST, WIDEST = 60, 160  # characters of a line on a terminal: longer ones are not read more easily
_NAMED = re.compile(r"([^=/]{1,60})=(.+)", re.DOTALL)


def place(text: str, results: Path) -> tuple[str | None, Path]:
    """The name and the path of an argument: what `store.find` takes, or that after NAME=. Raises BadRequest."""
    named = _NAMED.fullmatch(text)
    if named and locate(text, results) is None:
        path = locate(named[2], results)
        if path is not None:
            return named[1], path
    return None, find(text, results)


def parse_filters(filters: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """FIELD=VALUE,… as fields with their values, each field once; raises BadRequest and UnknownName."""
    asked: dict[str, list[str]] = {}
    for text in filters:
        name, equals, values = text.partition("=")
        parts = [part.strip() for part in values.split(",") if part.strip()]
        if not (equals and parts):
            raise BadRequest(f"--filter {text!r}: expected FIELD=VALUE, or several values separated by commas")
        field(name)
        asked.setdefault(name.strip(), []).extend(parts)
    return tuple((name, tuple(parts)) for name, parts in asked.items())


def table_width(to_file: bool) -> int:
    """How many characters a line of a table may have: on a terminal what it shows, in a file any number."""
    width = LONGEST_LINE if to_file else line_width(NARROWEST)
    return width if width == LONGEST_LINE else min(width, WIDEST)


def show(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file, which is never one of results; raises ResultError."""
    if output is None:
        click.echo(text, nl=False)
        return
    if is_results_file(output):
        raise ResultError(f"{output}: holds results, which nothing overwrites; choose another --output")
    try:
        if output.exists() and not output.is_file():
            output.write_text(text, encoding="utf-8")  # a device or a pipe stays what it is
        else:
            write_whole(output.resolve(), text.encode(), replace=True)
    except OSError as error:
        raise ResultError(f"{output}: cannot write: {error.strerror}; choose another --output") from error
