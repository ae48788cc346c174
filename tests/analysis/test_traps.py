"""Traps: steps in size, crossovers, and what a real run says of them in words."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from paths import GOLDEN
from synthetic import make_result, model_seconds

from ipcbench.analysis.ranking import rank
from ipcbench.analysis.stats import by_round, summarise
from ipcbench.analysis.traps import crossover, steps
from ipcbench.model import Case
from ipcbench.report.content.study import study
from ipcbench.results.frame import case_frame, visit_frame
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load

SIZES = (64, 4096, 16_385, 32_768, 65_536, 2**20)
RECORDED = GOLDEN / "traps.json.gz"


def found_steps(result: ResultFile) -> list[tuple[int, int, bool]]:
    visits = visit_frame(result)
    summary = rank(summarise(case_frame(result), visits), visits)
    return [(step.below.size, step.above.size, step.up) for step in steps(summary, by_round(visits))]


def with_hole(case: Case) -> float:
    return 0.088 if 16_384 < case.size < 65_536 else model_seconds(case)


def cases_of(name: str) -> list[Case]:
    return [Case("ping-pong", name, size) for size in SIZES]


def test_a_hole_between_sizes_is_a_step_up_and_a_step_down() -> None:
    result = make_result(cases_of("queue"), 6, seconds=with_hole)
    assert found_steps(result) == [(4096, 16_385, True), (32_768, 65_536, False)]


def held_up(case: Case) -> float:
    """What a delayed acknowledgement does to listener-tcp."""
    return 0.088 if case.mechanism == "listener-tcp" and 16_000 < case.size < 65_536 else 97e-6


@pytest.mark.parametrize("rounds", [1, 5])
@pytest.mark.parametrize(
    ("sizes", "others", "words"),
    [
        ((16_384, 16_385, 65_536), ["tcp-nodelay"], " at 64 KiB"),
        ((4096, 16_384, 65_536), [], " at 4 KiB"),
        ((16_385, 32_768), ["tcp-nodelay", "pipe"], " tcp-nodelay takes 9"),
        ((32_768,), ["pipe"], "; larger sizes were not measured"),
        ((16_385, 32_768), [], "; still 88.0 ms at 32 KiB; larger sizes were not measured"),
        ((32_768,), ["pipe"], " pipe takes 9"),
        ((32_768,), [], "at 32 KiB: a round trip takes 8"),
    ],
)
def test_a_hole_is_named_whatever_sizes_were_chosen(
    sizes: tuple[int, ...], others: list[str], words: str, rounds: int
) -> None:
    cases = [Case("ping-pong", name, size) for name in ["listener-tcp", *others] for size in sizes]
    result = make_result(cases, rounds, seconds=held_up, noise=0.0)
    for facts in result.ipcbench.mechanisms:
        facts.scope, facts.wait = "network" if "tcp" in facts.name else "host", "block"
    said = [text for text in study(result).warnings if text.startswith("Avoid")]
    assert len(said) == 1
    assert said[0].startswith("Avoid listener-tcp at ")
    assert words in said[0]
    assert "Without TCP_NODELAY its second write waits for a delayed acknowledgement" in said[0]


def test_a_baseline_that_is_made_to_wait_is_no_trap() -> None:
    result = make_result([Case("ping-pong", name, 64) for name in ("tcp-split", "pipe")], 5, unranked=["tcp-split"])
    for run in result.benchmarks[0].runs:
        run.values = [0.088] * len(run.values)
    assert not [text for text in study(result).warnings if text.startswith("Avoid")]


def test_what_is_slow_alone_and_stays_on_its_host_is_no_hole() -> None:
    cases = [Case("ping-pong", "sleepy", size) for size in (64, 4096)]
    assert study(make_result(cases, 5, seconds=lambda _: 0.05)).warnings == []


def test_what_only_grows_with_the_size_is_no_step() -> None:
    assert found_steps(make_result([*cases_of("queue"), *cases_of("array")], 6)) == []


def test_one_bad_round_is_no_step() -> None:
    result = make_result(cases_of("queue"), 7)
    benchmark = next(found for found in result.benchmarks if "32KiB" in str(found.metadata["name"]))
    benchmark.runs[2].values = [0.088] * len(benchmark.runs[2].values)
    assert found_steps(result) == []


@given(
    cross=some.floats(200, 500_000), noise=some.floats(0, 0.05), rounds=some.integers(3, 12), seed=some.integers(0, 99)
)
@settings(max_examples=40)
def test_a_crossover_is_found_where_two_lines_cross(cross: float, noise: float, rounds: int, seed: int) -> None:
    sizes = np.array([64.0, 1024, 16_384, 262_144, 2**20])
    chance = np.random.default_rng(seed)
    flat = np.full((5, rounds), 100e-6) * np.exp(chance.normal(0, noise, (5, rounds)))
    rising = (100e-6 * (sizes / cross) ** 0.7)[:, None] * np.exp(chance.normal(0, noise, (5, rounds)))
    found = crossover(list(sizes), rising, flat)
    assert found.low <= found.high
    if noise < 0.01:
        assert found.size == pytest.approx(cross, rel=0.25)
    assert math.isnan(found.size) or found.low <= found.size * 1.001


def test_without_a_crossing_it_says_who_wins() -> None:
    fast, slow = np.full((3, 5), 1e-6), np.full((3, 5), 2e-6)
    assert crossover([1, 2, 3], slow, fast).second_wins
    assert math.isnan(crossover([1, 2, 3], slow, fast).size)
    assert not crossover([1, 2, 3], fast, slow).second_wins


# One real run, of the rows of the suite `all` that are about traps.


@pytest.fixture(scope="module")
def said() -> list[str]:
    return study(load(RECORDED)).warnings


@pytest.mark.parametrize(
    "words",
    [
        r"Avoid listener-tcp at 32 KiB: a round trip takes [\d.]+ ms, compared with [\d.]+ µs at .* and .* µs at "
        r"64 KiB\. Without TCP_NODELAY .* acknowledgement; tcp-nodelay takes \d+\.?\d* µs\.",
        r"Without a lock, .* value with 2 workers lost [\d,]+ of [\d,]+ increments \(\d+ %\)",
        r"Sending 1 MiB with queue returns after [\d.]+ µs, but the message arrives after [\d.]+ ms \(\d+× as long",
        r"A duplex Pipe is a socket pair, .*: a round trip of 1 MiB takes .* with pipe and .* with pipe-simplex, ",
        r"A Queue sends through a feeder thread: a round trip of 64 B takes .* as long as with simple-queue",
        r"Placement matters: a round trip of 64 B with [a-z-]+ takes .* on one CPU \(pack\) and .* on two CPUs",
        r"Arrays: shared-memory beats pickling through pipe",
        r"so it is ranked separately\. A round trip of .* with shared-memory-spin.* the fastest that blocks",
    ],
)
def test_a_real_run_says_each_trap_with_figures(said: list[str], words: str) -> None:
    assert [text for text in said if re.search(words, text)], said


def arrays(name: str) -> list[Case]:
    return [Case("ping-pong", name, size, payload="array") for size in SIZES if size % 8 == 0]


def test_where_sharing_begins_to_beat_pickling_is_said_with_its_interval() -> None:
    def seconds(case: Case) -> float:
        return 2e-4 if case.mechanism == "shared-memory-new" else 5e-5 + case.size / 1e9

    [text] = study(make_result([*arrays("pipe"), *arrays("shared-memory-new")], 8, seconds=seconds)).warnings
    found = re.fullmatch(
        r"Arrays: shared-memory-new beats pickling through pipe from about (\S+) KiB \(95 % interval (\S+)–(\S+) KiB.*",
        text,
    )
    assert found, text
    assert float(found[2]) <= float(found[1]) <= float(found[3])


def test_no_warning_is_made_of_nothing() -> None:
    assert study(make_result(cases_of("pipe"), 5)).warnings == []
