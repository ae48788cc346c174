"""A file compared with itself: white noise, a jump in the middle, too few rounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import Finished
from synthetic import make_cases, make_result

from ipcbench.analysis.self_check import SelfCheck, drift_of, self_check
from ipcbench.analysis.stats import FloatArray
from ipcbench.report import write
from ipcbench.results import store


def white(cases: int, rounds: int, spread: float = 0.03, seed: int = 1) -> list[FloatArray]:
    chance = np.random.default_rng(seed)
    return [np.exp(chance.normal(0.0, spread, rounds)) for _ in range(cases)]


def jumped(rows: list[FloatArray], factor: float) -> list[FloatArray]:
    return [np.where(np.arange(len(row)) < len(row) // 2, row, factor * row) for row in rows]


@pytest.mark.parametrize("rounds", [7, 10, 20])
def test_white_noise_is_hardly_called_different_and_does_not_drift(rounds: int) -> None:
    found = self_check(white(120, rounds), rounds)
    assert found.cases == 120
    assert found.different <= 2
    assert found.changed <= 2
    assert found.drift < 0.01
    assert found.floor < 0.06


def test_the_noise_floor_is_what_two_whole_files_differ_by() -> None:
    one, other = white(4000, 10, seed=2), white(4000, 10, seed=3)
    ratios = [np.median(a) / np.median(b) for a, b in zip(one, other, strict=True)]
    truth = math.expm1(float(np.quantile(np.abs(np.log(ratios)), 0.95)))
    found = [self_check(white(100, 10, seed=seed), 10).floor for seed in range(10, 15)]
    assert np.mean(found) == pytest.approx(truth, rel=0.2)


@pytest.mark.parametrize("rounds", [4, 7, 10])
def test_a_jump_in_mid_run_is_drift_and_raises_the_noise_floor(rounds: int) -> None:
    found = self_check(jumped(white(120, rounds), 1.2), rounds)
    assert found.floor >= 0.10
    assert found.drift == pytest.approx(math.log(1.2) / math.sqrt(2), rel=0.1)  # both moments moved by as much


def test_a_jump_in_mid_run_shows_between_the_halves_of_the_run_and_not_between_interleaved_ones() -> None:
    found = self_check(jumped(white(100, 10), 1.2), 10)
    assert found.changed >= 90
    assert found.different <= 2


def test_a_few_wild_cases_do_not_speak_for_all() -> None:
    rows = white(100, 10)
    found = self_check([*jumped(rows[:3], 3.0), *rows[3:]], 10)
    assert found.drift < 0.02
    assert found.changed >= 3


def test_more_rounds_see_smaller_differences() -> None:
    assert self_check(white(40, 20), 20).visible < self_check(white(40, 7), 7).visible < 0.12


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_fewer_than_four_rounds_cannot_tell(rounds: int) -> None:
    found = self_check(white(5, rounds), rounds)
    assert not found.known
    assert found.words() == f"Doubtful: the self-check needs 4 rounds, and this run has {rounds}"


def test_equal_rounds_differ_by_nothing() -> None:
    found = self_check([np.full(6, 2e-6)], 6)
    assert (found.different, found.changed, found.floor, found.visible, found.drift) == (0, 0, 0.0, 0.0, 0.0)


def test_the_verdict_is_one_line_and_its_details_have_all_figures() -> None:
    found = SelfCheck(10, 167, 1, 3, 0.062, 0.041, 0.01)
    assert found.words() == "Reliable: differences above 6.2 % from another run are real"
    for figure in (
        "1 of 167 cases differ between alternate rounds",
        "3 between the first half and the second",
        "Noise floor 6.2 %",
        "4 of 5 comparisons would detect a difference of 4.1 %.",
    ):
        assert figure in found.details()


@pytest.mark.parametrize(
    ("different", "changed", "floor", "visible", "words"),
    [
        (9, 0, 0.06, 0.04, "Doubtful: 9 of 167 cases differ between alternate rounds"),
        (0, 9, 0.06, 0.04, "Doubtful: 9 of 167 cases changed from the first half to the second"),
        (0, 0, 0.06, 0.301, "Doubtful: only differences above 31 % from another run are real"),
        (0, 0, 0.301, 0.04, "Doubtful: only differences above 31 % from another run are real"),
    ],
)
def test_what_makes_a_run_doubtful_is_said(
    different: int, changed: int, floor: float, visible: float, words: str
) -> None:
    assert SelfCheck(10, 167, different, changed, floor, visible, 0.01).words().startswith(words)


def test_the_larger_of_noise_floor_and_visible_difference_is_the_one_that_is_real() -> None:
    assert "above 7.9 %" in SelfCheck(10, 167, 0, 0, 0.062, 0.0781, 0.01).words()
    assert "above 11 %" in SelfCheck(10, 167, 0, 0, 0.102, 0.0781, 0.01).words()
    assert "above 6.2 %" in SelfCheck(10, 167, 0, 0, 0.062, math.nan, 0.01).words()


def test_comparing_files_takes_the_drift_of_the_one_that_drifts_most() -> None:
    quiet, loud, short = SelfCheck(9, 9, 0, 0, 0.01, 0.02, 0.0), SelfCheck(9, 9, 0, 0, 0.08, 0.1, 0.02), SelfCheck(2)
    assert drift_of([quiet, loud, short]) == 0.02
    assert drift_of([short]) == drift_of([]) == 0.0


def test_a_huge_file_is_looked_at_in_part() -> None:
    assert self_check(white(1000, 4), 4).cases == 200


def test_report_summary_and_terminal_say_the_same_line(tmp_path: Path, within: Callable[..., Finished]) -> None:
    result = make_result(make_cases([64], ["pipe", "queue"]), 8)
    store.save(result, tmp_path / "laptop.json", replace=False)
    done = within("report", "laptop.json")
    line = next(line for line in done.out.splitlines() if line.startswith("Reliable: "))
    assert "from another run are real" in line
    page = write(result, tmp_path / "again")
    assert line in page.read_text()
    assert line in (page.parent / "summary.md").read_text()
