"""Rounds, budgets and failures, with visits that are made of arithmetic."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scheduler_fakes import Bench, Clock, outcome

from ipcbench.errors import NotContained
from ipcbench.model import SEVERITY, Budget, Case, Failure, Outcome, Timing, Verdict, Visit
from ipcbench.plan.planner import Plan
from ipcbench.run import cost, schedule
from ipcbench.run.cost import loops_for, rounds_within, time_to_start
from ipcbench.run.schedule import NOTHING, Attempt, Earlier, Findings, equal_loops, measure, worse
from ipcbench.run.stop import Stop

CASES = (Case("ping-pong", "pipe", 64), Case("ping-pong", "queue", 64), Case("stream", "pipe", 64))
TIMING = Timing(values=2, warmups=1, min_time=0.05)
BROKEN = Failure("unverified", "verification", "message 3 is not what was sent")
CRASHED = Failure("failed", "timing", "peer 1 of 1 was killed by SIGKILL")
STUCK = Failure("timed-out", "drain", "no end after 30 s")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    clock = Clock()
    monkeypatch.setattr(schedule, "time", clock)
    monkeypatch.setattr(cost, "time", clock)
    return Bench(clock)


def carry_out(bench: Bench, stop: Stop, budget: Budget, earlier: Earlier = NOTHING) -> Findings:
    plan = Plan(CASES, (), 1, budget, TIMING)
    return measure(plan, 0.15, bench.sitting, bench, bench, stop, earlier)


def rounds_made(bench: Bench) -> list[int]:
    return sorted({visit.round for visit in bench.made})


def test_every_case_is_calibrated_once_and_then_visited_once_a_round(bench: Bench, stop: Stop) -> None:
    findings = carry_out(bench, stop, Budget(rounds=3))
    for number in range(4):
        assert sorted(visit.case for visit in bench.made if visit.round == number) == sorted(CASES)
    assert (findings.rounds, findings.complete, findings.unsaved) == (3, True, None)
    assert set(findings.outcomes) == {(case, number) for case in CASES for number in (1, 2, 3)}
    assert findings.loops == dict.fromkeys(CASES, 500)
    assert {visit.loops for visit in bench.made if visit.round} == {500}
    assert {visit.loops for visit in bench.made if not visit.round} == {None}
    assert [visit for visit, _ in bench.recorded] == bench.made
    for number in range(4):
        questions = [visit.case.question for visit in bench.made if visit.round == number]
        assert len([*itertools.groupby(questions)]) == 2, "a block is one sitting"
    assert bench.begun == [(visit, 1) for visit in bench.made]


def test_interpreters_measure_a_case_with_equal_loops() -> None:
    case, other = CASES[0], CASES[1]
    loops = {case._replace(python="base"): 300, case._replace(python="head"): 120, other._replace(python="base"): 7}
    assert equal_loops(loops) == loops | {case._replace(python="head"): 300}


def test_positions_are_kept_with_the_outcomes(bench: Bench, stop: Stop) -> None:
    findings = carry_out(bench, stop, Budget(rounds=2))
    for visit in bench.made:
        if visit.round:
            assert findings.positions[visit.case, visit.round] == visit.position


@pytest.mark.parametrize(
    ("seconds", "rounds"),
    [(33.0, 10), (34.6, 11), (6.0, 1), (1.0, 1)],
    ids=["exact", "half a round more", "one", "over at once"],
)
def test_a_budget_is_filled_with_whole_rounds(bench: Bench, stop: Stop, seconds: float, rounds: int) -> None:
    findings = carry_out(bench, stop, Budget(seconds=seconds))
    assert (findings.rounds, findings.complete) == (rounds, True)
    assert len(bench.made) == 3 * (rounds + 1)


def test_least_and_most_rounds_hold_against_the_budget(bench: Bench, stop: Stop) -> None:
    assert carry_out(bench, stop, Budget(1.0, None, least_rounds=4)).rounds == 4
    bench.made.clear()
    assert carry_out(bench, stop, Budget(10_000.0, None, 1, most_rounds=6)).rounds == 6


def test_a_case_that_fails_leaves_the_remaining_rounds(bench: Bench, stop: Stop) -> None:
    bench.fail[CASES[1], 2] = BROKEN
    findings = carry_out(bench, stop, Budget(rounds=4))
    assert [visit.round for visit in bench.made if visit.case == CASES[1]] == [0, 1, 2]
    assert [visit.round for visit in bench.made if visit.case == CASES[0]] == [0, 1, 2, 3, 4]
    assert findings.failures == {CASES[1]: BROKEN}
    assert (bench.failures, bench.reasons) == ([CASES[1]], [BROKEN])
    assert (findings.rounds, findings.complete) == (4, True)


def test_a_case_that_fails_while_calibrating_is_in_no_round(bench: Bench, stop: Stop) -> None:
    bench.fail[CASES[0], 0] = BROKEN
    findings = carry_out(bench, stop, Budget(rounds=2))
    assert [visit.round for visit in bench.made if visit.case == CASES[0]] == [0]
    assert CASES[0] not in findings.loops


def test_when_every_case_has_failed_there_is_nothing_left_to_do(bench: Bench, stop: Stop) -> None:
    bench.fail = {(case, 0): BROKEN for case in CASES}
    findings = carry_out(bench, stop, Budget(rounds=1000))
    assert rounds_made(bench) == [0]
    assert (findings.rounds, findings.outcomes, len(findings.failures)) == (0, {}, 3)


@pytest.mark.parametrize(("visits", "rounds"), [(2, 0), (4, 0), (6, 1), (8, 1), (9, 2)])
def test_stopping_keeps_the_complete_rounds(bench: Bench, stop: Stop, visits: int, rounds: int) -> None:
    bench.stop_after = visits
    findings = carry_out(bench, stop, Budget(rounds=10))
    assert (findings.rounds, findings.complete, len(bench.made)) == (rounds, False, visits)
    assert {number for _, number in findings.outcomes if number <= rounds} == set(range(1, rounds + 1))


def test_a_signal_between_visits_begins_no_further_one(bench: Bench, stop: Stop) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    findings = carry_out(bench, stop, Budget(rounds=10))
    assert (bench.made, findings.complete, stop.by) == ([], False, signal.SIGTERM)


def test_what_cannot_be_recorded_ends_the_run_and_is_reported(bench: Bench, stop: Stop) -> None:
    bench.unsaved_after = 7
    findings = carry_out(bench, stop, Budget(rounds=10))
    assert str(findings.unsaved) == "mine.journal: cannot write: no space left"
    assert (findings.rounds, findings.complete, len(bench.made)) == (1, False, 9)
    assert len(findings.outcomes) >= 3


def test_the_number_of_rounds_that_is_announced_is_kept(bench: Bench, stop: Stop) -> None:
    carry_out(bench, stop, Budget(rounds=3))
    assert {ahead.rounds for _, number, ahead in bench.ahead if number} == {3}


@pytest.mark.parametrize("failure", [CRASHED, STUCK], ids=["failed", "timed-out"])
@pytest.mark.parametrize("number", [0, 2])
def test_a_visit_that_fails_once_is_made_again_and_the_case_stays(
    bench: Bench, stop: Stop, failure: Failure, number: int
) -> None:
    bench.fail_once[CASES[1], number] = failure
    findings = carry_out(bench, stop, Budget(rounds=3))
    assert (findings.failures, bench.failures, findings.retries) == ({}, [], {CASES[1]: 1})
    assert [found for visit, found in bench.recorded if (visit.case, visit.round) == (CASES[1], number)] == [
        failure,
        outcome()._replace(notes=("retried",)),
    ]
    assert [attempt for visit, attempt in bench.begun if (visit.case, visit.round) == (CASES[1], number)] == [1, 2]
    assert {key for key, found in findings.outcomes.items() if found.notes} == ({(CASES[1], 2)} if number else set())
    assert set(findings.outcomes) == {(case, number) for case in CASES for number in (1, 2, 3)}


@pytest.mark.parametrize("verdict", ["unverified", "wrong", "leaked"])
def test_what_a_second_attempt_would_hide_is_not_tried_again(bench: Bench, stop: Stop, verdict: Verdict) -> None:
    failure = Failure(verdict, "verification", "message 3 is missing")
    bench.fail_once[CASES[1], 1] = failure
    findings = carry_out(bench, stop, Budget(rounds=3))
    assert (findings.failures, findings.retries) == ({CASES[1]: failure}, {})
    assert len([visit for visit in bench.made if visit.case == CASES[1]]) == 2


@pytest.mark.parametrize(
    ("first", "second", "worst"),
    [(CRASHED, STUCK, STUCK), (STUCK, CRASHED, STUCK), (CRASHED, BROKEN, BROKEN), (STUCK, BROKEN, BROKEN)],
    ids=["then stuck", "then crashed", "then unverified", "stuck then unverified"],
)
def test_a_case_whose_second_attempt_fails_has_the_worse_verdict(
    bench: Bench, stop: Stop, first: Failure, second: Failure, worst: Failure
) -> None:
    bench.fail_once[CASES[1], 1] = first
    bench.fail[CASES[1], 1] = second
    findings = carry_out(bench, stop, Budget(rounds=3))
    assert (findings.failures, findings.retries) == ({CASES[1]: worst}, {CASES[1]: 1})
    assert [visit.round for visit in bench.made if visit.case == CASES[1]] == [0, 1, 1]


def test_stopping_between_two_attempts_leaves_the_case_undecided(bench: Bench, stop: Stop) -> None:
    bench.fail = {(case, 2): CRASHED for case in CASES}
    bench.stop_after = 7
    findings = carry_out(bench, stop, Budget(rounds=3))
    assert (findings.failures, findings.retries, findings.rounds) == ({}, {}, 1)


def test_what_cannot_be_contained_ends_the_run_and_is_reported(bench: Bench, stop: Stop) -> None:
    def escapes(visits: Sequence[Visit], seed: str) -> list[Outcome | Failure]:
        if visits[0].round == 2:
            raise NotContained("process 17 outlived its visit")
        return bench.sitting(visits, seed)

    findings = measure(Plan(CASES, (), 1, Budget(rounds=5), TIMING), 0.15, escapes, bench, bench, stop)
    assert str(findings.broken) == "process 17 outlived its visit"
    assert (findings.rounds, findings.complete, len(bench.made)) == (1, False, 6)


BUDGETS = [Budget(rounds=4), Budget(seconds=20.0), Budget(seconds=33.0), Budget(1.0, None, least_rounds=2)]
TROUBLE = st.dictionaries(
    st.tuples(st.sampled_from(CASES), st.integers(0, 4)),
    st.tuples(st.sampled_from([None, CRASHED, STUCK]), st.sampled_from([CRASHED, STUCK, BROKEN])),
    max_size=4,
)


@given(st.sampled_from(BUDGETS), TROUBLE, st.lists(st.integers(0, 9), max_size=6), st.integers(20, 200))
def test_a_run_in_parts_makes_every_visit_of_the_whole_run_once_and_finds_the_same(
    budget: Budget, trouble: dict[tuple[Case, int], tuple[Failure | None, Failure]], parts: list[int], ticks: int
) -> None:
    """Whatever fails, and wherever the run is cut, as often as it is."""
    with pytest.MonkeyPatch.context() as patch, Stop() as stop:

        def part(visits: int, earlier: Earlier) -> tuple[Bench, Findings]:
            bench = Bench(Clock(), ticks / 64)  # sums of which are exact
            patch.setattr(schedule, "time", bench.clock)
            bench.fail_once = {
                key: once for key, (once, _) in trouble.items() if once and (*key, 1) not in earlier.attempts
            }
            bench.fail = {key: second for key, (once, second) in trouble.items() if once is None}
            bench.stop_after = visits
            return bench, carry_out(bench, stop, budget, earlier)

        whole, expected = part(10**9, NOTHING)
        done: dict[tuple[Case, int, int], Attempt] = {}
        made: list[tuple[Visit, int]] = []
        for visits in [*parts, 10**9]:
            bench, findings = part(visits, Earlier(dict(done)))
            assert not set(bench.kept) & set(done)
            done |= bench.kept
            made += [begun for begun in bench.begun if (begun[0].case, begun[0].round, begun[1]) in bench.kept]
        assert made == whole.begun
        assert done == whole.kept
        assert findings == expected
        bench, findings = part(0, Earlier(done, complete=True))
        assert (bench.begun, findings) == ([], expected)


def test_a_run_whose_visits_turn_out_slow_makes_fewer_rounds(bench: Bench, stop: Stop) -> None:
    bench.seconds = 5.0
    assert carry_out(bench, stop, Budget(seconds=60.0)).rounds == 3


@pytest.mark.parametrize(
    ("loops", "seconds", "inner", "wanted"),
    [
        (400, 1e-4, 1, 500),  # 400 loops took 40 ms: 50 ms need 500
        (1024, 1e-4, 1, 500),
        (1, 3.0, 1, 1),  # one operation is longer than the shortest value
        (256, 1e-4, 4, 125),  # 4 operations a loop
    ],
)
def test_loops_fill_the_shortest_value(loops: int, seconds: float, inner: int, wanted: int) -> None:
    found = outcome(seconds, loops)._replace(metadata={"inner_loops": inner})
    assert loops_for(CASES[0], found, TIMING) == wanted


@pytest.mark.parametrize(
    ("operation", "seconds", "wanted"),
    [("work-1ms", 5e-3, 20), ("work-1ms", 0.1, 5), ("work-1ms", 3.0, 1), ("work-1ms-rate-30", 0.03, 2)],
)
def test_a_value_with_work_has_so_many_messages_that_its_ends_do_not_matter(
    operation: str, seconds: float, wanted: int
) -> None:
    case = Case("broadcast", "pipe", 64, 2, operation)
    assert loops_for(case, outcome(seconds, 1)._replace(metadata={"inner_loops": 1}), TIMING) == wanted


def test_loops_follow_the_last_calibrating_turn() -> None:
    found = outcome()._replace(warmups=((1, 5e-3), (2, 1e-3), (4, 1e-4)))
    assert loops_for(CASES[0], found, TIMING) == 500


@given(
    st.floats(1, 1e6),
    st.integers(0, 1000),
    st.floats(0, 1e6),
    st.floats(0, 1e4),
    st.integers(1, 20),
    st.integers(20, 1000),
)
def test_rounds_stay_within_their_limits(
    seconds: float, done: int, spent: float, one_round: float, least: int, most: int
) -> None:
    budget = Budget(seconds, None, least, most)
    assert least <= rounds_within(budget, done, spent, one_round) <= most
    assert rounds_within(Budget(rounds=7), done, spent, one_round) == 7


def test_the_time_to_start_comes_from_a_few_visits_of_the_cheapest_case(bench: Bench) -> None:
    plan = Plan((Case("ping-pong", "manager-queue", 2**20), CASES[0]), (), 1, Budget(rounds=1), TIMING)
    bench.seconds = 0.22
    assert 0.1 < time_to_start(plan, lambda visits, _: [bench.visit(visit) for visit in visits]) < 0.22
    assert {(visit.case, visit.loops) for visit in bench.made} == {(CASES[0], 1)}
    assert len(bench.made) > 1


@pytest.mark.parametrize("one", SEVERITY)
@pytest.mark.parametrize("other", SEVERITY)
def test_of_two_attempts_without_a_number_the_worse_verdict_counts(one: Verdict, other: Verdict) -> None:
    found = worse(Failure(one, "timing", "first"), Failure(other, "timing", "second"))
    assert found.verdict == max(one, other, key=SEVERITY.index)
    assert set(SEVERITY) == set(get_args(Verdict)) - {"ok"}
