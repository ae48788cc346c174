"""What a journal or results file could not hold is refused before anything is measured, and by the dry run too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from commands import Finished, complaint, run
from synthetic import make_result

from ipcbench.errors import BadRequest
from ipcbench.model import Budget, Case, Skip, Timing
from ipcbench.plan.planner import Plan
from ipcbench.results.store import load
from ipcbench.run.capacity import refuse_unkeepable
from ipcbench.run.journal.records import LONGEST_LINE, Ended, write_entry
from ipcbench.run.journal.resume import plan_record
from ipcbench.run.result import Occasion

Within = Callable[..., Finished]

PIPE = ("--mechanism", "pipe-bytes", "--pattern", "ping-pong")
CASE = Case("ping-pong", "pipe-bytes", 64)
PLAN = Plan((CASE,), (), 1, Budget(rounds=1), Timing())
OCCASION = Occasion("mine", "2026-01-31T12:00:00+00:00", "python -m ipcbench run", 0.0, make_result().ipcbench.machine)
MANY_SIZES = ",".join(f"{size}B" for size in range(1000, 1800))

REFUSED = {
    "a command of too many characters": (
        [*PIPE, "--size", MANY_SIZES],
        "a results file keeps the command, with at most 4,096 characters, and this one has ",
    ),
    "a long label": ([*PIPE, "--size", "64B", "--label", "x" * 81], "expected 1 to 80 letters"),
    "too many rounds": ([*PIPE, "--rounds", "10000", "--size", MANY_SIZES[:2000]], "choose fewer rounds or cases"),
}


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_the_dry_run_refuses_what_the_run_refuses_and_nothing_is_measured(
    tmp_path: Path, within: Within, words: list[str], message: str
) -> None:
    rounds = [] if "--rounds" in words else ["--rounds", "1"]
    said = [within("run", *words, *rounds, "--seed", "1", *more) for more in ([], ["--dry-run"])]
    assert [done.code for done in said] == [2, 2]
    assert said[0].errors == said[1].errors
    assert (len(said[0].errors), message in said[0].err) == (1, True), said[0].err
    assert not list(tmp_path.iterdir())


def test_an_option_with_a_line_break_in_it_is_kept_without_it(tmp_path: Path) -> None:
    done = run("run", *PIPE, "--size", "64B", "--budget", " 1\ns ", "--label", "mine", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    assert "--budget '1 s'" in load(tmp_path / "results" / "mine.json").ipcbench.command


def refusal(plan: Plan) -> str | None:
    return complaint(BadRequest, lambda: refuse_unkeepable(plan, OCCASION))


def test_more_cases_or_skips_than_a_results_file_holds_are_refused() -> None:
    assert refusal(PLAN) is None
    cases = tuple(CASE._replace(size=size) for size in range(1, 10_002))
    assert "10,001 cases and 0 skips: a results file cannot hold this plan" in str(refusal(replace(PLAN, cases=cases)))
    skips = tuple([Skip(CASE, "not here")] * 100_001)
    assert "1 cases and 100,001 skips: a results file cannot hold" in str(refusal(replace(PLAN, skips=skips)))


def test_a_plan_that_is_longer_than_a_record_of_the_journal_is_refused() -> None:
    skips = tuple([Skip(CASE, "long " * 700)] * (LONGEST_LINE // 3000))
    assert "a journal cannot hold this plan" in str(refusal(replace(PLAN, skips=skips)))


def test_a_record_that_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(ValueError, match="a record has at most"):
        write_entry(Ended(True, trouble="x" * LONGEST_LINE))


def test_a_reason_is_cleaned_as_the_results_file_cleans_it() -> None:
    plan = replace(PLAN, skips=(Skip(CASE, "turned \u202e around\n"),))
    assert plan_record(plan).skips[0].reason == "turned around"
    assert refusal(plan) is None
