"""Models: the truth comes back from exact times, scale changes nothing but scale, and intervals hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ipcbench.analysis.models import Estimate, line, scaling
from ipcbench.analysis.stats import FloatArray

SIZES = np.array([64.0, 4096.0, 65_536.0, 2.0**20])
WORKERS = np.array([1.0, 2.0, 4.0, 8.0])


def repeated(times: FloatArray, rounds: int = 5) -> FloatArray:
    return np.repeat(times[:, None], rounds, axis=1)


def law(rate: float, contention: float, coherency: float, workers: FloatArray = WORKERS) -> FloatArray:
    """Time per operation of all workers together."""
    times: FloatArray = (1 + contention * (workers - 1) + coherency * workers * (workers - 1)) / (rate * workers)
    return times


@given(some.floats(1e-7, 1e-2), some.floats(1e6, 1e11))
@settings(max_examples=50)
def test_exact_times_give_back_start_and_bandwidth(start: float, bandwidth: float) -> None:
    found = line(SIZES, repeated(start + SIZES / bandwidth))
    assert found is not None
    at = found.at(10_000)
    assert at.value == pytest.approx(start + 10_000 / bandwidth, rel=1e-6)
    if SIZES[0] / bandwidth < start < SIZES[-1] / bandwidth:  # both parts show somewhere
        assert found.start.value == pytest.approx(start, rel=1e-6)
        assert found.bandwidth.value == pytest.approx(bandwidth, rel=1e-6)
        assert found.half_size.value == pytest.approx(start * bandwidth, rel=1e-6)
        assert found.fit.worst < 1e-6


@given(some.floats(1.0, 1e7), some.floats(0.0, 1.5), some.floats(0.0, 0.5))
@settings(max_examples=50)
def test_exact_throughput_gives_back_the_scalability_law(rate: float, contention: float, coherency: float) -> None:
    found = scaling(WORKERS, repeated(law(rate, contention, coherency)))
    assert found is not None
    assert found.known
    assert found.rate.value == pytest.approx(rate, rel=1e-6)
    assert found.contention.value == pytest.approx(contention, abs=1e-6)
    assert found.coherency.value == pytest.approx(coherency, abs=1e-6)


def test_throughput_peaks_where_the_law_says() -> None:
    found = scaling(WORKERS, repeated(law(1000.0, 0.1, 0.025)))
    assert found is not None
    assert found.peak.value == pytest.approx(math.sqrt(0.9 / 0.025))
    counts = np.arange(1.0, 20.0)
    assert counts[np.argmin(law(1000.0, 0.1, 0.025, counts))] == round(found.peak.value)


def test_what_only_contends_has_no_peak_and_what_contends_at_once_has_it_alone() -> None:
    without, at_once = (scaling(WORKERS, repeated(law(1000.0, *how))) for how in ((0.2, 0.0), (1.2, 0.1)))
    assert without is not None
    assert at_once is not None
    assert without.peak.value > 1e3
    assert at_once.peak.value == 1.0


def test_a_noisy_peak_has_an_interval_that_begins_with_one_worker_at_least() -> None:
    chance = np.random.default_rng(4)
    for contention in (0.5, 0.9, 1.3):
        found = scaling(WORKERS, law(1e3, contention, 0.03)[:, None] * np.exp(chance.normal(0.0, 0.1, (4, 6))))
        assert found is not None
        assert 1.0 <= found.peak.low <= found.peak.value <= found.peak.high


@given(some.floats(1e-3, 1e3), some.integers(0, 100))
@settings(max_examples=25)
def test_twice_the_time_is_twice_the_start_and_half_the_bandwidth(factor: float, seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = (50e-6 + SIZES / 1e9)[:, None] * np.exp(chance.normal(0.0, 0.05, (4, 6)))
    one, other = line(SIZES, times), line(SIZES, times * factor)
    assert one is not None
    assert other is not None
    same(other.start, one.start, factor)
    same(other.half_size, one.half_size, 1.0)
    assert other.bandwidth.value == pytest.approx(one.bandwidth.value / factor)
    scaled, plain = scaling(WORKERS, times * factor), scaling(WORKERS, times)
    assert scaled is not None
    assert plain is not None
    assert scaled.rate.value == pytest.approx(plain.rate.value / factor)
    assert scaled.contention.value == pytest.approx(plain.contention.value, rel=1e-6, abs=1e-9)


def same(found: Estimate, other: Estimate, factor: float) -> None:
    assert (found.value, found.low, found.high) == pytest.approx(
        (other.value * factor, other.low * factor, other.high * factor)
    )


@pytest.mark.full
@pytest.mark.parametrize("rounds", [5, 10])
def test_nearly_all_intervals_hold_the_truth(rounds: int) -> None:
    chance, runs = np.random.default_rng(11), 150
    hits = np.zeros(6)
    for _ in range(runs):
        noise = np.exp(chance.normal(0.0, 0.04, (4, rounds)))
        curve = line(SIZES, (50e-6 + SIZES / 1e9)[:, None] * noise)
        law_of = scaling(WORKERS, law(1e4, 0.1, 0.02)[:, None] * noise)
        assert curve is not None
        assert law_of is not None
        truths = (
            (curve.start, 50e-6),
            (curve.bandwidth, 1e9),
            (curve.half_size, 50e3),
            (law_of.rate, 1e4),
            (law_of.contention, 0.1),
            (law_of.peak, math.sqrt(0.9 / 0.02)),
        )
        hits += [found.low <= truth <= found.high for found, truth in truths]
    # 95 % of 150 are 142; three standard errors are 8. Student's t on few rounds errs to the wide side.
    assert min(hits) >= 134


@pytest.mark.parametrize("fit", [line, scaling])
def test_three_points_are_too_few(fit: type) -> None:
    assert fit([1, 2, 3], np.ones((3, 5))) is None
    missing = np.ones((4, 5))
    missing[1] = math.nan
    assert fit([1, 2, 3, 4], missing) is None


def test_two_rounds_have_a_model_without_intervals() -> None:
    found = line(SIZES, repeated(50e-6 + SIZES / 1e9, rounds=2))
    assert found is not None
    assert found.start.value == pytest.approx(50e-6)
    assert math.isnan(found.start.low)


def test_a_step_in_size_does_not_fit() -> None:
    times = 50e-6 + SIZES / 1e9
    times[1] = 0.04
    found = line(SIZES, repeated(times))
    assert found is not None
    assert not found.known


def test_a_curve_that_does_not_grow_says_nothing_about_bandwidth() -> None:
    chance = np.random.default_rng(5)
    found = line(SIZES, 1e-3 * np.exp(chance.normal(0.0, 0.02, (4, 6))))
    assert found is not None
    assert found.fit.worst < 0.25
    assert not found.known


def test_faster_than_ideal_does_not_fit_the_scalability_law() -> None:
    found = scaling(WORKERS, repeated(1e-3 / WORKERS**2))
    assert found is not None
    assert not found.known


def test_no_start_up_has_an_interval_from_nothing() -> None:
    chance = np.random.default_rng(6)
    found = line(SIZES, (SIZES / 1e9)[:, None] * np.exp(chance.normal(0.0, 0.05, (4, 8))))
    assert found is not None
    assert found.start.low == 0.0
    assert found.start.high < 1e-7
