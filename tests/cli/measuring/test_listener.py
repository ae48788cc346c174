"""What is shown while a run goes on: what sits, how well ratios are known, and when it ends, on one line."""

from __future__ import annotations

import io
import math

import pytest
from rich.console import Console

from ipcbench.cli.measuring import listener
from ipcbench.cli.measuring.listener import Lines, drawn_bar, sitting_words
from ipcbench.model import Case, Visit
from ipcbench.run.listener import Ahead

MECHANISMS = ("pipe", "queue", "array")


def sitting(number: int, workers: int = 1, python: str = "") -> list[Visit]:
    cases = [Case("ping-pong", name, 64, workers, python=python) for name in MECHANISMS]
    return [Visit(case, number, place, 5) for place, case in enumerate(cases)]


def test_a_sitting_is_named_by_its_block_and_a_single_visit_by_its_case() -> None:
    assert sitting_words(sitting(1)) == "ping-pong/64B/1w, 3 visits"
    assert sitting_words(sitting(1, python="py3.13.0")) == "ping-pong/64B/1w, 3 visits"
    assert sitting_words(sitting(1)[:1]) == "ping-pong/pipe/64B/1w"


def test_without_a_terminal_there_is_a_line_per_round() -> None:
    said: list[str] = []
    lines = Lines(said.append)
    lines.visiting(sitting(0), Ahead(5, False, 64.0, math.inf))
    for workers in (1, 2):
        lines.visiting(sitting(1, workers), Ahead(5, False, 60.0, math.inf))
    lines.visiting(sitting(4), Ahead(5, False, 20.0, 0.0623))
    for number, left in ((9, 12.0), (10, 11.0), (11, 7.0), (12, 5.0)):
        lines.visiting(sitting(number), Ahead(None, True, left, 0.123))
    assert said == [
        "calibrating, about 1 min 04 s left",
        "round 1 of 5, about 1 min 00 s left",
        "round 4 of 5, ratios ±6.2 %, about 20 s left",
        "round 9 (least known blocks), ratios ±12 %, about 12 s left",
        "round 12 (least known blocks), ratios ±12 %, about 5 s left",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_the_bar_keeps_to_one_line(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    monkeypatch.setattr(listener, "Console", lambda **_options: console)
    with drawn_bar() as bar:
        bar.visiting(sitting(3), Ahead(None, False, 1234.0, 0.0623))
        bar.visiting(sitting(3, workers=123456), Ahead(None, False, 1234.0, 0.0623))
    lines = [line.removeprefix("\x1b[2K").rstrip() for line in drawn.getvalue().replace("\r", "\n").split("\n")]
    shown = [line for line in lines if "round 3" in line]
    assert shown[0].endswith(" 20 min 34 s left ratios ±6.2 %, ping-pong/64B/1w, 3 visits")
    assert max(map(len, shown)) <= width
    assert not [line for line in lines if line and "left" not in line and "\x1b" not in line], "nothing is wrapped"
