"""Differences and verdicts: right where the truth is known, the same whatever the order and the unit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ipcbench.analysis.compare.averages import mean_series
from ipcbench.analysis.difference import (
    RATE,
    Difference,
    adjusted,
    more_rounds,
    paired,
    quantile,
    told_apart,
    unpaired,
    verdicts,
)
from ipcbench.analysis.stats import FloatArray

SERIES = st.lists(st.floats(1e-7, 1e-2), min_size=3, max_size=12).map(np.array)


def close(one: Difference, other: Difference) -> None:
    """Whether two differences are equal up to rounding."""
    found = [[each.ratio, each.low, each.high, each.error] for each in (one, other)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-12)


def turned(difference: Difference) -> Difference:
    """The same, seen from the other side."""
    low, high = 1 / difference.high, 1 / difference.low
    return Difference(1 / difference.ratio, low, high, difference.error, difference.freedom)


# What must not matter


@settings(max_examples=30)
@given(st.integers(3, 12).flatmap(lambda n: st.tuples(*[st.lists(st.floats(1e-7, 1e-2), min_size=n, max_size=n)] * 2)))
def test_b_against_a_is_a_against_b_turned_round(both: tuple[list[float], list[float]]) -> None:
    first, second = (np.array(values) for values in both)
    close(paired(second, first), turned(paired(first, second)))
    assert unpaired([second], [first]).ratio == pytest.approx(1 / unpaired([first], [second]).ratio)


@settings(max_examples=30)
@given(SERIES, SERIES, st.floats(1e-3, 1e3))
def test_the_unit_of_time_does_not_matter(first: FloatArray, second: FloatArray, unit: float) -> None:
    close(unpaired([first * unit], [second * unit]), unpaired([first], [second]))
    many = min(len(first), len(second))
    close(paired(first[:many] * unit, second[:many] * unit), paired(first[:many], second[:many]))


@settings(max_examples=30)
@given(SERIES, st.randoms(use_true_random=False))
def test_the_order_of_the_rounds_does_not_move_a_ratio(first: FloatArray, chance: object) -> None:
    order = list(range(len(first)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    second = first[::-1] * 1.1
    assert paired(first[order], second[order]).ratio == pytest.approx(paired(first, second).ratio)


@settings(max_examples=30)
@given(SERIES)
def test_a_series_against_itself_is_equivalent_without_an_error(first: FloatArray) -> None:
    difference = paired(first, first)
    assert (difference.ratio, difference.low, difference.high, difference.p) == (1.0, 1.0, 1.0, 1.0)
    assert verdicts([difference]) == ["equivalent"]


def test_series_without_any_spread_divide_by_nothing() -> None:
    same, slower = np.full(5, 1e-6), np.full(5, 1.2e-6)
    assert verdicts([unpaired([same], [same]), unpaired([slower], [same])]) == ["equivalent", "slower"]
    assert unpaired([slower], [same]).p == 0.0


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_fewer_than_three_rounds_have_a_ratio_at_most_and_are_inconclusive(rounds: int) -> None:
    few = np.full(rounds, 2e-6)
    for difference in (paired(few, few), unpaired([few], [np.full(9, 1e-6)])):
        assert not difference.known
        assert math.isnan(difference.visible)
        assert verdicts([difference]) == ["inconclusive"]
        assert more_rounds(difference, rounds) == max(3 - rounds, 1)


def test_a_round_that_one_side_lacks_is_left_out_of_a_pair() -> None:
    first = np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    second = np.array([1.0, np.nan, 3.0, 4.0, 5.0])
    assert paired(first, second) == paired(first[[0, 3, 4]], second[[0, 3, 4]])


def test_drift_that_hits_both_series_of_a_round_cancels() -> None:
    drift = np.array([1.0, 3.0, 2.0, 10.0, 5.0])
    found = paired(1.2 * drift, drift)
    assert (found.ratio, found.low, found.high) == pytest.approx((1.2, 1.2, 1.2))
    assert not found.tied


def test_series_without_a_common_round_have_a_ratio_without_an_interval() -> None:
    found = paired(np.array([2.0, math.nan]), np.array([math.nan, 1.0]))
    assert found.ratio == pytest.approx(2.0)
    assert not found.known


@pytest.mark.parametrize(
    ("ratio", "low", "high", "tied"),
    [
        (1.02, 1.01, 1.025, True),  # told apart, but by less than 3 %
        (1.20, 0.98, 1.50, True),  # the interval includes 1
        (1.20, 1.10, 1.30, False),
        (0.80, 0.70, 0.90, False),
        (1.20, math.nan, math.nan, False),  # no interval: only the 3 % count
        (1.01, math.nan, math.nan, True),
    ],
)
def test_a_tie_is_less_than_three_percent_or_an_interval_with_one_in_it(
    ratio: float, low: float, high: float, tied: bool
) -> None:
    assert Difference(ratio, low, high).tied is tied


@settings(max_examples=100)
@given(SERIES, st.floats(0.8, 1.25), st.integers(0, 2**32 - 1))
def test_a_single_pair_is_told_apart_exactly_if_it_is_no_tie(first: FloatArray, factor: float, seed: int) -> None:
    noise = np.random.default_rng(seed).lognormal(0.0, 0.05, len(first))
    found = paired(first * factor * noise, first)
    assert told_apart([found]) == [not found.tied]


# scipy agrees


def test_few_rounds_are_compared_as_by_students_paired_test() -> None:
    chance = np.random.default_rng(1)
    first, second = (np.exp(chance.normal(mean, 0.04, 6)) for mean in (0.1, 0.0))
    difference, expected = paired(first, second), stats.ttest_rel(np.log(first), np.log(second))
    low, high = expected.confidence_interval(0.95)
    assert (difference.low, difference.high) == pytest.approx((math.exp(low), math.exp(high)))
    assert (difference.p, difference.freedom) == pytest.approx((expected.pvalue, 5))


@pytest.mark.parametrize("rounds", [(5, 6), (8, 9), (10, 16)])
def test_two_files_are_compared_as_by_yuens_test(rounds: tuple[int, int]) -> None:
    chance = np.random.default_rng(2)
    first, second = (np.exp(chance.normal(0.02, 0.04, number)) for number in rounds)
    cut = [np.sort(np.log(side)) for side in (first, second)]
    if rounds[0] // 7 == rounds[1] // 7:  # scipy trims both by one share
        share = (rounds[0] // 7) / min(rounds) + 1e-9
        expected = stats.ttest_ind(*cut, equal_var=False, trim=share if share > 1e-6 else 0.0)
        assert unpaired([first], [second]).p == pytest.approx(expected.pvalue)
    kept = [logs[len(logs) // 7 : len(logs) - len(logs) // 7].mean() for logs in cut]
    assert math.log(unpaired([first], [second]).ratio) == pytest.approx(kept[0] - kept[1])


def test_one_wild_round_of_ten_decides_nothing() -> None:
    calm = np.exp(np.random.default_rng(3).normal(0, 0.02, 10))
    wild = calm.copy()
    wild[4] *= 30
    for found in (paired(wild, calm), unpaired([wild], [calm])):
        assert found.ratio < 1.03
        assert found.high / found.low < 1.2


def told(ratio: float, error: float, freedom: int = 20) -> Difference:
    """A difference that is known so well."""
    reach = quantile(1 - RATE / 2, freedom) * error
    return Difference(ratio, ratio * math.exp(-reach), ratio * math.exp(reach), error, freedom)


def test_verdicts_hold_the_rate_of_false_discoveries_as_scipy_does() -> None:
    known = [told(1.2, 0.01 * size) for size in range(1, 30)]
    adjusted = stats.false_discovery_control([difference.p for difference in known])
    expected = [p <= RATE and difference.low > 1 for p, difference in zip(adjusted, known, strict=True)]
    assert [verdict == "slower" for verdict in verdicts(known)] == expected
    assert 0 < sum(expected) < sum(difference.p <= RATE for difference in known)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values_are_scipys(p: list[float]) -> None:
    np.testing.assert_allclose(adjusted(np.array(p)), stats.false_discovery_control(p), rtol=1e-12, atol=0)


@given(st.floats(0.001, 0.999), st.integers(1, 200))
def test_quantiles_of_students_t_are_scipys(share: float, freedom: int) -> None:
    assert quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-9, abs=1e-9)


# The truth is known


def side(chance: np.random.Generator, noise: float, drift: float, repeats: int, rounds: int) -> list[FloatArray]:
    """What one label would be: repeats with a level of their own, and noise between rounds."""
    return [np.exp(chance.normal(chance.normal(0, drift) if drift else 0.0, noise, rounds)) for _ in range(repeats)]


def called_different(found: list[Difference]) -> float:
    return sum(verdict in ("slower", "faster") for verdict in verdicts(found)) / len(found)


def test_nothing_is_called_different_where_nothing_is() -> None:
    chance = np.random.default_rng(4)
    pairs = [(side(chance, 0.05, 0, 1, 10), side(chance, 0.05, 0, 1, 10)) for _ in range(300)]
    assert called_different([unpaired(*pair) for pair in pairs]) <= 0.01
    assert called_different([paired(first[0], second[0]) for first, second in pairs]) <= 0.01


def test_each_alone_would_be_called_different_at_most_as_often_as_the_rate_says() -> None:
    chance = np.random.default_rng(5)
    alone = [unpaired(side(chance, 0.1, 0, 1, 10), side(chance, 0.1, 0, 1, 10)) for _ in range(300)]
    assert sum(verdicts([each])[0] in ("slower", "faster") for each in alone) / len(alone) <= RATE * 1.6


def test_ten_per_cent_are_found_under_two_per_cent_of_noise() -> None:
    chance = np.random.default_rng(6)
    slow = [unpaired([1.1 * side(chance, 0.02, 0, 1, 10)[0]], side(chance, 0.02, 0, 1, 10)) for _ in range(100)]
    null = [unpaired(side(chance, 0.02, 0, 1, 10), side(chance, 0.02, 0, 1, 10)) for _ in range(100)]
    found = verdicts([*slow, *null])
    assert found[:100].count("slower") >= 99
    assert sum(verdict in ("slower", "faster") for verdict in found[100:]) <= 2


@pytest.mark.parametrize("repeats", [2, 3])
def test_drift_between_repeats_is_no_difference(repeats: int) -> None:
    """Rounds of all repeats in one bag would call more than a tenth of the pairs different."""
    chance = np.random.default_rng(7)
    pairs = [(side(chance, 0.01, 0.1, repeats, 10), side(chance, 0.01, 0.1, repeats, 10)) for _ in range(200)]
    assert called_different([unpaired(*pair) for pair in pairs]) <= 0.02
    pooled = [unpaired([np.concatenate(one)], [np.concatenate(other)]) for one, other in pairs]
    assert called_different(pooled) > 0.1


def test_known_drift_widens_what_was_measured_once() -> None:
    chance = np.random.default_rng(8)
    pairs = [(side(chance, 0.01, 0.05, 1, 10), side(chance, 0.01, 0.05, 1, 10)) for _ in range(200)]
    assert called_different([unpaired(*pair) for pair in pairs]) > 0.3
    assert called_different([unpaired(*pair, drift=0.05) for pair in pairs]) <= 0.05


# How many more rounds


def test_as_many_more_rounds_as_were_said_make_it_conclusive_most_of_the_time() -> None:
    chance = np.random.default_rng(9)
    settled = []
    for _ in range(250):
        first, second = side(chance, 0.05, 0, 1, 8), side(chance, 0.05, 0, 1, 8)
        difference = unpaired([1.08 * first[0]], second)
        if verdicts([difference]) != ["inconclusive"] or not 1.06 < difference.ratio < 1.1:
            continue
        more = more_rounds(difference, 8)
        assert more is not None
        again = unpaired([1.08 * side(chance, 0.05, 0, 1, 8 + more)[0]], side(chance, 0.05, 0, 1, 8 + more))
        settled.append(verdicts([again]) == ["slower"])
    assert len(settled) >= 10
    assert sum(settled) / len(settled) >= 0.6


def test_no_number_of_rounds_outweighs_drift() -> None:
    difference = Difference(1.04, 0.98, 1.1, 0.03, 18)
    assert more_rounds(difference, 10) is not None
    assert more_rounds(difference, 10, drift=0.03) is None


def test_a_difference_just_below_the_threshold_asks_for_more_rounds_than_anybody_makes() -> None:
    assert more_rounds(Difference(1.029, 0.99, 1.07, 0.02, 18), 10) is None


# Many cases at once


def table(chance: np.random.Generator, cases: int, rounds: int, shared: float, repeats: int = 1) -> list[FloatArray]:
    """Cases whose rounds share most of their noise, and repeats all of their level: their mean, by repeat."""
    levels = np.repeat(chance.normal(0, 0.1 if repeats > 1 else 0.0, repeats), rounds)
    logs = chance.normal(0, 0.01, (cases, repeats * rounds)) + chance.normal(0, shared, repeats * rounds) + levels
    return np.split(mean_series(list(np.exp(logs))), repeats)


@given(SERIES)
def test_the_mean_of_one_case_is_that_case(series: FloatArray) -> None:
    np.testing.assert_allclose(mean_series([series]), series)


def test_what_all_cases_of_a_round_share_is_not_counted_once_for_each() -> None:
    chance = np.random.default_rng(11)
    found = [unpaired(table(chance, 20, 10, 0.05), table(chance, 20, 10, 0.05)) for _ in range(60)]
    assert sum(not each.low <= 1 <= each.high for each in found) / len(found) <= 0.12
    independent = 0.05 / math.sqrt(20 * 10)
    assert min(each.error for each in found) > 2 * independent


def test_nor_is_what_all_cases_of_a_repeat_share() -> None:
    chance = np.random.default_rng(12)
    found = [unpaired(table(chance, 10, 6, 0.0, 3), table(chance, 10, 6, 0.0, 3)) for _ in range(60)]
    assert sum(not each.low <= 1 <= each.high for each in found) / len(found) <= 0.12


def test_what_slows_a_round_cancels_in_a_mean_of_pairs() -> None:
    chance = np.random.default_rng(13)
    cases = np.exp(chance.normal(0, 0.01, (8, 10)) + chance.normal(0, 0.3, 10))
    difference = paired(mean_series([cases[i] / cases[i + 4] for i in range(4)]), np.ones(10))
    assert difference.high / difference.low < 1.05


def test_a_round_that_a_case_lacks_leaves_the_mean_over_the_same_cases() -> None:
    fast, slow = np.full(5, 1e-6), np.full(5, 1e-3)
    slow[2] = np.nan
    np.testing.assert_allclose(mean_series([fast, slow]), np.full(5, math.sqrt(1e-9)))
    assert np.isnan(mean_series([slow, slow])).tolist() == [False, False, True, False, False]
