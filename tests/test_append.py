"""Measuring a label again: the same cases and loops, a repeat more in the file, and the old file whole until then."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from commands import QUICK, finish, run, start, until
from crashes import JOURNAL, RESULTS, WORDS, crashed, instant
from synthetic import make_result

from ipcbench.model import Case
from ipcbench.results.frame import visit_frame
from ipcbench.results.privacy import anonymous
from ipcbench.results.schema import PythonFacts, ResultFile
from ipcbench.results.store import load, save
from ipcbench.run.entry import Planned, read_bytes, write_entry

pytestmark = pytest.mark.usefixtures("no_leaks")

AGAIN = ("run", "--append", "mine")
CASES = ["ping-pong/pipe/64B/1w", "ping-pong/queue/64B/1w"]


@pytest.fixture
def once(tmp_path: Path) -> ResultFile:
    """A label that was measured once, three rounds of two cases."""
    assert instant(*WORDS, "--label", "mine", cwd=tmp_path).code == 0
    return load(tmp_path / RESULTS)


def rounds(result: ResultFile) -> dict[str, list[int]]:
    frame = visit_frame(result)
    return {str(case): list(group["round"]) for case, group in frame.groupby("case")}


def values(result: ResultFile, most: int = 10**6) -> dict[tuple[str, int], list[float]]:
    return {
        (str(benchmark.metadata["name"]), int(run.metadata["ipcbench_round"])): run.values
        for benchmark in result.benchmarks
        for run in benchmark.runs
        if int(run.metadata["ipcbench_round"]) <= most
    }


def check_twice(folder: Path, before: ResultFile, more: int = 3) -> ResultFile:
    """The file is the old one with a repeat of so many rounds, and nothing else is left."""
    result = load(folder / RESULTS)
    record, was = result.ipcbench, before.ipcbench
    assert values(result, was.rounds) == values(before)
    assert rounds(result) == {case: list(range(1, was.rounds + more + 1)) for case in CASES}
    assert [(repeat.first, repeat.rounds) for repeat in record.repeats] == [(1, was.rounds), (was.rounds + 1, more)]
    assert record.repeats[0] == was.repeats[0]
    assert (record.command, record.started, record.label) == (was.command, was.started, "mine")
    assert record.complete
    assert record.wall == pytest.approx(was.wall + record.repeats[1].wall)
    assert os.listdir(folder / "results") == ["mine.json"]
    return result


def test_a_label_measured_again_has_a_second_repeat(tmp_path: Path, once: ResultFile) -> None:
    done = instant(*AGAIN, "--seed", "9", cwd=tmp_path)
    assert (done.code, done.out.splitlines()[0][:45]) == (0, "results/mine.json: 2 ok; 6 complete rounds in")
    result = check_twice(tmp_path, once)
    second = result.ipcbench.repeats[1]
    assert (second.seed, second.command) == (9, "python -m ipcbench run --append mine --seed 9")
    assert [case.loops for case in result.ipcbench.cases] == [case.loops for case in once.ipcbench.cases]


def test_a_real_visit_is_made_with_the_loops_of_the_file_and_is_never_calibrated(tmp_path: Path) -> None:
    assert run("run", *QUICK, "--label", "mine", cwd=tmp_path, timeout=90).code in (0, 7)
    before = load(tmp_path / RESULTS)
    done = run(*AGAIN, cwd=tmp_path, timeout=90)
    assert done.code in (0, 7)
    assert "calibrating" not in done.err
    result = load(tmp_path / RESULTS)
    loops = {(result.metadata | b.metadata | r.metadata)["loops"] for b in result.benchmarks for r in b.runs}
    assert loops == {before.ipcbench.cases[0].loops}
    assert [repeat.rounds for repeat in result.ipcbench.repeats] == [1, 1]


@pytest.mark.usefixtures("once")
def test_rounds_can_be_chosen_and_repeats_go_on(tmp_path: Path) -> None:
    # Repeats that began within the same second, as these may, are in the order of their seeds.
    assert instant(*AGAIN, "--rounds", "2", "--seed", "8", cwd=tmp_path).code == 0
    assert instant(*AGAIN, "--seed", "9", cwd=tmp_path).code == 0
    assert [(r.first, r.rounds) for r in load(tmp_path / RESULTS).ipcbench.repeats] == [(1, 3), (4, 2), (6, 3)]


def test_a_dry_run_says_what_would_be_measured_and_changes_nothing(tmp_path: Path, once: ResultFile) -> None:
    done = instant(*AGAIN, "--dry-run", cwd=tmp_path)
    assert done.code == 0
    assert "ping-pong, 64 B, 1 worker: pipe, queue" in done.out
    assert "2 cases, 3 rounds" in done.out
    assert load(tmp_path / RESULTS) == once


# The plan is record 1, then each visit has a start and an end: 2 cases, 3 rounds.
@pytest.mark.parametrize("where", ["write:2:kill", "write:5:torn", "fdatasync:8:kill", "write:13:kill"])
def test_a_repeat_that_was_killed_is_continued_to_the_same_result(tmp_path: Path, once: ResultFile, where: str) -> None:
    crashed(tmp_path, where, *AGAIN)
    assert load(tmp_path / RESULTS) == once, "the old file is whole until the new one is"
    assert instant("run", "--resume", "mine", cwd=tmp_path).code == 0
    check_twice(tmp_path, once)


@pytest.mark.parametrize("call", ["rename", "unlink"])
def test_a_crash_while_saving_leaves_one_whole_file(tmp_path: Path, once: ResultFile, call: str) -> None:
    crashed(tmp_path, f"{call}:1:kill", *AGAIN)
    assert len(load(tmp_path / RESULTS).ipcbench.repeats) in (1, 2)
    if (tmp_path / JOURNAL).exists():
        assert instant("run", "--resume", "mine", cwd=tmp_path).code == 0
    for leftover in (tmp_path / "results").glob(".*"):
        leftover.unlink()  # of a save that was killed
    check_twice(tmp_path, once)


@pytest.mark.usefixtures("once")
def test_while_a_journal_is_left_no_further_repeat_begins(tmp_path: Path) -> None:
    crashed(tmp_path, "write:5:kill", *AGAIN)
    done = instant(*AGAIN, cwd=tmp_path)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "--resume mine continues it" in done.err


def test_ctrl_c_appends_the_complete_rounds_and_the_rest_can_follow(tmp_path: Path) -> None:
    assert run("run", *QUICK, "--label", "mine", cwd=tmp_path, timeout=90).code in (0, 7)
    before = load(tmp_path / RESULTS)
    process = start(*AGAIN, "--rounds", "12", cwd=tmp_path)
    journal = tmp_path / JOURNAL
    assert until(lambda: journal.exists() and journal.read_bytes().count(b'"kind":"done"') >= 3, 30)
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 130
    assert "--resume mine" in done.out
    part = load(tmp_path / RESULTS)
    assert values(part, 1) == values(before)
    assert 3 <= part.ipcbench.repeats[1].rounds < 12
    assert not part.ipcbench.complete
    second = start("run", "--resume", "mine", cwd=tmp_path)
    assert finish(second, 110).code in (0, 7)
    whole = load(tmp_path / RESULTS)
    assert [repeat.rounds for repeat in whole.ipcbench.repeats] == [1, 12]
    assert values(whole, part.ipcbench.rounds) == values(part)
    assert whole.ipcbench.complete
    assert not journal.exists()


def faults(**found: str) -> dict[str, str]:
    return {"IPCBENCH_TEST_FAULTS": json.dumps({name.replace("_", " "): verdict for name, verdict in found.items()})}


def test_a_repeat_without_a_complete_round_leaves_the_file_as_it_was(tmp_path: Path, once: ResultFile) -> None:
    done = instant(*AGAIN, "--seed", "30", cwd=tmp_path, **faults(pipe_1_1="escaped", queue_1_1="escaped"))
    assert done.code == 6
    assert "the repeat is not appended: no round of it is complete; results/mine.json is as it was" in done.err
    assert load(tmp_path / RESULTS) == once
    assert instant("run", "--resume", "mine", cwd=tmp_path).code == 0
    check_twice(tmp_path, once)


@pytest.mark.usefixtures("once")
def test_a_case_that_fails_in_a_later_repeat_loses_its_number(tmp_path: Path) -> None:
    done = instant(*AGAIN, cwd=tmp_path, **faults(pipe_2_1="unverified"))
    assert done.code == 5
    result = load(tmp_path / RESULTS)
    assert rounds(result) == {CASES[1]: [1, 2, 3, 4, 5, 6]}
    assert [(case.id, case.verdict) for case in result.ipcbench.cases] == [(CASES[0], "unverified"), (CASES[1], "ok")]
    again = instant(*AGAIN, cwd=tmp_path)
    assert again.code == 0
    assert load(tmp_path / RESULTS).ipcbench.cases[0].verdict == "unverified", "a case that failed stays out"


def test_a_repeat_in_which_nothing_works_is_not_appended(tmp_path: Path, once: ResultFile) -> None:
    done = instant(*AGAIN, cwd=tmp_path, **faults(pipe_1_1="leaked", queue_1_1="leaked"))
    assert done.code == 6
    assert "no case of it has a number" in done.err
    assert load(tmp_path / RESULTS) == once
    assert os.listdir(tmp_path / "results") == ["mine.json"]


def changed(folder: Path, **parts: Any) -> None:
    """Save the file with these fields of its record, or of the machine, changed."""
    result = load(folder / RESULTS)
    facts = {name: parts.pop(name) for name in list(parts) if hasattr(result.ipcbench.machine, name)}
    result.ipcbench = msgspec.structs.replace(result.ipcbench, **parts)
    result.ipcbench.machine = msgspec.structs.replace(result.ipcbench.machine, **facts)
    save(result, folder / RESULTS, True)


ELSEWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "machine": ({"id": "0" * 16}, "another machine"),
    "cpu": ({"cpu_model": "Another 9000"}, "CPU Another 9000 ("),
    "cpus": ({"usable_cpus": 1}, "usable CPUs 1 ("),
    "python": ({"python": "3.9.1"}, "Python CPython 3.9.1 ("),
    "pyperf": ({"pyperf": "1.0"}, "pyperf 1.0 ("),
    "protocol": ({"protocol": 99}, "protocol 99 ("),
    "isolation": ({"isolation": "job"}, "isolation job ("),
    "mixed": ({"mixed": ["another boot"]}, "mixed (another boot)"),
    "label": ({"label": "other"}, "a copy of label 'other'"),
}


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_what_was_measured_elsewhere_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    parts, words = ELSEWHERE[kind]
    changed(tmp_path, **parts)
    before = (tmp_path / RESULTS).read_bytes()
    done = instant(*AGAIN, cwd=tmp_path)
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert words in done.err
    assert (tmp_path / RESULTS).read_bytes() == before
    assert os.listdir(tmp_path / "results") == ["mine.json"]


def test_an_anonymised_copy_is_refused(tmp_path: Path, once: ResultFile) -> None:
    save(anonymous(once, []), tmp_path / "results" / "mine.anonymous.json", False)
    done = instant("run", "--append", "mine.anonymous", cwd=tmp_path)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "a copy of label 'mine'" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--append", "yours"], "results/yours.json: no such file"),
        (["--append", "../mine"], "label '../mine'"),
        (["--append", "mine", "--mechanism", "pipe", "--fast"], "leave out --mechanism, --fast"),
        (["--append", "mine", "--force"], "leave out --force"),
        (["--append", "mine", "--resume", "mine"], "leave out --append"),
        (["--append", "mine", "--rounds", "2", "--budget", "3s"], "choose one"),
        (["--append", "mine", "--rounds", "9999"], "has room for"),
        (["--append", "mine", "--precision", "wide"], "precision 'wide'"),
    ],
)
def test_an_append_that_cannot_be_is_one_line(tmp_path: Path, once: ResultFile, words: list[str], said: str) -> None:
    done = instant("run", *words, cwd=tmp_path)
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert said in done.err
    assert load(tmp_path / RESULTS) == once


def test_cases_of_several_pythons_want_them_named_again(tmp_path: Path) -> None:
    result = make_result([Case("ping-pong", "pipe", 64, python="py3.12.1")], rounds=3, skips=[], label="mine")
    result.ipcbench.pythons = [PythonFacts("py3.12.1", "CPython", "3.12.1")]
    (tmp_path / "results").mkdir()
    save(result, tmp_path / RESULTS, False)
    done = instant(*AGAIN, cwd=tmp_path)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "measured under py3.12.1: name each with --python" in done.err


@pytest.mark.usefixtures("once")
def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    crashed(tmp_path, "write:5:kill", *AGAIN)
    other = load(tmp_path / RESULTS)
    other.ipcbench.repeats[0].seed = 1234
    save(other, tmp_path / RESULTS, True)
    done = instant("run", "--resume", "mine", "--force", cwd=tmp_path)
    assert (done.code, len(done.errors)) == (2, 1)
    assert "not the file that the repeat was begun for" in done.err
    assert load(tmp_path / RESULTS) == other


@pytest.mark.usefixtures("once")
def test_a_journal_with_a_damaged_file_in_it_is_one_line(tmp_path: Path) -> None:
    crashed(tmp_path, "write:5:kill", *AGAIN)
    entries = read_bytes((tmp_path / JOURNAL).read_bytes())
    assert isinstance(entries[0], Planned)
    for base in (b"no deflated file", entries[0].base[:-9]):
        entries[0] = msgspec.structs.replace(entries[0], base=base)
        (tmp_path / JOURNAL).write_bytes(b"".join(map(write_entry, entries)))
        done = instant("run", "--resume", "mine", cwd=tmp_path)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "damaged: the results file in it" in done.err
