"""How well a median is known, and rounds for what is not: whole blocks, a cap, and the same decisions when replayed."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crashes import RESULTS, WORDS, crashed, instant
from hypothesis import given
from hypothesis import strategies as st
from scheduler_fakes import Bench, Clock, outcome
from synthetic import make_result

from ipcbench.analysis.difference import paired
from ipcbench.analysis.stats import by_round
from ipcbench.cli.measuring.summary import precision_lines
from ipcbench.model import Budget, Case, Failure, Outcome, Timing, Visit
from ipcbench.plan.planner import Plan
from ipcbench.results.frame import visit_frame
from ipcbench.results.store import load
from ipcbench.run import cost, schedule
from ipcbench.run.precision import half_width, typical_width, wide
from ipcbench.run.schedule import NOTHING, Earlier, Findings, measure
from ipcbench.run.stop import Stop

PIPE, QUEUE, STREAM = CASES = (
    Case("ping-pong", "pipe", 64),
    Case("ping-pong", "queue", 64),
    Case("stream", "pipe", 64),
)


@given(st.lists(st.floats(1e-6, 1e-3), min_size=3, max_size=20))
def test_a_width_is_that_of_the_interval_that_reports_show(ratios: list[float]) -> None:
    found = paired(np.array(ratios), np.ones(len(ratios)))
    assert half_width(ratios) == pytest.approx(found.high / found.ratio - 1, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("count", range(3))
def test_fewer_than_three_are_never_known(count: int) -> None:
    assert half_width([1.0] * count) == math.inf


def test_equal_ones_are_known_exactly() -> None:
    assert half_width([2.5] * 6) == 0.0


@given(st.lists(st.floats(1e-9, 1e3), min_size=3, max_size=40), st.floats(1e-3, 1e3), st.randoms())
def test_a_width_knows_neither_unit_nor_order(seconds: list[float], factor: float, chance: random.Random) -> None:
    scaled = [factor * value for value in seconds]
    chance.shuffle(scaled)
    assert half_width(scaled) == pytest.approx(half_width(seconds), rel=1e-6, abs=1e-9)


def test_what_slows_all_cases_of_a_round_alike_leaves_their_ratios_known() -> None:
    slow = [1.0, 3.0, 2.0, 5.0, 1.0]
    outcomes = {(case, i): outcome(slow[i] * (2.0 if case == QUEUE else 1.0)) for case in CASES for i in range(5)}
    assert typical_width([PIPE, QUEUE], outcomes) == pytest.approx(0.0, abs=1e-9)
    assert typical_width([STREAM], outcomes) > 0.5, "a case without a rival is known by its own time"


def test_a_budget_goes_on_with_the_half_of_the_blocks_whose_ratios_are_least_known() -> None:
    sizes = (64, 1024, 65536)
    cases = [Case("ping-pong", name, size) for size in sizes for name in ("pipe", "queue")]
    outcomes = {
        (case, i): outcome(1.0 + (0.1 * sizes.index(case.size) * (i % 2) if case.mechanism == "queue" else 0.0))
        for case in cases
        for i in range(6)
    }
    assert wide(cases, outcomes, Budget(seconds=60.0)) == cases[2:]
    assert wide(cases[:4], outcomes, Budget(seconds=60.0)) == cases[2:4]
    assert wide(cases, outcomes, Budget(seconds=60.0, most_rounds=6)) == []
    assert wide(cases, outcomes, Budget(rounds=6)) == []


def test_a_wide_case_takes_its_whole_block_along_and_no_other() -> None:
    noisy = [1.0, 2.0, 1.5, 1.1, 1.9, 1.4, 1.2]
    outcomes = {(case, i): outcome(noisy[i] if case == QUEUE else 1.0) for case in CASES for i in range(7)}
    assert wide(CASES, outcomes, Budget(rounds=7, precision=0.05)) == [PIPE, QUEUE]
    assert wide(CASES, outcomes, Budget(rounds=7, precision=0.49)) == []


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
    # of 7 the slowest and the fastest are drawn in: one odd round counts no longer
    assert visited(bench) == {PIPE: 7, QUEUE: 7, STREAM: 6}


def test_where_all_is_narrow_nothing_is_added(bench: Noisy, stop: Stop) -> None:
    bench.noisy = ()
    assert carry_out(bench, stop, Budget(rounds=6, precision=0.05)).rounds == 6


def test_without_a_precision_nothing_is_added(bench: Noisy, stop: Stop) -> None:
    assert carry_out(bench, stop, Budget(rounds=6)).rounds == 6


def test_a_budget_is_spent_on_what_is_wide_after_five_rounds(bench: Noisy, stop: Stop) -> None:
    carry_out(bench, stop, Budget(seconds=3 + 15 + 10, precision=0.05))  # 3 to calibrate, 5 rounds of 3, 5 of 2
    assert visited(bench) == {PIPE: 10, QUEUE: 10, STREAM: 5}


def test_without_a_precision_a_budget_is_filled_where_ratios_are_least_known(bench: Noisy, stop: Stop) -> None:
    findings = carry_out(bench, stop, Budget(seconds=3 + 15 + 10))
    assert visited(bench) == {PIPE: 10, QUEUE: 10, STREAM: 5}
    assert (findings.rounds, findings.complete) == (10, True)


def test_what_is_told_of_the_time_left_is_what_it_takes(bench: Noisy, stop: Stop) -> None:
    for budget in (Budget(rounds=6), Budget(seconds=28.0), Budget(seconds=12.0)):
        bench.ahead.clear()
        carry_out(bench, stop, budget)
        end = bench.clock.now
        for now, number, ahead in bench.ahead:
            if number > 1:  # what visits cost is known
                assert now + ahead.seconds == pytest.approx(end, abs=1.5)
            assert not ahead.further or number > 5


def test_the_first_estimate_is_the_budget_unless_the_rounds_allowed_need_less() -> None:
    plan = Plan(CASES, (), 1, Budget(seconds=300.0), Timing(2, 1, 0.05))
    assert cost.estimate(plan, 0.15) == (5, 300.0)
    rounds, seconds = cost.estimate(replace(plan, budget=Budget(seconds=300.0, most_rounds=8)), 0.15)
    assert (rounds, seconds < 30) == (5, True)


def test_a_budget_with_nothing_wide_is_not_used_up(bench: Noisy, stop: Stop) -> None:
    bench.noisy = ()
    assert carry_out(bench, stop, Budget(seconds=1000.0, precision=0.05)).rounds == 5


def test_a_short_budget_is_kept(bench: Noisy, stop: Stop) -> None:
    assert carry_out(bench, stop, Budget(seconds=12.0, precision=0.05)).rounds == 3


def test_the_most_rounds_of_a_file_are_never_exceeded(bench: Noisy, stop: Stop) -> None:
    assert carry_out(bench, stop, Budget(rounds=6, most_rounds=8, precision=0.05)).rounds == 8


def test_a_case_that_fails_asks_for_nothing_more(bench: Noisy, stop: Stop) -> None:
    bench.fail[QUEUE, 2] = Failure("unverified", "verification", "")
    assert carry_out(bench, stop, Budget(rounds=6, precision=0.05)).rounds == 6


@pytest.mark.parametrize("cut", [2, 20, 28, 31, 40, 44])
@pytest.mark.parametrize(
    "budget",
    [Budget(rounds=8, precision=0.05), Budget(seconds=34.0, precision=0.05), Budget(seconds=34.0)],
    ids=["rounds", "seconds", "no precision"],
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
        "still wide: ping-pong/queue/64B/1w: ±9.88 % after 8 rounds",
    ]
    result.benchmarks[1].runs = result.benchmarks[1].runs[:2]
    assert precision_lines(result)[1] == "still wide: ping-pong/queue/64B/1w: no interval after 2 rounds"


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
