"""The one way to the terminal for text that comes from a file, a mechanism or an argument."""

from __future__ import annotations

import click

from ipcbench.text import safe_text

LONGEST_LINE = 10_000


def say(text: str, err: bool = False) -> None:
    """Print one line without a character that steers a terminal."""
    click.echo(safe_text(text, LONGEST_LINE), err=err)
