"""Statistics with the arithmetic visible, and what must hold for any numbers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT
from ranked_tables import ping_tables, ranked
from synthetic import make_result

from ipcbench.analysis.stats import (
    COVERED,
    COVERED_FROM_FIVE,
    COVERED_NEXT,
    RESAMPLES,
    SEED,
    FloatArray,
    coverage,
    geometric_mean,
    median_interval,
    resampled_medians,
    summarise,
)
from ipcbench.model import Case
from ipcbench.report.page.html import READING

TIMES = st.lists(st.floats(1e-9, 1e3), min_size=3, max_size=12)


def row(table: pd.DataFrame, case_id: str) -> pd.Series:
    return table[table["case"] == case_id].iloc[0]


def test_a_case_is_the_median_of_its_visits_with_floor_spread_and_cpu() -> None:
    cases, visits = ping_tables(pipe=[1.0, 2.0, 3.0, 4.0, 10.0])
    found = row(summarise(cases, visits), "ping-pong/pipe/64B/1w")
    assert found["seconds"] == 3.0
    assert found["floor"] == 0.9  # 0.9 of the least visit
    assert found["spread"] == pytest.approx((4.0 - 2.0) / 3.0)
    assert found["cpu"] == 6.0
    assert found["rounds"] == 5
    assert 0.999 <= found["low"] <= 3.0 <= found["high"] <= 10.001


def test_equal_visits_have_an_interval_without_width() -> None:
    assert median_interval(np.full(6, 2.5)) == pytest.approx((2.5, 2.5))


def test_the_interval_of_three_rounds_reaches_from_the_least_to_the_greatest() -> None:
    # A resample of 3 has its median at the least with probability 7/27, which is more than 2.5 %.
    assert median_interval(np.array([1.0, 2.0, 4.0])) == pytest.approx((1.0, 4.0))


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_fewer_than_three_rounds_have_no_interval(rounds: int) -> None:
    assert all(math.isnan(edge) for edge in median_interval(np.ones(rounds)))


def test_a_case_that_is_not_ok_has_no_number_and_no_rank() -> None:
    failed = "ping-pong/queue/64B/1w"
    table = ranked(make_result(rounds=3, verdicts={failed: ("failed", "died")}))
    found = row(table, failed)
    assert found[["seconds", "low", "high", "cpu", "slowdown"]].isna().all()
    assert not found["best"]
    assert found["rounds"] == 0
    assert found["reason"] == "timed: died"


def test_equal_files_give_equal_numbers() -> None:
    pd.testing.assert_frame_equal(ranked(make_result(rounds=4)), ranked(make_result(rounds=4)))


def test_the_geometric_mean_of_two_and_eight_is_four() -> None:
    assert geometric_mean(np.array([2.0, 8.0])) == pytest.approx(4.0)


@given(TIMES)
def test_an_interval_holds_its_median_and_stays_within_the_visits(times: list[float]) -> None:
    visits = np.array(times)
    low, high = median_interval(visits)
    slack = 1 + 1e-9
    assert visits.min() / slack <= low <= np.median(visits) * slack
    assert np.median(visits) / slack <= high <= visits.max() * slack


NOISE: dict[str, tuple[Callable[[np.random.Generator, int], FloatArray], float]] = {
    "lognormal": (lambda chance, rounds: chance.lognormal(0.0, 0.1, rounds), 1.0),
    "heavy-tailed": (lambda chance, rounds: np.exp(0.05 * chance.standard_t(2, rounds)), 1.0),
    "skewed": (lambda chance, rounds: 1 + chance.exponential(0.2, rounds), 1 + 0.2 * math.log(2)),
}
RUNS = 500
LUCK = 5  # of 100: three standard errors of a share that 500 runs find


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("rounds", [3, 4, 5, 7, 10, 15])
def test_an_interval_holds_the_truth_and_the_next_run_as_often_as_readers_are_told(noise: str, rounds: int) -> None:
    chance = np.random.default_rng(3)
    draw, truth = NOISE[noise]
    held = following = 0
    for _ in range(RUNS):
        low, high = median_interval(draw(chance, rounds))
        held += low <= truth <= high
        following += low <= float(np.median(draw(chance, rounds))) <= high
    few, most = (COVERED.get(rounds, end) for end in COVERED_FROM_FIVE)
    assert few - LUCK <= 100 * held / RUNS <= most + LUCK
    if rounds not in COVERED:
        assert COVERED_NEXT[0] - LUCK <= 100 * following / RUNS <= COVERED_NEXT[1] + LUCK


def test_what_readers_are_told_of_an_interval_is_what_the_simulation_finds() -> None:
    documents = [ROOT / "docs" / name for name in ("reading-a-report.md", "method.md")]
    for text in (" ".join(READING), *(path.read_text() for path in documents if path.exists())):
        words = " ".join(text.split())
        assert "other runs on this machine in this state would be expected" not in words
        for told in (coverage(3), coverage(4), coverage(5), f"{COVERED_NEXT[0]} to {COVERED_NEXT[1]}"):
            assert told in words


def test_two_hundred_cases_take_a_moment_and_no_more() -> None:
    """Not a claim about speed: a summary that takes 20 s of CPU time has a loop in it that should not be there."""
    result = make_result(rounds=8)
    start = time.process_time()
    ranked(result)
    assert time.process_time() - start < 20


def test_repeats_that_differ_make_an_interval_wide_enough_for_both() -> None:
    chance = np.random.default_rng(5)
    seconds = np.concatenate([chance.normal(1.0, 0.005, 10), chance.normal(1.2, 0.005, 10)])
    repeats = np.repeat([1, 2], 10)
    low, high = median_interval(seconds, repeats)
    assert low < 1.01
    assert high > 1.19
    together = median_interval(seconds)
    assert high - low >= together[1] - together[0]


def test_with_one_repeat_the_interval_is_as_ever() -> None:
    seconds = np.random.default_rng(6).normal(1.0, 0.1, 9)
    assert median_interval(seconds, np.ones(9, dtype=np.int64)) == median_interval(seconds)


def test_drift_between_repeats_is_in_the_interval_of_a_summary() -> None:
    result = make_result([Case("ping-pong", "pipe", 64)], skips=[], repeats=[5, 5], rounds=10, noise=0.001)
    steady = ranked(result).iloc[0]
    for run in result.benchmarks[0].runs[5:]:
        run.values = [1.3 * value for value in run.values]
    drifted = ranked(result).iloc[0]
    assert drifted["high"] / drifted["low"] > 1.29 > 1.02 > steady["high"] / steady["low"]


@given(st.lists(st.lists(st.floats(1e-6, 1e2), min_size=1, max_size=6), min_size=2, max_size=4))
def test_an_interval_of_several_repeats_holds_the_median(times: list[list[float]]) -> None:
    repeats = np.repeat(np.arange(len(times)) + 1, [len(each) for each in times])
    seconds = np.concatenate([np.array(each) for each in times])
    low, high = median_interval(seconds, repeats)
    if len(seconds) >= 3:
        assert low / (1 + 1e-9) <= np.median(seconds) <= high * (1 + 1e-9)


@given(st.lists(st.floats(1e-9, 1e3), min_size=3, max_size=60))
def test_resampled_medians_are_those_of_the_resamples_themselves(times: list[float]) -> None:
    """The places of the middle are counted; sorting every resample, as was done before, gives the same to the bit."""
    seconds = np.array(times)
    drawn = np.random.default_rng(SEED).integers(len(seconds), size=(RESAMPLES, len(seconds)))
    np.testing.assert_array_equal(resampled_medians(seconds), np.median(seconds[drawn], axis=1))


def test_a_long_series_is_resampled_as_exactly_as_a_short_one() -> None:
    for rounds in (1000, 1001):
        seconds = np.random.default_rng(8).lognormal(0.0, 0.1, rounds)
        drawn = np.random.default_rng(SEED).integers(rounds, size=(RESAMPLES, rounds))
        np.testing.assert_array_equal(resampled_medians(seconds), np.median(seconds[drawn], axis=1))
