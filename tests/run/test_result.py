"""What a run found becomes a results file: whole rounds, each visit with its round, and a reason for every gap."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import records
from commands import python
from paths import GOLDEN
from synthetic import make_result as synthetic_result

import ipcbench
from ipcbench.machine.identity import Identity
from ipcbench.model import START_METHODS, Budget, Case, Failure, Outcome, Skip, StartMethod, Timing
from ipcbench.plan.planner import Plan
from ipcbench.results.frame import visit_frame
from ipcbench.results.schema import ResultFile
from ipcbench.run.journal.records import Done
from ipcbench.run.result import Occasion, make_result
from ipcbench.run.schedule import Findings

FORMATS = GOLDEN / "formats"
PIPE, QUEUE = Case("ping-pong", "pipe", 64), Case("ping-pong", "queue", 64)
SKIPPED = Skip(Case("ping-pong", "value", 64), "value carries one 8 B number")
PLAN = Plan((PIPE, QUEUE), (SKIPPED,), 7, Budget(rounds=5), Timing(), {QUEUE.id: ("oversubscribed",)})
OCCASION = Occasion("mine", "2026-01-15T10:20:30+00:00", "ipcbench run", 9.0, synthetic_result().ipcbench.machine)


def outcome(seconds: float) -> Outcome:
    metadata: dict[str, str | int | float] = {"loops": 10, "inner_loops": 1, "hostname": "secret", "unit": "second"}
    return Outcome((seconds,), ((10, seconds),), 10, 10, 0.1, 0.2, 3, 0.4, ((0,), (1,)), metadata)


def found(*keys: tuple[Case, int], rounds: int, complete: bool = False) -> Findings:
    return Findings(
        outcomes={key: outcome(key[1] * 1e-5) for key in keys},
        positions=dict.fromkeys(keys, 0),
        loops={PIPE: 10, QUEUE: 10},
        rounds=rounds,
        complete=complete,
    )


def rounds_of(result: ResultFile) -> dict[str, list[object]]:
    return {
        str(benchmark.metadata["name"]): [run.metadata.get("ipcbench_round") for run in benchmark.runs]
        for benchmark in result.benchmarks
    }


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_every_visit_stands_with_its_round(rounds: int) -> None:
    keys = [(case, number) for number in range(1, rounds + 1) for case in (PIPE, QUEUE)]
    result = make_result(PLAN, found(*keys, rounds=rounds, complete=True), OCCASION)
    assert rounds_of(result) == {case.id: list(range(1, rounds + 1)) for case in (PIPE, QUEUE)}
    table = visit_frame(result)
    assert sorted(table["round"]) == sorted(number for _, number in keys)
    assert table["cpu"].notna().all()


def test_visits_of_a_round_that_was_cut_short_stay_out() -> None:
    keys = [(PIPE, 1), (QUEUE, 1), (QUEUE, 2), (PIPE, 2), (PIPE, 3)]
    result = make_result(PLAN, found(*keys, rounds=2), OCCASION)
    assert rounds_of(result) == {PIPE.id: [1, 2], QUEUE.id: [1, 2]}
    assert {visit.round for visit in result.ipcbench.visits} == {1, 2}
    assert not result.ipcbench.complete


def test_of_a_run_that_ended_in_its_first_round_there_is_what_there_is() -> None:
    result = make_result(PLAN, found((PIPE, 1), rounds=0), OCCASION)
    assert [case.id for case in result.ipcbench.cases if case.verdict == "ok"] == [PIPE.id]
    gaps = {skip.id: skip.reason for skip in result.ipcbench.skips}
    assert gaps == {
        SKIPPED.case.id: SKIPPED.reason,
        QUEUE.id: "the run was stopped before this case was measured",
    }


def test_a_case_that_failed_has_a_reason_and_no_values() -> None:
    findings = found((PIPE, 1), (QUEUE, 1), (PIPE, 2), rounds=2, complete=True)
    findings.failures[QUEUE] = Failure("timed-out", "timing", "no end after 30 s")
    result = make_result(PLAN, findings, OCCASION)
    assert [benchmark.metadata["name"] for benchmark in result.benchmarks] == [PIPE.id]
    record = next(case for case in result.ipcbench.cases if case.id == QUEUE.id)
    assert (record.verdict, record.stage, record.detail) == ("timed-out", "timing", "no end after 30 s")
    assert result.ipcbench.counts == {"ok": 1, "timed-out": 1, "unsupported": 1}


def test_notes_and_facts_travel_with_the_cases() -> None:
    result = make_result(PLAN, found((PIPE, 1), (QUEUE, 1), rounds=1, complete=True), OCCASION)
    notes = {case.id: case.notes for case in result.ipcbench.cases}
    assert notes == {PIPE.id: [], QUEUE.id: ["oversubscribed"]}
    assert {facts.name for facts in result.ipcbench.mechanisms} == {"pipe", "queue", "value"}
    assert {facts.name for facts in result.ipcbench.patterns} == {"ping-pong"}


def test_what_pyperf_knows_of_the_host_stays_out() -> None:
    result = make_result(PLAN, found((PIPE, 1), (QUEUE, 1), rounds=1), OCCASION)
    for benchmark in result.benchmarks:
        assert "hostname" not in benchmark.metadata
        assert all("hostname" not in run.metadata for run in benchmark.runs)


def test_what_is_doubted_stands_with_the_visit_and_once_with_the_case() -> None:
    findings = found((PIPE, 1), (QUEUE, 1), (PIPE, 2), (QUEUE, 2), rounds=2, complete=True)
    for key in ((QUEUE, 1), (QUEUE, 2)):
        findings.outcomes[key] = findings.outcomes[key]._replace(notes=("flooded",))
    result = make_result(PLAN, findings, OCCASION)
    assert {case.id: case.notes for case in result.ipcbench.cases}[QUEUE.id] == ["oversubscribed", "flooded"]
    assert {visit.case: visit.notes for visit in result.ipcbench.visits} == {PIPE.id: [], QUEUE.id: ["flooded"]}


def test_proven_is_what_every_visit_of_a_case_has_shown() -> None:
    findings = found((PIPE, 1), (PIPE, 2), rounds=2)
    findings.outcomes[PIPE, 1] = findings.outcomes[PIPE, 1]._replace(proof=("counts", "last", "digests"))
    findings.outcomes[PIPE, 2] = findings.outcomes[PIPE, 2]._replace(proof=("digests", "counts"))
    assert make_result(PLAN, findings, OCCASION).ipcbench.cases[0].proof == ["counts", "digests"]


def test_retries_isolation_and_what_a_continued_run_mixes_are_recorded() -> None:
    findings = found((PIPE, 1), rounds=1)
    findings.retries[PIPE] = 1
    occasion = replace(OCCASION, isolation="warden", mixed=("the interpreter at /usr/bin/python3",))
    record = make_result(PLAN, findings, occasion).ipcbench
    assert (record.cases[0].retried, record.isolation) == (1, "warden")
    assert record.mixed == ["the interpreter at <path>"]


def test_a_journal_and_a_results_file_keep_their_format_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed files are of the same made-up run; facts of mechanisms and patterns are words, and left out."""
    monkeypatch.setattr(ipcbench, "__version__", "1.2.3")
    who = Identity("00", "host", "boot", "CPython 3.11.0", "ff", "ipcbench 1.2.3, pyperf 2.9.0", (0, 1))
    entries = [msgspec.structs.replace(records.planned(), identity=who, digest="0" * 64), *records.visits()]
    assert records.journal_of(entries) == (FORMATS / "small.journal").read_bytes()
    good = {(entry.case, entry.round): entry.found for entry in entries if isinstance(entry, Done) and entry.round}
    outcomes = {(Case.parse(case), number): found for (case, number), found in good.items()}
    findings = Findings(
        outcomes=outcomes,
        positions=dict.fromkeys(outcomes, 1),
        failures={QUEUE: Failure("failed", "timing", "no word", "Thread 0x7f00:\n  in wait")},
        loops=dict.fromkeys(records.CASES, 400),
        retries={QUEUE: 1},
        rounds=4,
        complete=True,
    )
    result = make_result(records.PLAN, findings, OCCASION)
    result.ipcbench.mechanisms, result.ipcbench.patterns = [], []
    assert msgspec.json.format(msgspec.json.encode(result)) == (FORMATS / "small.json").read_bytes()


ASKING = """
import multiprocessing, os, sys
from ipcbench.machine.facts import capabilities
multiprocessing.set_start_method(sys.argv[1])
capabilities()
try:
    print(os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT))
except ChildProcessError:
    print("no child")
"""


@pytest.mark.parametrize("method", START_METHODS)
def test_what_a_machine_offers_is_asked_without_a_process_whatever_a_pythons_own_start_method(
    tmp_path: Path, method: StartMethod
) -> None:
    done = python("-c", ASKING, method, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "no child\n", "")
