"""What a script of the harness found, in one shape for all: a name, a number as it is shown, and what it should be."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; aim is what it should be, in words, and met whether it is, None where nothing is asked of it."""

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
    """A number that should be no larger."""
    return Figure(name, value, _shown(value, unit), f"≤ {most:g}{unit}", value <= most)


def at_least(name: str, value: float, least: float, unit: str = "") -> Figure:
    """A number that should be no smaller."""
    return Figure(name, value, _shown(value, unit), f"≥ {least:g}{unit}", value >= least)


def holds_one(name: str, ratio: float, low: float, high: float) -> Figure:
    """A ratio whose interval should hold 1."""
    return Figure(name, ratio, f"{ratio:.3f} [{low:.3f}, {high:.3f}]", "interval holds 1", low <= 1 <= high)


def plain(name: str, value: float, unit: str = "") -> Figure:
    """A number of which nothing is asked."""
    return Figure(name, value, _shown(value, unit))


def write(path: str | Path | None, figures: Sequence[Figure], **more: Any) -> None:
    """Write the figures, and what else a script has to say, into a JSON file; nowhere for None."""
    if path is not None:
        Path(path).write_text(json.dumps({"figures": [asdict(figure) for figure in figures], **more}, indent=1) + "\n")


def _shown(value: float, unit: str) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}{unit}"
    return f"{value:.3g}{unit}" if unit else f"{value:.3f}"
