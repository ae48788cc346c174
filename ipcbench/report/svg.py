"""Figures to SVG text and PNG bytes, without pyplot: no global figure, no display."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure

from ipcbench.report.theme import Theme

RESOLUTION = 192  # dots per inch of PNG files
FONTS = "'DejaVu Sans', Verdana, system-ui, sans-serif"  # laid out with the first, the widest of them
_TAG = re.compile(r"<[^>]*>")  # text between tags is left alone
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")


@contextmanager
def drawing(theme: Theme, salt: str) -> Iterator[None]:
    """Draw and save inside this: matplotlib's defaults plus the theme, whatever the user's own settings are.

    salt makes the ids inside an SVG repeatable, and different from those of other charts on one page.
    """
    settings = theme.rc() | {"svg.hashsalt": f"ipcbench:{salt}"}
    with style.context("default", after_reset=True), mpl.rc_context(settings):  # type: ignore[arg-type]
        yield


def to_svg(figure: Figure) -> str:
    """Write a figure as SVG text that names no date and no program, with real text in it."""
    file = io.StringIO()
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", metadata=metadata)
    return _TAG.sub(_shorten, file.getvalue()).replace("'DejaVu Sans'", FONTS)


def _shorten(tag: re.Match[str]) -> str:
    return _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), tag[0])


def to_png(figure: Figure) -> bytes:
    """Write a figure as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=RESOLUTION, metadata={"Software": None})
    return file.getvalue()
