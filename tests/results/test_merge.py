"""Files of one machine become one with repeats: nothing lost, nothing doubled, nothing hidden."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyperf
import pytest
from commands import Finished, complaint
from crashes import WORDS, instant
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from synthetic import make_result

from ipcbench.errors import ResultError
from ipcbench.model import Case, Verdict
from ipcbench.results.frame import visit_frame
from ipcbench.results.merge import joined, why_apart
from ipcbench.results.schema import PROTOCOL, Repeat, ResultFile, SkipRecord
from ipcbench.results.store import load, save
from ipcbench.shell import pasted

CASES = [Case("ping-pong", name, 64) for name in ("queue", "pipe", "array", "simple-queue")]


def measured(
    day: int, cases: Sequence[Case] = CASES[:2], rounds: Sequence[int] = (3,), seed: int | None = None, **more: Any
) -> ResultFile:
    """A file that was measured on this day of a month, a repeat an hour."""
    seed = day if seed is None else seed
    result = make_result(list(cases), rounds=sum(rounds), seed=seed, skips=[], **more)
    record = result.ipcbench
    first, repeats = 1, []
    for hour, many in enumerate(rounds):
        repeats.append(Repeat(f"2026-01-{day:02}T{hour:02}:00:00+00:00", "ipcbench run", seed, first, many, 60.0))
        first += many
    record.repeats, record.started, record.wall = repeats, repeats[0].started, 60.0 * len(repeats)
    return result


def values(result: ResultFile, repeat: Repeat | None = None) -> dict[tuple[str, int], tuple[float, ...]]:
    """The values by case and round, rounds counted from the first of the repeat."""
    wanted = range(repeat.first, repeat.first + repeat.rounds) if repeat else range(1, 10**6)
    return {
        (str(benchmark.metadata["name"]), number - wanted.start + 1): tuple(run.values)
        for benchmark in result.benchmarks
        for run in benchmark.runs
        if (number := int(run.metadata["ipcbench_round"])) in wanted
    }


def all_metadata(result: ResultFile) -> dict[tuple[str, tuple[float, ...]], dict[str, Any]]:
    """Everything that is said about each visit, wherever it stands, but for its round."""
    return {
        (str(benchmark.metadata["name"]), tuple(run.values)): {
            key: value
            for key, value in (result.metadata | benchmark.metadata | run.metadata).items()
            if key != "ipcbench_round"
        }
        for benchmark in result.benchmarks
        for run in benchmark.runs
    }


def apart(*results: ResultFile) -> bool:
    """Whether no two of them hold the same repeat, which `why_apart` refuses."""
    seeds = [result.ipcbench.settings.seed for result in results]
    return len(set(seeds)) == len(seeds)


def by_name(result: ResultFile) -> dict[str, Any]:
    """A file as plain objects, in which the order of cases does not count."""
    plain: dict[str, Any] = msgspec.to_builtins(result)
    record = plain["ipcbench"]
    for name in ("cases", "mechanisms", "skips"):
        record[name].sort(key=lambda each: str(sorted(each.items())))
    plain["benchmarks"].sort(key=lambda each: each["metadata"]["name"])
    return plain


@st.composite
def files(draw: st.DrawFn) -> ResultFile:
    """A file of a few cases and repeats, with metadata at any of the places where they may stand."""
    day = draw(st.integers(1, 28))
    cases = draw(st.lists(st.sampled_from(CASES), min_size=1, unique=True))
    result = measured(
        day, cases, draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)), draw(st.integers(0, 10**6))
    )
    chance = random.Random(draw(st.integers()))
    result.metadata = {"unit": "second"}
    if chance.random() < 0.5:
        result.metadata["timer"] = chance.choice(["a", "b"])
    for benchmark in result.benchmarks:
        if chance.random() < 0.5:
            benchmark.metadata |= {"python_hash_seed": chance.choice([1, 2])}
        for run in benchmark.runs:
            run.metadata |= {"loops": chance.choice([100, 200]), "load_avg_1min": chance.random()}
    return result


@given(files(), files())
def test_joining_and_splitting_by_repeat_gives_back_every_value(one: ResultFile, other: ResultFile) -> None:
    assume(apart(one, other))
    whole = joined(one, other)
    record = whole.ipcbench
    assert record.rounds == one.ipcbench.rounds + other.ipcbench.rounds
    assert len(record.repeats) == len(one.ipcbench.repeats) + len(other.ipcbench.repeats)
    wanted = [(repeat, values(result, repeat)) for result in (one, other) for repeat in result.ipcbench.repeats]
    for repeat in record.repeats:
        same = [found for old, found in wanted if (old.started, old.seed) == (repeat.started, repeat.seed)]
        assert values(whole, repeat) in same
    assert len(values(whole)) == len(values(one)) + len(values(other))
    assert all_metadata(whole) == all_metadata(one) | all_metadata(other)


@given(files(), files(), files())
def test_joining_is_associative_and_the_order_does_not_matter(
    one: ResultFile, two: ResultFile, three: ResultFile
) -> None:
    assume(apart(one, two, three))
    left = joined(joined(one, two), three)
    assert by_name(left) == by_name(joined(one, joined(two, three)))
    assert by_name(left) == by_name(joined(three, joined(two, one)))


@settings(max_examples=20)
@given(st.lists(files(), min_size=2, max_size=4))
def test_what_was_joined_can_be_saved_and_read_by_us_and_by_pyperf(
    tmp_path_factory: pytest.TempPathFactory, parts: list[ResultFile]
) -> None:
    assume(apart(*parts))
    whole = parts[0]
    for part in parts[1:]:
        whole = joined(whole, part)
    path = tmp_path_factory.mktemp("joined") / "whole.json"
    save(whole, path, False)
    assert load(path) == whole
    suite = pyperf.BenchmarkSuite.load(str(path))
    assert {bench.get_name(): bench.get_nvalue() for bench in suite} == {
        str(benchmark.metadata["name"]): sum(len(run.values) for run in benchmark.runs)
        for benchmark in whole.benchmarks
    }


def test_the_files_that_are_joined_stay_as_they_are() -> None:
    one, other = measured(1), measured(2)
    before = msgspec.json.encode([one, other])
    joined(one, other)
    assert msgspec.json.encode([one, other]) == before


def test_the_earlier_file_is_the_first_repeat_whichever_is_named_first() -> None:
    one, other = measured(1, rounds=(2,)), measured(2, rounds=(3,))
    for whole in (joined(one, other), joined(other, one)):
        assert [(repeat.first, repeat.rounds) for repeat in whole.ipcbench.repeats] == [(1, 2), (3, 3)]
        assert whole.ipcbench.started == one.ipcbench.started
        assert whole.ipcbench.wall == 120.0
        frame = visit_frame(whole)
        assert sorted(set(zip(frame["round"], frame["repeat"], strict=True))) == [
            (1, 1), (2, 1), (3, 2), (4, 2), (5, 2)
        ]  # fmt: skip


def test_a_case_that_one_file_lacks_keeps_the_rounds_it_has() -> None:
    whole = joined(measured(1, CASES[:2]), measured(2, CASES[1:3]))
    rounds = {
        str(benchmark.metadata["name"]): [run.metadata["ipcbench_round"] for run in benchmark.runs]
        for benchmark in whole.benchmarks
    }
    assert rounds == {CASES[0].id: [1, 2, 3], CASES[1].id: [1, 2, 3, 4, 5, 6], CASES[2].id: [4, 5, 6]}


@pytest.mark.parametrize("failed", [1, 2])
def test_a_case_that_failed_in_either_has_no_number(failed: int) -> None:
    bad: dict[str, tuple[Verdict, str]] = {CASES[0].id: ("timed-out", "no end after 30 s")}
    days = [measured(day, verdicts=bad if day == failed else {}) for day in (1, 2)]
    whole = joined(*days)
    found = {case.id: (case.verdict, case.detail) for case in whole.ipcbench.cases}
    assert found == {CASES[0].id: ("timed-out", "no end after 30 s"), CASES[1].id: ("ok", "")}
    assert {case for case, _ in values(whole)} == {CASES[1].id}


def test_of_two_failures_the_worse_is_kept() -> None:
    one = measured(1, verdicts={CASES[0].id: ("failed", "died")})
    other = measured(2, verdicts={CASES[0].id: ("unverified", "a byte differs")})
    assert joined(one, other).ipcbench.cases[0].verdict == "unverified"


def test_a_case_that_one_repeat_could_not_measure_says_so() -> None:
    other = measured(2, CASES[1:2])
    other.ipcbench.skips = [SkipRecord(CASES[0].id, "needs 64 MiB of shared memory")]
    whole = joined(measured(1), other)
    assert whole.ipcbench.cases[0].notes == ["not in every repeat: needs 64 MiB of shared memory"]
    assert whole.ipcbench.skips == []


Change = Callable[[ResultFile], None]


def machine(**facts: Any) -> Change:
    def change(result: ResultFile) -> None:
        result.ipcbench.machine = msgspec.structs.replace(result.ipcbench.machine, **facts)

    return change


def told(**facts: Any) -> Change:
    def change(result: ResultFile) -> None:
        result.ipcbench.settings = msgspec.structs.replace(result.ipcbench.settings, **facts)

    return change


def recorded(**facts: Any) -> Change:
    def change(result: ResultFile) -> None:
        result.ipcbench = msgspec.structs.replace(result.ipcbench, **facts)

    return change


def said(**metadata: Any) -> Change:
    def change(result: ResultFile) -> None:
        for benchmark in result.benchmarks:
            benchmark.metadata |= metadata

    return change


APART: dict[str, tuple[Change, str]] = {
    "machine": (machine(id="b" * 16), "another machine"),
    "kernel": (machine(id="", kernel="7.1"), "kernel 6.8.0 (7.1)"),
    "cpu": (machine(cpu_model="Other"), "CPU AMD EPYC (Other)"),
    "cpus": (machine(usable_cpus=1), "usable CPUs 4 (1)"),
    "python": (machine(python="3.12.0"), "Python CPython 3.11.7 (CPython 3.12.0)"),
    "pyperf": (machine(pyperf="2.11"), "pyperf 2.10.0 (2.11)"),
    "protocol": (recorded(protocol=PROTOCOL + 1), f"protocol {PROTOCOL} ({PROTOCOL + 1})"),
    "isolation": (recorded(isolation="warden"), "isolation group (warden)"),
    "mixed": (recorded(mixed=["another boot"]), "mine is mixed: another boot"),
    "nothing": (recorded(rounds=0, repeats=[]), "mine has no complete round"),
    "values": (told(values=5), "values 2 (5)"),
    "time": (told(min_time=0.1), "min time 0.05 (0.1)"),
    "metadata": (told(full_metadata=True), "full metadata False (True)"),
    "inner loops": (said(inner_loops=4), "inner_loops None (4) of ping-pong/queue/64B/1w"),
}


@pytest.mark.parametrize("what", APART)
def test_what_does_not_belong_together_is_named(what: str) -> None:
    one, other = measured(1, label="mine", cpu_model="AMD EPYC"), measured(2, label="mine", cpu_model="AMD EPYC")
    for each in (one, other):
        machine(id="a" * 16)(each)
    assert why_apart(one, other) == []
    change, words = APART[what]
    change(other)
    assert why_apart(one, other) == [words]


def test_the_same_repeat_twice_is_refused() -> None:
    one = measured(1, rounds=(2, 2))
    other = measured(1, rounds=(2,))
    (found,) = why_apart(one, other)
    assert "2026-01-01T00:00:00+00:00 with seed 1 is in both" in found


def test_loops_may_differ_and_those_of_the_first_are_said() -> None:
    one, other = measured(1), measured(2)
    other.ipcbench.cases[0].loops = 7
    assert why_apart(one, other) == []
    assert joined(other, one).ipcbench.cases[0].loops == 100


def kept(folder: Path, *results: ResultFile) -> list[str]:
    """Save files beside each other; their names."""
    names = []
    for result in results:
        names.append(f"day{result.ipcbench.repeats[0].started[8:10]}.json")
        save(result, folder / names[-1], False)
    return names


def test_merge_writes_one_file_of_several(tmp_path: Path, within: Callable[..., Finished]) -> None:
    names = kept(tmp_path, measured(3), measured(1), measured(2))
    done = within("merge", *names, "--label", "week")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "results/week.json: 2 measured; 9 complete rounds in 3 min 00 s",
        "3 repeats from 3 files",
        f"to report: {pasted('report', 'results/week.json')}",
    ]
    whole = load(tmp_path / "results" / "week.json")
    assert whole.ipcbench.label == "week"
    assert [repeat.started[8:10] for repeat in whole.ipcbench.repeats] == ["01", "02", "03"]


RAN = ("ping-pong/pipe/64B/1w", "ping-pong/queue/64B/1w")


def ran(folder: Path, seed: int, rounds: int = 3, **faults: str) -> ResultFile:
    """What `run` saves under the label of this seed, with visits that take no time."""
    told = {name.replace("_", " "): verdict for name, verdict in faults.items()}
    chosen = ("--rounds", str(rounds), "--seed", str(seed), "--label", f"seed{seed}")
    done = instant(*WORDS, *chosen, cwd=folder, IPCBENCH_TEST_FAULTS=json.dumps(told))
    assert done.code == (5 if faults else 0), done.err
    return load(folder / "results" / f"seed{seed}.json")


def merged(folder: Path, label: str, *parts: str) -> ResultFile:
    done = instant("merge", *parts, "--label", label, cwd=folder)
    assert done.code == 0, done.err
    return load(folder / "results" / f"{label}.json")


@pytest.mark.usefixtures("no_leaks")
def test_two_labels_that_were_run_and_merged_are_two_repeats(tmp_path: Path) -> None:
    one, other = ran(tmp_path, 7), ran(tmp_path, 9)
    whole = merged(tmp_path, "both", "seed9", "seed7")
    record, was = whole.ipcbench, one.ipcbench
    assert [(repeat.first, repeat.rounds) for repeat in record.repeats] == [(1, 3), (4, 3)]
    assert values(whole, record.repeats[0]) == values(one)
    assert values(whole, record.repeats[1]) == values(other)
    frame = visit_frame(whole)
    assert {case: list(group["round"]) for case, group in frame.groupby("case")} == {
        case: [1, 2, 3, 4, 5, 6] for case in RAN
    }
    assert record.repeats[0] == was.repeats[0]
    second = record.repeats[1]
    assert (second.seed, second.command) == (9, other.ipcbench.command)
    assert (record.command, record.started, record.label) == (was.command, was.started, "both")
    assert record.complete
    assert record.wall == pytest.approx(was.wall + second.wall)
    assert [case.loops for case in record.cases] == [case.loops for case in was.cases]
    assert sorted(os.listdir(tmp_path / "results")) == ["both.json", "seed7.json", "seed9.json"]
    assert load(tmp_path / "results" / "seed7.json") == one


@pytest.mark.usefixtures("no_leaks")
def test_a_merged_file_takes_further_repeats_and_rounds_may_differ(tmp_path: Path) -> None:
    # Repeats that began within the same second, as these may, are in the order of their seeds.
    for seed, rounds in ((7, 3), (8, 2), (9, 3)):
        ran(tmp_path, seed, rounds)
    merged(tmp_path, "two", "seed7", "seed8")
    whole = merged(tmp_path, "three", "two", "seed9")
    assert [(r.first, r.rounds) for r in whole.ipcbench.repeats] == [(1, 3), (4, 2), (6, 3)]


@pytest.mark.usefixtures("no_leaks")
def test_a_case_that_fails_in_a_later_repeat_loses_its_number_and_stays_out(tmp_path: Path) -> None:
    ran(tmp_path, 7)
    ran(tmp_path, 8, pipe_2_1="unverified")
    ran(tmp_path, 9)
    merged(tmp_path, "two", "seed7", "seed8")
    for whole, rounds in ((load(tmp_path / "results" / "two.json"), 6), (merged(tmp_path, "all", "two", "seed9"), 9)):
        assert sorted(set(values(whole))) == [(RAN[1], number) for number in range(1, rounds + 1)]
        verdicts = [(case.id, case.verdict) for case in whole.ipcbench.cases]
        assert verdicts == [(RAN[0], "unverified"), (RAN[1], "ok")]


def test_merge_does_not_overwrite_without_being_told(tmp_path: Path, within: Callable[..., Finished]) -> None:
    names = kept(tmp_path, measured(1), measured(2))
    assert within("merge", *names, "--label", "week").code == 0
    before = (tmp_path / "results" / "week.json").read_bytes()
    done = within("merge", *names, "--label", "week")
    assert (done.code, len(done.errors)) == (2, 1)
    assert (tmp_path / "results" / "week.json").read_bytes() == before
    assert within("merge", *names, "--label", "week", "--force").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["day01.json", "--label", "x"], "at least two files"),
        (["day01.json", "day02.json"], "name it with --label"),
        (["day01.json", "day01.json", "--label", "x"], "is in both"),
        (["day01.json", "day03.json", "--label", "x"], "day01.json and day03.json cannot be merged: usable CPUs"),
        (["day01.json", "nothing.json", "--label", "x"], "nothing.json: no such file"),
        (["day01.json", "day02.json", "--label", "../x"], "label '../x'"),
    ],
)
def test_a_merge_that_cannot_be_is_one_line(
    tmp_path: Path, within: Callable[..., Finished], words: list[str], said: str
) -> None:
    kept(tmp_path, measured(1), measured(2), measured(3, cpus=2))
    done = within("merge", *words)
    assert (done.code, done.out, len(done.errors)) == (2, "", 1)
    assert said in done.err
    assert not (tmp_path / "results").exists()


def test_a_file_that_could_not_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipcbench.results.reading.MOST_PARTS", 100)
    said = complaint(ResultError, lambda: save(measured(1), tmp_path / "x.json", False))
    assert said is not None
    assert "a results file has at most 100" in said
    assert not list(tmp_path.iterdir())
