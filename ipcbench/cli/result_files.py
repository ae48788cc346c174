"""The input files and the output of a comparison."""

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

NARROWEST, WIDEST = 60, 160  # characters per line on a terminal; longer lines are harder to read
_NAMED = re.compile(r"([^=/]{1,60})=(.+)", re.DOTALL)


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


def table_width(to_file: bool) -> int:
    """Return the characters per line of a table: the width of a terminal, at most 160, or 10,000 in a file."""
    width = LONGEST_LINE if to_file else line_width(NARROWEST)
    return width if width == LONGEST_LINE else min(width, WIDEST)


def show(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file; raises ResultError, also for a results file, which is never overwritten."""
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
