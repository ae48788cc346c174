"""Ranks of the cases of a block: who is the best, who ties with it, and how often chance decides."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranked_tables import ping_tables, ranked
from synthetic import make_cases, make_result, make_skips

from ipcbench.analysis.difference import WORTH, paired
from ipcbench.analysis.ranking import rank, standings
from ipcbench.analysis.stats import FloatArray, summarise
from ipcbench.model import Case


def test_the_best_of_a_block_has_slowdown_one_and_the_others_theirs() -> None:
    cases, visits = ping_tables(pipe=[1.0, 1.0, 1.0], queue=[3.0, 3.0, 3.0], array=[1.02, 1.02, 1.02])
    table = rank(summarise(cases, visits), visits).set_index("mechanism")
    assert list(table["best"]) == [True, False, False]
    assert list(table["slowdown"]) == pytest.approx([1.0, 3.0, 1.02])
    assert list(table["tied"]) == [False, False, True]
    assert set(table["rivals"]) == {3}


def test_mechanisms_that_spin_are_never_ranked_with_those_that_block() -> None:
    cases, visits = ping_tables(pipe=[2.0, 2.0, 2.0], ring=[1.0, 1.0, 1.0])
    cases["wait"] = ["block", "spin"]
    table = rank(summarise(cases, visits), visits)
    assert table["best"].all()
    assert set(table["rivals"]) == {1}


def test_another_placement_is_another_block() -> None:
    result = make_result([Case("ping-pong", "pipe", 64), Case("ping-pong", "pipe", 64, placement="pack")], rounds=3)
    assert ranked(result)["best"].all()


def test_a_run_without_a_number_is_summarised_and_ranked_as_empty() -> None:
    cases = make_cases(sizes=[64], mechanisms=["pipe"])
    result = make_result(cases, rounds=2, verdicts={case.id: ("failed", "died") for case in cases})
    table = ranked(result)
    assert len(table) == len(cases)
    assert table["slowdown"].isna().all()
    assert not table["best"].any()


def test_skipped_cases_stay_in_the_table() -> None:
    table = ranked(make_result(rounds=3))
    assert (table["verdict"] == "unsupported").sum() == len(make_skips())


BLOCKS = st.integers(3, 9).flatmap(
    lambda rounds: st.lists(st.lists(st.floats(1e-6, 1e-5), min_size=rounds, max_size=rounds), min_size=2, max_size=6)
)


@settings(max_examples=50)
@given(BLOCKS)
def test_no_case_is_ahead_of_the_best_unless_a_third_is_ahead_of_it(block: list[list[float]]) -> None:
    times = [np.array(each) for each in block]
    found = standings(times)
    for place, behind in enumerate(found.behind):
        if behind.ratio < 1:
            assert any(paired(other, times[place]).ratio < 1 for other in times)
    assert found.behind[found.best].ratio == 1.0
    assert found.order[0] == found.best
    assert not found.tied[found.best]


@settings(max_examples=50)
@given(BLOCKS)
def test_a_slowdown_is_the_ratio_that_a_comparison_of_the_two_gives(block: list[list[float]]) -> None:
    times = [np.array(each) for each in block]
    found = standings(times)
    for place in {*range(len(times))} - {found.best}:
        assert found.behind[place] == paired(times[place], times[found.best])


def test_the_best_is_ahead_in_the_rounds_and_not_by_its_median() -> None:
    # Each round of the first takes 0.9 of that of the second, but the disturbed rounds move its median above the other.
    second = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    first = 0.9 * second
    first[2], second[2] = 1.8, 2.0
    assert np.median(first) > np.median(second) * 0.89
    found = standings([second, first])
    assert found.best == 1
    assert found.behind[0].ratio == pytest.approx(1 / 0.9)
    assert not found.tied[0]


def test_in_a_circle_the_case_that_is_behind_by_least_is_the_best_and_the_others_tie() -> None:
    times = [np.exp(np.array(logs)) for logs in CIRCLE]
    ahead = [paired(times[one], times[(one + 1) % 3]).ratio for one in range(3)]
    assert all(ratio < 1 for ratio in ahead)
    found = standings(times)
    assert found.best == min(range(3), key=lambda one: paired(times[one], times[one - 1]).ratio)
    assert sum(found.tied) == 2


CIRCLE = [  # seven rounds, logarithms of times
    [0.01, -0.03, -0.01, -0.04, 0.03, 0.01, -0.02],
    [-0.04, 0.01, 0.04, -0.0, 0.02, -0.02, 0.0],
    [-0.01, 0.01, -0.06, 0.03, -0.01, 0.01, -0.01],
]


def test_cases_of_different_repeats_have_a_ratio_without_an_interval() -> None:
    gap = [math.nan] * 3
    found = standings([np.array([1.0, 1.0, 1.0, *gap]), np.array([*gap, 2.0, 2.0, 2.0])])
    assert found.best == 0
    assert found.behind[1].ratio == pytest.approx(2.0)
    assert not found.behind[1].known
    assert not found.tied[1]


def test_with_two_rounds_only_a_difference_below_the_threshold_is_a_tie() -> None:
    found = standings([np.array([1.0, 1.0]), np.array([1.02, 1.02]), np.array([1.2, 1.2])])
    assert found.tied == [False, True, False]


# How often chance decides. The noise is that of a paired ratio; each case contributes a share.

NOISE: dict[str, Callable[[np.random.Generator, tuple[int, int]], FloatArray]] = {
    "lognormal": lambda chance, shape: np.exp(chance.normal(0.0, 0.04 / math.sqrt(2), shape)),
    "heavy-tailed": lambda chance, shape: np.exp(0.04 / math.sqrt(6) * chance.standard_t(3, shape)),
}
REPETITIONS = {2: 150, 6: 60, 12: 25}  # by number of cases


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("rounds", [5, 7, 10, 15])
def test_of_equal_cases_at_most_one_in_a_hundred_is_called_slower_than_the_best(noise: str, rounds: int) -> None:
    chance = np.random.default_rng(11)
    called = asked = 0
    for cases, repetitions in REPETITIONS.items():
        for _ in range(repetitions):
            found = standings(list(NOISE[noise](chance, (cases, rounds))))
            called += cases - 1 - sum(found.tied)
            asked += cases - 1
    assert called <= 0.01 * asked


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("cases", [2, 6])
def test_a_case_ten_percent_behind_is_told_apart_in_ten_rounds(noise: str, cases: int) -> None:
    chance = np.random.default_rng(12)
    steps = 1.1 ** np.arange(cases)[:, None]
    clear = sum(
        not any(standings(list(steps * NOISE[noise](chance, (cases, 10)))).tied) for _ in range(REPETITIONS[cases])
    )
    assert clear >= 0.95 * REPETITIONS[cases]


def test_a_certain_difference_below_the_threshold_is_a_tie() -> None:
    chance = np.random.default_rng(13)
    level = chance.lognormal(0.0, 0.3, 8)
    for behind, tied in ((1 + 0.8 * WORTH, True), (1 + 1.2 * WORTH, False)):
        found = standings([level, behind * level * chance.lognormal(0.0, 1e-4, 8)])
        assert found.tied[1] is tied
