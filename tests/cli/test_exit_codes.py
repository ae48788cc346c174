"""Exit codes: one for each way to end, and the severest of several."""

from __future__ import annotations

import itertools
import json
import signal
from pathlib import Path

import pytest
from crashes import CONTINUE, RESULTS, WORDS, instant
from records import CASES, outcome

from ipcbench.cli.exit_codes import EXIT_CODES, MACHINE_CHANGED, OF_VERDICT, exit_code, severest
from ipcbench.errors import NotContained
from ipcbench.model import Failure, Verdict
from ipcbench.results import store
from ipcbench.run.schedule import Findings

pytestmark = pytest.mark.usefixtures("no_leaks")

ORDER = [130, 5, 6, 4, 3, 7, 0]


def findings(*verdicts: Verdict, notes: tuple[str, ...] = ()) -> Findings:
    found = Findings(outcomes={(CASES[0], 1): outcome(notes=notes)}, rounds=1, complete=True)
    for number, verdict in enumerate(verdicts):
        found.failures[CASES[1]._replace(size=number + 1)] = Failure(verdict, "timing", "")
    return found


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ORDER, 2)))
def test_the_severest_counts(one: int, other: int) -> None:
    assert severest(one, other) == severest(other, one) == one


@pytest.mark.parametrize("verdict", OF_VERDICT)
def test_every_verdict_without_a_number_has_a_code(verdict: Verdict) -> None:
    assert exit_code(findings(verdict), None, saved=True) == OF_VERDICT[verdict] != 0


def test_the_worst_of_a_run_decides() -> None:
    assert exit_code(findings(), None, saved=True) == 0
    assert exit_code(findings("failed", "timed-out"), None, saved=True) == 4
    assert exit_code(findings("timed-out"), None, saved=False) == 6
    assert exit_code(findings("leaked", "unverified"), None, saved=False) == 5
    assert exit_code(findings("unverified"), signal.SIGTERM, saved=True) == 143
    uncontained = findings("timed-out")
    uncontained.broken = NotContained("process 17")
    assert exit_code(uncontained, None, saved=True) == 6


def test_a_wrong_result_is_a_finding_and_no_failure() -> None:
    assert exit_code(findings("wrong"), None, saved=True) == 0
    assert exit_code(findings("wrong", "failed"), None, saved=True) == 3


@pytest.mark.parametrize("note", sorted(MACHINE_CHANGED))
def test_a_machine_that_changed_under_good_numbers_is_7(note: str) -> None:
    assert exit_code(findings(notes=("retried", note)), None, saved=True) == 7
    assert exit_code(findings("failed", notes=(note,)), None, saved=True) == 3


def test_doubts_about_the_number_alone_are_0() -> None:
    assert exit_code(findings(notes=("noisy", "oversubscribed", "retried", "flooded")), None, saved=True) == 0


def test_a_note_on_a_case_that_has_no_number_is_not_counted() -> None:
    found = findings(notes=("suspended",))
    found.failures[CASES[0]] = Failure("failed", "timing", "")
    assert exit_code(found, None, saved=True) == 3


def test_the_help_names_every_code_that_there_is(tmp_path: Path) -> None:
    told = instant("--help", cwd=tmp_path).out
    for code in ("0", "2", "3", "4", "5", "6", "7", "8", "9", "10", "128+n"):
        assert f"  {code} " in EXIT_CODES
        assert f"  {code} " in told
    assert "  11 " not in told


FAULTS = [
    ({"queue 2 1": "leaked"}, 6),
    ({"queue 2 1": "failed", "queue 2 2": "timed-out"}, 4),
    ({"queue 0 1": "failed", "queue 2 1": "timed-out"}, 0),
    ({"pipe 1 1": "note:stolen"}, 7),
    ({"queue 1 1": "wrong"}, 0),
]


@pytest.mark.parametrize(("faults", "code"), FAULTS, ids=["leaked", "failed twice", "failed once", "stolen", "wrong"])
def test_a_run_ends_with_the_code_of_what_it_found(tmp_path: Path, faults: dict[str, str], code: int) -> None:
    done = instant(*WORDS, "--label", "mine", cwd=tmp_path, IPCBENCH_TEST_FAULTS=json.dumps(faults))
    assert done.code == code, done.err
    assert store.load(tmp_path / RESULTS).ipcbench.complete


def test_what_cannot_be_contained_ends_the_run_which_can_be_continued(tmp_path: Path) -> None:
    faults = json.dumps({"queue 2 1": "escaped"})
    done = instant(*WORDS, "--label", "mine", cwd=tmp_path, IPCBENCH_TEST_FAULTS=faults)
    assert done.code == 6
    message = "ipcbench: ping-pong/queue/64B/1w: process 17 outlived its visit; no further visit was made"
    assert done.errors[-1] == message
    assert done.out.splitlines()[-1] == CONTINUE
    record = store.load(tmp_path / RESULTS).ipcbench
    assert (record.complete, record.rounds) == (False, 1)
    again = instant("run", "--resume", "mine", cwd=tmp_path)
    assert again.code == 0, again.err
    assert store.load(tmp_path / RESULTS).ipcbench.rounds == 3


def test_what_cannot_be_contained_from_the_start_writes_nothing(tmp_path: Path) -> None:
    faults = json.dumps({f"{name} 0 1": "escaped" for name in ("pipe", "queue")})
    done = instant(*WORDS, "--label", "mine", cwd=tmp_path, IPCBENCH_TEST_FAULTS=faults)
    assert done.code == 6
    assert "Traceback" not in done.err
