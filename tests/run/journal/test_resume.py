"""Continuing a run from its journal: exactly its plan, nothing twice, and never by accident with something else."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from pathlib import Path

import msgspec
import pytest
from commands import EXTRA, PACKAGE_PARENT, environment, finish, run, start, until
from crashes import JOURNAL, RESULTS, WORDS, break_and_resume, check_whole, crashed, instant
from records import CASES, PLAN, PLANNED, SKIPPED, VISITS, journal_of, outcome, planned

from ipcbench.errors import ResultError
from ipcbench.machine.identity import differences, identity
from ipcbench.model import Failure
from ipcbench.results import store
from ipcbench.run.journal.records import (
    Continued,
    Done,
    Ended,
    Entry,
    Failed,
    OutcomeRecord,
    Planned,
    Started,
    read_bytes,
)
from ipcbench.run.journal.resume import past_of, unlike
from ipcbench.run.schedule import Attempt

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_a_journal_gives_back_plan_visits_and_time() -> None:
    past = past_of(JOURNAL, "mine", VISITS)
    assert (past.plan, past.identity, past.isolation, past.mixed) == (PLAN, PLANNED.identity, "group", ())
    assert past.plan.skips == (SKIPPED,)
    assert past.earlier.complete
    ended = [entry for entry in VISITS if isinstance(entry, Done | Failed)]
    assert len(past.earlier.attempts) == len(ended) == 11
    assert past.seconds == 1.5 + sum(entry.seconds for entry in ended)
    assert past.earlier.attempts[CASES[0], 0, 1] == Attempt(outcome(1e-5), 0.25)
    assert Failure("failed", "timing", "no word") in [attempt.found for attempt in past.earlier.attempts.values()]


def test_a_journal_that_goes_on_after_its_end_is_not_complete() -> None:
    part = Continued(PLANNED.identity, "warden", ("another machine",), 2.0)
    past = past_of(JOURNAL, "mine", [*VISITS[:6], Ended(False, 2), part, part])
    assert (past.earlier.complete, past.isolation, past.mixed) == (False, "warden", ("another machine",))
    assert not past_of(JOURNAL, "mine", [*VISITS, part]).earlier.complete


START, DONE = Started(CASES[0].id, 0, 0, 1, 1), Done(CASES[0].id, 0, 1, 0.1, OutcomeRecord(*outcome()))
FAIL = Failed(CASES[0].id, 0, 1, 0.1, "unverified", "timing", "")
ODD: dict[str, tuple[list[Entry], str]] = {
    "empty": ([], "no plan in it .* --label mine --force begins anew"),
    "no plan first": ([START], "no plan in it"),
    "two plans": ([PLANNED, PLANNED], "a second plan"),
    "other label": ([planned(label="other")], "it is the journal of label 'other'"),
    "newer": ([msgspec.structs.replace(PLANNED, schema=9)], "made by another ipcbench .*schema 9"),
    "altered": (
        [msgspec.structs.replace(PLANNED, plan=msgspec.structs.replace(PLANNED.plan, seed=8))],
        "the plan is not the one that was begun",
    ),
    "unknown mechanism": (
        [planned(dataclasses.replace(PLAN, cases=(CASES[0]._replace(mechanism="telepathy"),)))],
        "its plan cannot be made here: unknown mechanism 'telepathy'",
    ),
    "a case twice": ([planned(dataclasses.replace(PLAN, cases=CASES[:1] * 2))], "names each of its cases once"),
    "stranger": ([PLANNED, msgspec.structs.replace(DONE, case="ping-pong/array/64B/1w")], "is not in its plan"),
    "twice": ([PLANNED, DONE, DONE], "stands twice in round 0"),
    "second without first": ([PLANNED, msgspec.structs.replace(DONE, attempt=2)], "tried again in round 0 without"),
    "second after good": ([PLANNED, DONE, msgspec.structs.replace(DONE, attempt=2)], "without a reason"),
    "second after unverified": ([PLANNED, FAIL, msgspec.structs.replace(DONE, attempt=2)], "without a reason"),
    "a round left out": ([PLANNED, DONE, msgspec.structs.replace(DONE, round=2)], "round 2 follows round 0"),
}


@pytest.mark.parametrize("kind", ODD)
def test_records_that_no_run_writes_are_refused_in_one_line(kind: str) -> None:
    entries, words = ODD[kind]
    with pytest.raises(ResultError, match=words) as caught:
        past_of(JOURNAL, "mine", entries)
    assert str(caught.value).startswith(f"{JOURNAL}: ")
    assert len(str(caught.value).splitlines()) == 1


HERE = identity("salt")
OTHER: dict[str, tuple[dict[str, object], str]] = {
    "machine": ({"host": "0" * 16}, "another machine"),
    "boot": ({"boot": "0" * 16}, "another boot of this machine"),
    "version": ({"interpreter": "CPython 3.9.1"}, f"CPython 3.9.1 (here {HERE.interpreter})"),
    "build": ({"executable": "0" * 16}, f"another build of {HERE.interpreter}"),
    "software": ({"software": "ipcbench 9.9, pyperf 1"}, f"ipcbench 9.9, pyperf 1 (here {HERE.software})"),
    "cpus": ({"cpus": (77,)}, f"CPUs 77 (here {','.join(map(str, HERE.cpus))})"),
}


@pytest.mark.parametrize("kind", OTHER)
def test_what_is_not_as_before_is_named(kind: str) -> None:
    changes, words = OTHER[kind]
    assert differences(msgspec.structs.replace(HERE, **changes), HERE) == [words]


def test_the_same_place_has_no_differences_and_tells_no_names() -> None:
    assert differences(HERE, identity("salt")) == []
    text = msgspec.json.encode(HERE).decode()
    for secret in (os.uname().nodename, Path("/etc/machine-id"), "/usr", os.path.expanduser("~")):
        value = secret.read_text().strip() if isinstance(secret, Path) and secret.exists() else str(secret)
        assert value not in text
    assert identity().host != HERE.host, "another salt gives another hash"


def test_another_isolation_level_is_named() -> None:
    past = past_of(JOURNAL, "mine", [PLANNED])
    assert unlike(past, identity(PLANNED.identity.salt), "group") == []
    assert unlike(past, identity(PLANNED.identity.salt), "warden") == ["isolation level group (here warden)"]


# Where a run of 2 cases and 3 rounds can be cut: the plan is record 1, then each visit has a start and an end.
CUTS = ["write:2:kill", "write:5:torn", "write:9:kill", "fdatasync:12:kill", "write:17:kill"]


@pytest.mark.sample
@pytest.mark.parametrize("where", CUTS)
def test_a_killed_run_is_continued_to_the_same_result(tmp_path: Path, where: str) -> None:
    crashed(tmp_path, where)
    kept = read_bytes((tmp_path / JOURNAL).read_bytes())
    told = instant("run", "--resume", "mine", cwd=tmp_path)
    assert told.code == 0, told.err
    made = sum(isinstance(entry, Done) for entry in kept)
    assert told.errors[0].startswith(f"continuing mine: {made} visit")
    check_whole(tmp_path)


@pytest.mark.sample
@pytest.mark.parametrize("where", ["write:19:kill", "fsync:3:kill", "link:1:kill", "unlink:1:kill", "unlink:2:kill"])
def test_a_run_that_was_killed_between_its_last_visit_and_its_end_is_only_saved(tmp_path: Path, where: str) -> None:
    crashed(tmp_path, where)
    faults = {f"{name} {number} 1": "failed" for name in ("pipe", "queue") for number in range(4)}
    done = instant("run", "--resume", "mine", cwd=tmp_path, IPCBENCH_TEST_FAULTS=json.dumps(faults))
    assert done.code == 0, done.err
    for path in (tmp_path / "results").glob(".*"):
        path.unlink()  # what a kill leaves of a file that was being written
    check_whole(tmp_path)


def test_a_run_can_be_cut_again_and_again(tmp_path: Path) -> None:
    words: tuple[str, ...] = (*WORDS, "--label", "mine")
    for _ in range(4):
        crashed(tmp_path, "write:5:kill", *words)
        words = ("run", "--resume", "mine")
    done = instant(*words, cwd=tmp_path)
    assert done.code == 0, done.err
    check_whole(tmp_path)
    processes = {
        (benchmark.metadata | run.metadata)["date"]
        for benchmark in store.load(tmp_path / RESULTS).benchmarks
        for run in benchmark.runs
    }
    assert len(processes) == 3  # the first part only calibrated, each of the next made one visit more


def test_a_second_attempt_that_was_cut_off_is_made_again_and_a_final_failure_stands(tmp_path: Path) -> None:
    faults = json.dumps({"queue 0 1": "timed-out", "pipe 0 1": "unverified"})
    order = [visit.case.mechanism for visit in past_of(JOURNAL, "mine", [PLANNED]).plan.sittings(0, CASES, {})[0]]
    where = "write:5:kill" if order[0] == "queue" else "write:7:kill"  # plan, start, fail, start, then its end
    crashed(tmp_path, where, IPCBENCH_TEST_FAULTS=faults)
    done = instant("run", "--resume", "mine", cwd=tmp_path, IPCBENCH_TEST_FAULTS=json.dumps({"pipe 0 1": "unverified"}))
    assert done.code == 5, done.err
    record = store.load(tmp_path / RESULTS).ipcbench
    assert {case.id.split("/")[1]: case.verdict for case in record.cases} == {"pipe": "unverified", "queue": "ok"}


def other_boot(folder: Path) -> None:
    """Rewrite the journal as if it had been begun before the machine was started anew."""
    path = folder / JOURNAL
    first, *rest = read_bytes(path.read_bytes())
    assert isinstance(first, Planned)
    who = msgspec.structs.replace(first.identity, boot="0" * 16)
    path.write_bytes(journal_of([msgspec.structs.replace(first, identity=who), *rest]))


def test_another_boot_is_refused_and_by_force_named_for_good(tmp_path: Path) -> None:
    crashed(tmp_path, "write:9:kill")
    other_boot(tmp_path)
    before = (tmp_path / JOURNAL).read_bytes()
    done = instant("run", "--resume", "mine", cwd=tmp_path)
    assert done.code == 2
    assert done.errors == [
        "ipcbench: results/mine.journal: begun with another boot of this machine: "
        "--force continues and marks the result mixed"
    ]
    assert (tmp_path / JOURNAL).read_bytes() == before
    crashed(tmp_path, "write:5:kill", "run", "--resume", "mine", "--force")
    done = instant("run", "--resume", "mine", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "the result is marked mixed: another boot of this machine" in done.errors
    check_whole(tmp_path)


def test_another_isolation_level_is_refused(tmp_path: Path) -> None:
    crashed(tmp_path, "write:9:kill")
    done = instant("run", "--resume", "mine", cwd=tmp_path, IPCBENCH_TEST_ISOLATION="group")
    assert (done.code, len(done.errors)) == (2, 1)
    assert "begun with isolation level warden (here group)" in done.errors[0]


def test_a_complete_journal_is_saved_after_a_reboot_without_force(tmp_path: Path) -> None:
    crashed(tmp_path, "link:1:kill")
    other_boot(tmp_path)
    assert instant("run", "--resume", "mine", cwd=tmp_path).code == 0
    assert store.load(tmp_path / RESULTS).ipcbench.complete


SURPLUS = ["--rounds 5", "--seed 1", "--mechanism pipe", "--fast", "--label x", "--dry-run", "--start-method spawn"]


@pytest.mark.parametrize("words", SURPLUS)
def test_what_would_change_the_plan_is_refused(tmp_path: Path, words: str) -> None:
    done = instant("run", "--resume", "mine", *words.split(), cwd=tmp_path)
    assert done.code == 2
    flag = words.split()[0]
    assert done.errors == [f"ipcbench: --resume continues the plan that was begun: leave out {flag}"]
    assert list(tmp_path.iterdir()) == []


def test_a_label_without_a_journal_says_what_there_is(tmp_path: Path) -> None:
    done = instant("run", "--resume", "nothing", cwd=tmp_path)
    assert done.errors == ["ipcbench: nothing to resume under label 'nothing' in results: it has no journal of any run"]
    assert (done.code, list(tmp_path.iterdir())) == (2, [])


def test_a_journal_in_the_way_of_a_new_run_names_both_ways_on(tmp_path: Path) -> None:
    crashed(tmp_path, "write:9:kill")
    done = instant(*WORDS, "--label", "mine", cwd=tmp_path)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "--resume mine continues it, --force begins anew" in done.errors[0]
    assert instant(*WORDS, "--label", "mine", "--force", cwd=tmp_path).code == 0
    check_whole(tmp_path)


def test_a_file_of_another_run_is_not_replaced_by_one_that_goes_on(tmp_path: Path) -> None:
    assert instant(*WORDS, "--label", "mine", cwd=tmp_path).code == 0
    result = store.load(tmp_path / RESULTS)
    result.ipcbench.started = "2020-01-01T00:00:00+00:00"
    (tmp_path / RESULTS).unlink()
    crashed(tmp_path, "write:9:kill")
    store.save(result, tmp_path / RESULTS, replace=True)
    before = (tmp_path / RESULTS).read_bytes()
    done = instant("run", "--resume", "mine", cwd=tmp_path)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "results/mine.json is of another run" in done.errors[0]
    assert (tmp_path / RESULTS).read_bytes() == before


def test_a_run_begun_by_all_is_continued_by_run(tmp_path: Path) -> None:
    crashed(tmp_path, "write:9:kill", "all", *WORDS[1:], "--label", "mine")
    done = instant("run", "--resume", "mine", cwd=tmp_path)
    assert done.code == 0, done.err
    assert store.load(tmp_path / RESULTS).ipcbench.command.startswith("python -m ipcbench all ")
    assert not list((tmp_path / "reports").iterdir())


@pytest.mark.slow
def test_all_continues_a_run_and_reports(tmp_path: Path) -> None:
    crashed(tmp_path, "write:18:kill")
    done = run("all", "--resume", "mine", cwd=tmp_path, timeout=100)
    assert done.code in (0, 7), done.err
    assert "report: reports/mine/report.html" in done.out
    assert (tmp_path / "reports" / "mine" / "report.html").is_file()
    check_whole(tmp_path)


def test_one_label_has_one_run_at_a_time_whichever_way_the_second_comes(tmp_path: Path) -> None:
    words = ("--mechanism", "pipe-bytes", "--pattern", "ping-pong", "--size", "64B", "--rounds", "500")
    first = start("run", *words, "--label", "mine", cwd=tmp_path)
    try:
        path = tmp_path / JOURNAL
        assert until(lambda: path.exists() and len(read_bytes(path.read_bytes())) > 3, 40.0)
        for second in (["--resume", "mine"], [*words, "--label", "mine"], [*words, "--label", "mine", "--force"]):
            done = instant("run", *second, cwd=tmp_path)
            assert (done.code, len(done.errors)) == (2, 1)
            assert "another run is writing this label" in done.errors[0]
        first.send_signal(signal.SIGINT)
    finally:
        assert finish(first).code == 130
    assert store.load(tmp_path / RESULTS).ipcbench.rounds >= 1


CRASHES = [
    *("write:1:ENOSPC", "write:4:EFBIG", "write:12:short", "write:13:torn", "write:19:ENOSPC"),
    *("fdatasync:1:kill", "fdatasync:7:EIO", "fsync:1:EIO", "fsync:2:kill", "fsync:2:ENOSPC"),
    *("link:1:EIO", "link:1:kill", "unlink:1:EIO", "unlink:1:kill"),
]


@pytest.mark.sample
@pytest.mark.parametrize("where", CRASHES)
def test_whatever_call_fails_or_dies_what_was_acknowledged_is_kept_and_the_run_can_go_on(
    tmp_path: Path, temporary: Path, where: str
) -> None:
    assert break_and_resume(tmp_path, where, temporary)


@pytest.mark.sample
@pytest.mark.parametrize("where", ["rename:1:EIO", "rename:1:kill", "fsync:3:kill", "write:17:kill"])
def test_an_older_file_is_whole_until_a_whole_new_one_takes_its_place(
    tmp_path: Path, temporary: Path, where: str
) -> None:
    assert break_and_resume(tmp_path, where, temporary, over=True)


def test_real_visits_are_continued_as_well(tmp_path: Path, temporary: Path) -> None:
    """What the other tests leave out: workers, peers, and the time that they take."""
    words = ("run", "--mechanism", "pipe-bytes", "--pattern", "ping-pong", "--size", "64B", "--rounds", "2")
    env = environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}", IPCBENCH_TEST_CRASH="write:6:kill")
    assert run(*words, "--label", "mine", cwd=tmp_path, env=env).code == -signal.SIGKILL
    assert until(lambda: not list(temporary.glob("ib*")), 15.0)
    done = run("run", "--resume", "mine", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    record = store.load(tmp_path / RESULTS).ipcbench
    assert (record.complete, [visit.round for visit in record.visits]) == (True, [1, 2])
