"""Figures: the results of the scripts of the harness, each with a name, a number and an aim."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. aim: what it should be, in words. met: whether it is, or None without an aim."""

    name: str
    value: float
    shown: str
    aim: str = ""
    met: bool | None = None

    @property
    def line(self) -> str:
        """The figure for a terminal."""
        verdict = "" if self.met is None else f"  aim {self.aim}: {'met' if self.met else 'MISSED'}"
        return f"{self.name:60} {self.shown}{verdict}"


def at_most(name: str, value: float, most: float, unit: str = "") -> Figure:
    """Return a figure with an upper limit."""
    return Figure(name, value, _shown(value, unit), f"≤ {most:g}{unit}", value <= most)


def at_least(name: str, value: float, least: float, unit: str = "") -> Figure:
    """Return a figure with a lower limit."""
    return Figure(name, value, _shown(value, unit), f"≥ {least:g}{unit}", value >= least)


def holds_one(name: str, ratio: float, low: float, high: float) -> Figure:
    """Return a ratio whose interval should contain 1."""
    return Figure(name, ratio, f"{ratio:.3f} [{low:.3f}, {high:.3f}]", "interval holds 1", low <= 1 <= high)


def near_one(name: str, ratio: float, low: float, high: float, share: float) -> Figure:
    """Return a ratio whose interval should lie within 1 ± share."""
    shown = f"{ratio:.3f} [{low:.3f}, {high:.3f}]"
    return Figure(name, ratio, shown, f"interval within 1 ± {share:g}", 1 - share <= low and high <= 1 + share)


def plain(name: str, value: float, unit: str = "") -> Figure:
    """Return a figure without an aim."""
    return Figure(name, value, _shown(value, unit))


def write(path: str | Path | None, figures: Sequence[Figure], **more: Any) -> None:
    """Write the figures, and further results of a script, to a JSON file; do nothing if the path is None."""
    if path is not None:
        Path(path).write_text(json.dumps({"figures": [asdict(figure) for figure in figures], **more}, indent=1) + "\n")


def _shown(value: float, unit: str) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}{unit}"
    return f"{value:.3g}{unit}" if unit else f"{value:.3f}"
