"""The one way to the terminal: without a character that steers it, and where printing may fail.

A terminal may be closed, a reader gone, a disk full. Progress and complaints go to stderr and are lost quietly then;
what is printed to stdout is said to be lost.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import TextIO

import click

from ipcbench.cli.exit_codes import NOT_SAVED, severest
from ipcbench.text import safe_text

LONGEST_LINE = 10_000  # characters
LEAST_WIDTH = 40

_GONE = (errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF)


_PLAIN = str.maketrans("µ×·–─│≈▶◀", "ux|--|~><") | {ord("…"): "...", ord("±"): "+-", ord("≤"): "<=", ord("≥"): ">="}


def replace_unprintable() -> None:
    """Have standard output and error replace what their encoding lacks, instead of raising UnicodeEncodeError."""
    codecs.register_error("ipcbench", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ipcbench")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Characters that an encoding lacks, in ASCII."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", "replace").decode("ascii"), error.end


class PrintFailed(Exception):
    """Standard output cannot be written to; exit_code is the severest of what the command came to and this."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def say(text: str) -> None:
    """Print a line to stdout."""
    click.echo(safe_text(text, LONGEST_LINE))


def say_prose(text: str) -> None:
    """Print a sentence to stdout, broken at blanks to the width of a terminal; elsewhere it stays one line."""
    text, width = safe_text(text, LONGEST_LINE), line_width(LEAST_WIDTH)
    if len(text) > width:
        text = textwrap.fill(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    click.echo(text)


def line_width(least: int) -> int:
    """How many characters a line of stdout may have: those of the terminal, but not fewer; in a file any number."""
    return max(shutil.get_terminal_size().columns, least) if sys.stdout.isatty() else LONGEST_LINE


def tell(text: str) -> None:
    """Print a line to stderr; where that fails, nothing is ever printed there again."""
    with quietly():
        click.echo(safe_text(text, LONGEST_LINE), err=True)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Let printing to stderr fail without a word."""
    try:
        yield
    except OSError:
        silence(sys.stderr)


@contextlib.contextmanager
def printing(code: int) -> Iterator[None]:
    """Print what a command came to that ends with this code; raises PrintFailed, but not for a reader who has gone."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # click would exit with 1, which stands for a defect here, or show a traceback.
        if error.errno not in _GONE:
            raise
        silence(sys.stdout)
        if error.errno != errno.EPIPE:
            text = f"cannot print: {error.strerror}; results that were measured are saved"
            raise PrintFailed(text, severest(code, NOT_SAVED)) from error


def silence(stream: TextIO) -> None:
    """Whoever read this stream has gone: keep the interpreter from complaining about it once more at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
