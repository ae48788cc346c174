"""Drift and groups among the visits of a case: found where they are, and rarely where they are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ipcbench.analysis.stability import Shape, shape

QUIET = np.array([0.99, 1.01, 1.0, 1.02, 0.98, 1.005, 0.995, 1.015])


def noisy(count: int, rounds: int, spread: float = 0.1) -> list[Shape]:
    chance = np.random.default_rng(7)
    return [shape(np.exp(chance.normal(0.0, spread, rounds))) for _ in range(count)]


def test_a_case_that_slows_down_round_by_round_drifts_by_what_it_slows() -> None:
    found = shape(1.1 ** (np.arange(8.0) / 7))  # 10 % from the first round to the last
    assert found.drift == pytest.approx(0.1)


def test_a_case_that_speeds_up_drifts_below_zero() -> None:
    assert shape(0.8 ** (np.arange(8) / 7)).drift == pytest.approx(-0.2)


def test_a_change_of_less_than_five_percent_is_no_drift_however_certain() -> None:
    assert math.isnan(shape(1.04 ** (np.arange(20) / 19)).drift)


@pytest.mark.parametrize("rounds", [0, 1, 3, 5])
def test_a_perfect_order_of_five_rounds_may_be_chance(rounds: int) -> None:
    assert math.isnan(shape(2.0 ** np.arange(rounds, dtype=float)).drift)


def test_a_missing_round_leaves_the_change_over_the_run_as_it_is() -> None:
    seconds = 1.2 ** (np.arange(10) / 9)
    seconds[4] = math.nan
    assert shape(seconds).drift == pytest.approx(0.2)


def test_visits_in_two_groups_are_told_with_how_far_they_are_apart() -> None:
    found = shape(np.concatenate([QUIET, 1.5 * QUIET[:4]]))
    assert found.groups == 2
    assert found.factor == pytest.approx(1.5, rel=0.02)


def test_one_wild_visit_is_no_group() -> None:
    assert shape(np.append(QUIET, 5.0)).groups == 1


def test_two_groups_closer_than_five_percent_are_one() -> None:
    assert shape(np.array([1.0, 1.03] * 6)).groups == 1


def test_six_rounds_are_too_few_for_groups() -> None:
    assert shape(np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])).groups == 0


@pytest.mark.parametrize("rounds", [7, 8, 10, 13, 20])
def test_lognormal_noise_is_called_two_groups_in_two_of_a_hundred_at_most(rounds: int) -> None:
    assert sum(found.groups == 2 for found in noisy(2000, rounds)) <= 40


@pytest.mark.parametrize("rounds", [7, 10, 20])
def test_noise_is_called_drift_in_two_of_a_hundred_at_most(rounds: int) -> None:
    assert sum(not math.isnan(found.drift) for found in noisy(1000, rounds)) <= 20


@pytest.mark.parametrize("rounds", [7, 10, 20])
def test_groups_half_as_slow_again_are_found_nine_times_of_ten(rounds: int) -> None:
    chance = np.random.default_rng(3)
    slow = np.where(np.arange(rounds) % 5 < 2, math.log(1.5), 0.0)
    found = [shape(np.exp(chance.permutation(slow) + chance.normal(0.0, 0.03, rounds))) for _ in range(200)]
    assert sum(each.groups == 2 for each in found) >= 180


@given(some.lists(some.floats(1e-9, 1e3), max_size=20), some.floats(1e-3, 1e3))
@settings(max_examples=60)
def test_the_unit_of_time_changes_nothing(seconds: list[float], factor: float) -> None:
    times = np.array(seconds, dtype=float)
    one, other = shape(times), shape(times * factor)
    assert one.groups in (0, 1, 2)
    # Rounding may order equal times anew, so only clear cases must agree to the digit.
    if one.groups == other.groups == 2:
        assert other.factor == pytest.approx(one.factor)
    if one.drift == one.drift and other.drift == other.drift:
        assert other.drift == pytest.approx(one.drift, rel=1e-6, abs=1e-9)
