"""Printing: every text is cleaned of control characters, and a failure to print is handled.

The terminal may be closed, the reader may have gone, the disk may be full. Text for stderr is then dropped silently; a
failure on stdout raises PrintFailed.
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
    """Make stdout and stderr replace characters that their encoding lacks, instead of raising UnicodeEncodeError."""
    codecs.register_error("ipcbench", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ipcbench")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Return the ASCII replacement for characters that an encoding lacks, and where to continue."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    return text.encode("ascii", "replace").decode("ascii"), error.end


class PrintFailed(Exception):
    """Standard output cannot be written; exit_code is the severest of 6 and the exit code of the command."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def say(text: str) -> None:
    """Print a line to stdout."""
    click.echo(safe_text(text, LONGEST_LINE))


def say_prose(text: str) -> None:
    """Print a sentence to stdout, wrapped to the width of a terminal, or as one line if stdout is no terminal."""
    text, width = safe_text(text, LONGEST_LINE), line_width(LEAST_WIDTH)
    if len(text) > width:
        text = textwrap.fill(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    click.echo(text)


def line_width(least: int) -> int:
    """Return the characters per line of stdout: the width of the terminal, at least `least`; 10,000 in a file."""
    return max(shutil.get_terminal_size().columns, least) if sys.stdout.isatty() else LONGEST_LINE


def tell(text: str) -> None:
    """Print a line to stderr; after a failure nothing is printed there any more."""
    with quietly():
        click.echo(safe_text(text, LONGEST_LINE), err=True)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Ignore failures to print to stderr."""
    try:
        yield
    except OSError:
        silence(sys.stderr)


@contextlib.contextmanager
def printing(code: int) -> Iterator[None]:
    """Handle failures to print in a command that ends with this code.

    Raises PrintFailed, except for a closed pipe: its reader has ended.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        # click would exit with code 1, which stands for a bug in ipcbench, or print a traceback.
        if error.errno not in _GONE:
            raise
        silence(sys.stdout)
        if error.errno != errno.EPIPE:
            text = f"cannot print: {error.strerror}; results that were measured are saved"
            raise PrintFailed(text, severest(code, NOT_SAVED)) from error


def silence(stream: TextIO) -> None:
    """Redirect a stream that cannot be written to nowhere, so that the interpreter prints no error at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
