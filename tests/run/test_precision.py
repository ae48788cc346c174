"""How well a median is known, and rounds for what is not: whole blocks, a cap, and the same decisions when replayed."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from crashes import RESULTS, WORDS, crashed, instant
from hypothesis import given
from hypothesis import strategies as st
from scheduler_fakes import Bench, Clock, outcome
from scipy import stats as distributions
from synthetic import make_result

from ipcbench.analysis.stats import by_round
from ipcbench.cli.summary import precision_lines
from ipcbench.model import Budget, Case, Failure, Outcome, Timing, Visit
from ipcbench.plan.planner import Plan
from ipcbench.results.frame import visit_frame
from ipcbench.results.store import load
from ipcbench.run import cost, schedule
from ipcbench.run.precision import half_width, interval_rank, wide
from ipcbench.run.schedule import NOTHING, Earlier, Findings, measure
from ipcbench.run.stop import Stop

PIPE, QUEUE, STREAM = CASES = (
    Case("ping-pong", "pipe", 64),
    Case("ping-pong", "queue", 64),
    Case("stream", "pipe", 64),
)


@given(st.integers(0, 300))
def test_the_interval_is_that_of_the_binomial_distribution(count: int) -> None:
    rank = interval_rank(count)
    # the greatest k with P(fewer than k of `count` fall on one side), twice, at most 5 %
    assert rank == 0 or 2 * distributions.binom.cdf(rank - 1, count, 0.5) <= 0.05 + 1e-12
    assert rank >= count // 2 or 2 * distributions.binom.cdf(rank, count, 0.5) > 0.05 - 1e-12


def test_ten_values_have_their_second_and_ninth_around_the_median() -> None:
    # Conover's table: for n = 10 the 95 % interval of the median runs from the 2nd to the 9th, with 97.9 %.
    assert interval_rank(10) == 2
    seconds = [1.0, 90.0, 95.0, 99.0, 99.5, 100.5, 101.0, 102.0, 103.0, 900.0]
    assert half_width(seconds) == pytest.approx(0.10)  # from 90 to 103 around 100


@pytest.mark.parametrize("count", range(6))
def test_fewer_than_six_are_never_known(count: int) -> None:
    assert half_width([1.0] * count) == math.inf


def test_six_equal_ones_are_known_exactly() -> None:
    assert half_width([2.5] * 6) == 0.0


@given(st.lists(st.floats(1e-9, 1e3), min_size=6, max_size=40), st.floats(1e-3, 1e3), st.randoms())
def test_a_width_knows_neither_unit_nor_order(seconds: list[float], factor: float, chance: random.Random) -> None:
    scaled = [factor * value for value in seconds]
    chance.shuffle(scaled)
    assert half_width(scaled) == pytest.approx(half_width(seconds), rel=1e-9, abs=1e-9)


def test_the_interval_holds_the_truth_at_least_as_often_as_it_says() -> None:
    chance = np.random.default_rng(7)
    inside = 0
    for _ in range(500):
        seconds = sorted(chance.lognormal(0.0, 0.3, 11))
        rank = interval_rank(11)
        inside += seconds[rank - 1] <= 1.0 <= seconds[-rank]
    assert inside >= 0.93 * 500


def test_a_wide_case_takes_its_whole_block_along_and_no_other() -> None:
    noisy = [1.0, 2.0, 1.5, 1.1, 1.9, 1.4, 1.2]
    outcomes = {(case, i): outcome(noisy[i] if case == QUEUE else 1.0) for case in CASES for i in range(7)}
    assert wide(CASES, outcomes, 0.05) == [PIPE, QUEUE]
    assert wide(CASES, outcomes, 0.90) == []


class Noisy(Bench):
    """Visits of which those of some cases differ by a half from one round to the next, until a round is reached."""

    noisy: tuple[Case, ...] = (QUEUE,)
    until = 10**9

    def visit(self, visit: Visit) -> Outcome | Failure:
        found = super().visit(visit)
        if visit.case in self.noisy and visit.round <= self.until and isinstance(found, Outcome) and visit.round:
            return outcome(1e-4 * (1 + visit.round % 3 / 4))
        return found


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Noisy:
    clock = Clock()
    monkeypatch.setattr(schedule, "time", clock)
    monkeypatch.setattr(cost, "time", clock)
    return Noisy(clock)


def carry_out(bench: Bench, stop: Stop, budget: Budget, earlier: Earlier = NOTHING) -> Findings:
    return measure(Plan(CASES, (), 1, budget, Timing(2, 1, 0.05)), 0.15, bench.sitting, bench, bench, stop, earlier)


def visited(bench: Bench) -> dict[Case, int]:
    return {case: sum(visit.case == case and visit.round > 0 for visit in bench.made) for case in CASES}


def test_after_the_planned_rounds_only_wide_blocks_go_on_up_to_twice_as_many(bench: Noisy, stop: Stop) -> None:
    findings = carry_out(bench, stop, Budget(rounds=8, precision=0.05))
    assert visited(bench) == {PIPE: 16, QUEUE: 16, STREAM: 8}
    assert (findings.rounds, findings.complete) == (16, True)


def test_what_becomes_narrow_ends_the_run(bench: Noisy, stop: Stop) -> None:
    bench.until = 1
    carry_out(bench, stop, Budget(rounds=6, precision=0.05))
    # of 9 the interval runs from the second least to the second greatest: one odd round counts no longer
    assert visited(bench) == {PIPE: 9, QUEUE: 9, STREAM: 6}


def test_where_all_is_narrow_nothing_is_added(bench: Noisy, stop: Stop) -> None:
    bench.noisy = ()
    assert carry_out(bench, stop, Budget(rounds=6, precision=0.05)).rounds == 6


def test_without_a_precision_nothing_is_added(bench: Noisy, stop: Stop) -> None:
    assert carry_out(bench, stop, Budget(rounds=6)).rounds == 6


def test_a_budget_is_spent_on_what_is_wide_after_seven_rounds(bench: Noisy, stop: Stop) -> None:
    carry_out(bench, stop, Budget(seconds=3 + 21 + 10, precision=0.05))  # 3 to calibrate, 7 rounds of 3, 5 of 2
    assert visited(bench) == {PIPE: 12, QUEUE: 12, STREAM: 7}


def test_a_budget_with_nothing_wide_is_not_used_up(bench: Noisy, stop: Stop) -> None:
    bench.noisy = ()
    assert carry_out(bench, stop, Budget(seconds=1000.0, precision=0.05)).rounds == 7


def test_a_short_budget_is_kept(bench: Noisy, stop: Stop) -> None:
    assert carry_out(bench, stop, Budget(seconds=12.0, precision=0.05)).rounds == 3


def test_the_most_rounds_of_a_file_are_never_exceeded(bench: Noisy, stop: Stop) -> None:
    assert carry_out(bench, stop, Budget(rounds=6, most_rounds=8, precision=0.05)).rounds == 8


def test_a_case_that_fails_asks_for_nothing_more(bench: Noisy, stop: Stop) -> None:
    bench.fail[QUEUE, 2] = Failure("unverified", "verification", "")
    assert carry_out(bench, stop, Budget(rounds=6, precision=0.05)).rounds == 6


@pytest.mark.parametrize("cut", [2, 20, 28, 31, 40, 44])
@pytest.mark.parametrize(
    "budget", [Budget(rounds=8, precision=0.05), Budget(seconds=34.0, precision=0.05)], ids=["rounds", "seconds"]
)
def test_a_run_that_is_continued_goes_the_same_way(bench: Noisy, stop: Stop, budget: Budget, cut: int) -> None:
    carry_out(bench, stop, budget)
    whole = list(bench.made)
    earlier = Earlier(dict(list(bench.kept.items())[:cut]))
    bench.made.clear()
    findings = carry_out(bench, stop, budget, earlier)
    assert bench.made == whole[cut:]
    assert findings.complete


def test_a_complete_run_that_is_continued_makes_nothing(bench: Noisy, stop: Stop) -> None:
    first = carry_out(bench, stop, Budget(rounds=8, precision=0.05))
    bench.made.clear()
    again = carry_out(bench, stop, Budget(rounds=8, precision=0.05), Earlier(dict(bench.kept), complete=True))
    assert bench.made == []
    assert (again.rounds, again.outcomes) == (first.rounds, first.outcomes)


def test_the_summary_says_what_was_reached_and_what_stayed_wide() -> None:
    result = make_result([PIPE, QUEUE], rounds=8, noise=1e-4, skips=[])
    assert precision_lines(result) == []
    result.ipcbench.settings.precision = 0.05
    assert precision_lines(result) == ["precision: 2 of 2 cases are known to ±5 %"]
    for run, factor in zip(result.benchmarks[1].runs, (0.8, 0.9, 1.0, 1.0, 1.0, 1.0, 1.1, 1.2), strict=True):
        run.values = [factor, factor]
    assert precision_lines(result) == [
        "precision: 1 of 2 cases are known to ±5 %",
        "still wide: ping-pong/queue/64B/1w: ±20 % after 8 rounds",
    ]
    result.benchmarks[1].runs = result.benchmarks[1].runs[:3]
    assert precision_lines(result)[1] == "still wide: ping-pong/queue/64B/1w: no interval after 3 rounds"


def test_a_run_for_a_precision_says_so_saves_so_and_can_be_continued(tmp_path: Path) -> None:
    words = (*WORDS, "--label", "mine", "--precision", "5%")
    crashed(tmp_path, "write:15:kill", *words)
    done = instant("run", "--resume", "mine", cwd=tmp_path)
    assert done.code == 0
    result = load(tmp_path / RESULTS)
    assert result.ipcbench.settings.precision == 0.05
    assert result.ipcbench.command.endswith("--rounds 3 --precision 5% --seed 7")
    assert result.ipcbench.rounds == 6  # the times of instant visits grow from round to round
    assert "precision: 0 of 2 cases are known to ±5 %" in done.out
    assert all(len(row) == 6 for row in by_round(visit_frame(result)).values())


@pytest.mark.parametrize("text", ["5", "0%", "0.05%", "51%", "-5%", "five%", "5%%", "1e1%", ""])
def test_a_precision_that_is_none_is_one_line(tmp_path: Path, text: str) -> None:
    done = instant(*WORDS, "--precision", text, cwd=tmp_path)
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert "expected from 0.1% to 50%, with the % sign, such as 5%" in done.err
