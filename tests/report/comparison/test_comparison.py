"""`ipcbench compare`: what it says of two files, what it refuses, and when it fails a build."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from chart_checks import check_drawn_twice, check_layout
from commands import Finished, complaint
from paths import ROOT
from synthetic import make_cases, make_result, model_seconds

from ipcbench.analysis.compare.columns import FIELDS, Projection, chosen, gather
from ipcbench.analysis.compare.comparability import refuse
from ipcbench.analysis.compare.contrast import Contrast, contrast
from ipcbench.analysis.compare.limits import exceeded, parse_limits
from ipcbench.analysis.compare.rankings import Shape, shape
from ipcbench.analysis.compare.side import Side, side_of_result
from ipcbench.analysis.self_check import SelfCheck
from ipcbench.errors import BadRequest, UnknownName
from ipcbench.model import Case
from ipcbench.report.charts import COMPARED, Chart
from ipcbench.report.comparison import machine_ratios
from ipcbench.report.comparison.formats import as_csv, as_json, as_markdown, terminal
from ipcbench.report.comparison.words import Comparison, below_floor, conclusion, parts, sight
from ipcbench.report.comparison.write import footer
from ipcbench.report.content.tables import Table
from ipcbench.results.digest import digest_of
from ipcbench.results.schema import PROTOCOL, Condition, PythonFacts, ResultFile
from ipcbench.results.store import save

Run = Callable[..., Finished]

FEW = make_cases(sizes=[64, 65536], mechanisms=["queue", "pipe", "pipe-bytes", "raw-array"])
BY_FILE = Projection()
SLOW_QUEUE: dict[str, float] = {"queue": 1.2}


def slowed(factors: dict[str, float]) -> Callable[[Case], float]:
    return lambda case: model_seconds(case) * factors.get(case.mechanism, 1.0)


def make(label: str, seed: int, factors: dict[str, float] | None = None, **more: Any) -> ResultFile:
    given: dict[str, Any] = {"cases": FEW, "rounds": 10, "seconds": slowed(factors or {}), "noise": 0.01}
    return make_result(**(given | more), label=label, seed=seed)


def compared(*results: ResultFile, projection: Projection = BY_FILE, **more: Any) -> Contrast:
    gathered = gather([side_of_result(result) for result in results])
    return contrast(gathered, chosen(gathered.cases, projection.filters), projection, **more)


def drifting(drift: float, floor: float = 0.0) -> SelfCheck:
    """A file that says of itself that it drifts, and has that noise floor."""
    return SelfCheck(rounds=10, cases=9, floor=floor, visible=0.0, drift=drift)


def whole(*results: ResultFile, projection: Projection = BY_FILE) -> Comparison:
    sides = [side_of_result(result) for result in results]
    return Comparison(sides, compared(*results, projection=projection))


@pytest.fixture(scope="module")
def two() -> tuple[ResultFile, ResultFile]:
    return make("a", 1), make("b", 2, SLOW_QUEUE)


@pytest.fixture
def folder(tmp_path: Path, two: tuple[ResultFile, ResultFile]) -> Path:
    """A folder with results/a.json and results/b.json, in which queue is 20 % slower."""
    keep(tmp_path, *two)
    return tmp_path


def keep(folder: Path, *results: ResultFile) -> None:
    (folder / "results").mkdir(exist_ok=True)
    for result in results:
        save(result, folder / "results" / f"{result.ipcbench.label}.json", replace=True)


def plain(path: Path, benchmarks: dict[str, list[float]], unit: str = "second") -> Path:
    """Write what pyperf itself would: the values of one process each, and a process that only calibrates."""
    runs = {
        name: [{"warmups": [[1, 1.0]]}, *({"values": [value]} for value in values)]
        for name, values in benchmarks.items()
    }
    document = {
        "version": "1.0",
        "metadata": {"cpu_model_name": "Example CPU 3000 @ 2.50GHz", "perf_version": "2.10.0", "unit": unit},
        "benchmarks": [{"runs": found, "metadata": {"name": name, "tags": ["x"]}} for name, found in runs.items()],
    }
    path.write_text(json.dumps(document))
    return path


# What it finds


def test_what_is_slower_is_found_and_nothing_else(two: tuple[ResultFile, ResultFile]) -> None:
    table = compared(*two).table
    slower = table[table["verdict"] == "slower"]
    assert set(slower["mechanism"]) == {"queue"}
    assert len(slower) == (table["mechanism"] == "queue").sum()
    assert slower["ratio"].between(1.15, 1.25).all()
    assert not (table["verdict"] == "faster").any()
    assert len(table) == len(FEW)


def test_the_other_way_round_every_ratio_is_turned_over(two: tuple[ResultFile, ResultFile]) -> None:
    there, back = compared(*two).table, compared(*reversed(two)).table
    merged = there.merge(back, on="row")
    assert (merged["ratio_x"] * merged["ratio_y"]).tolist() == pytest.approx([1.0] * len(FEW))
    turned = {"slower": "faster", "faster": "slower"}
    same = [turned.get(one, one) == other for one, other in zip(merged["verdict_x"], merged["verdict_y"], strict=True)]
    assert sum(same) >= len(FEW) - 1  # one on the edge of a threshold may fall to either side


def test_two_runs_of_one_thing_differ_in_nothing() -> None:
    table = compared(make_result(label="a", seed=1), make_result(label="b", seed=2)).table
    assert len(table) > 150
    assert not table["verdict"].isin(["slower", "faster"]).any()


def test_families_are_means_over_what_both_have(two: tuple[ResultFile, ResultFile]) -> None:
    bad = make("b", 2, SLOW_QUEUE, verdicts={"ping-pong/pipe/64B/1w": ("failed", "exit 1")})
    found = compared(two[0], bad)
    families = found.families.set_index("name")
    pipes = found.table[found.table["family"] == "pipes"]
    assert families.loc["pipes", "ratio"] == pytest.approx(math.exp(pipes["ratio"].map(math.log).mean()))
    assert (families.loc["pipes", "cases"], families.loc["pipes", "missing"]) == (len(pipes), 1)
    assert float(families["low"]["queues"]) > 1.15
    assert families.loc["all", "cases"] == len(FEW) - 1
    assert list(found.missing[["case", "column", "verdict", "reason"]].iloc[0]) == [
        "ping-pong/pipe/64B/1w",
        "b",
        "failed",
        "timed: exit 1",
    ]


def test_what_only_one_file_asked_is_absent_in_the_other() -> None:
    found = compared(make("a", 1, cases=FEW[1:]), make("b", 2))
    assert list(found.missing[["column", "verdict"]].itertuples(index=False, name=None)) == [("a", "absent")]


def test_controls_that_moved_are_said_to_have(two: tuple[ResultFile, ResultFile]) -> None:
    cases = [*FEW, Case("ping-pong", "memcpy", 64), Case("ping-pong", "os-pipe", 64)]
    steady = whole(make("a", 1, cases=cases), make("b", 2, cases=cases))
    moved = whole(make("a", 1, cases=cases), make("b", 2, {"os-pipe": 1.3}, cases=cases))
    sentence = "The controls moved (os-pipe and all)"
    assert sentence not in terminal(steady, False, 200)
    assert "Controls, b against a: memcpy" in terminal(steady, False, 200)
    assert sentence in terminal(moved, False, 200)
    assert whole(*two).contrast.controls.empty


def test_drift_and_the_threshold_are_taken_from_whoever_knows_them(
    two: tuple[ResultFile, ResultFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    drifted = compared(*two, checks={"b": drifting(0.3)})
    monkeypatch.setattr("ipcbench.analysis.difference.WORTH", 0.5)
    for found in (compared(*two), drifted):
        assert not found.table["verdict"].isin(["slower", "faster"]).any()


def test_what_a_third_file_drifts_says_nothing_of_the_other_two(two: tuple[ResultFile, ResultFile]) -> None:
    known = {"a": drifting(0.0), "b": drifting(0.01)}
    alone = compared(*two, checks=known)
    three = compared(*two, make("c", 3, noise=0.5), checks=known | {"c": drifting(0.4)})
    beside = three.table[three.table["column"] == "b"].reset_index(drop=True)
    for column in ("ratio", "low", "high"):
        assert list(beside[column]) == pytest.approx(list(alone.table[column]))


def test_the_ratio_of_two_files_is_that_of_the_times_beside_it(two: tuple[ResultFile, ResultFile]) -> None:
    table = compared(*two).table
    assert list(table["seconds"] / table["base_seconds"]) == pytest.approx(list(table["ratio"]))


def test_repeats_with_levels_of_their_own_raise_no_alarm() -> None:
    """Two repeats each: between them everything is 10 % slower, and the rounds alone say it for sure."""

    def again(label: str, seed: int, levels: Sequence[float]) -> ResultFile:
        result = make(label, seed, repeats=[5, 5])
        for benchmark in result.benchmarks:
            for run in benchmark.runs:
                level = levels[int(run.metadata["ipcbench_round"]) > 5]
                run.values = [value * level for value in run.values]
        return result

    found = compared(again("a", 1, (1.0, 1.1)), again("b", 2, (1.08, 1.15)))
    assert not found.table["verdict"].isin(["slower", "faster"]).any()
    assert set(found.table["repeats"]) == {2}
    all_ = found.families.set_index("name").loc["all"]
    assert all_["low"] < 1 < all_["high"]
    once = compared(make("a", 1), make("b", 2, dict.fromkeys(["queue", "pipe", "pipe-bytes", "raw-array"], 1.08)))
    assert (once.table["verdict"] == "slower").sum() > len(FEW) / 2


# Rows, columns and filters


@pytest.fixture(scope="module")
def placed() -> ResultFile:
    """One file in which everything packed takes half as long."""
    cases = [case._replace(placement=how) for case in FEW for how in ("pack", "spread")]
    return make(
        "both", 3, cases=cases, seconds=lambda case: model_seconds(case) / (2 if case.placement == "pack" else 1)
    )


def test_columns_of_one_file_are_paired(placed: ResultFile) -> None:
    found = compared(placed, projection=Projection("placement"))
    assert found.columns == ["spread", "pack"]
    assert found.table["paired"].all()
    assert list(found.table["row"]) == [case.id for case in FEW]
    assert found.table["ratio"].between(0.45, 0.55).all()


def test_what_slows_whole_rounds_cancels_inside_one_file() -> None:
    noisy = make("both", 3, cases=[case._replace(placement=how) for case in FEW for how in ("spread", "pack")])
    for benchmark in noisy.benchmarks:
        for run in benchmark.runs:
            level = 1 + 0.1 * (int(run.metadata["ipcbench_round"]) % 5)
            run.values = [value * level for value in run.values]
    table = compared(noisy, projection=Projection("placement")).table
    assert (table["high"] / table["low"]).median() < 1.2


def test_rows_gather_cases_as_a_geometric_mean(placed: ResultFile) -> None:
    found = compared(placed, projection=Projection("placement", ("mechanism",))).table
    assert list(found["row"]) == ["queue", "pipe", "pipe-bytes", "raw-array"]
    cases = compared(placed, projection=Projection("placement")).table
    for row in found.itertuples():
        same = cases[cases["mechanism"] == row.row]
        assert row.cases == len(same)
        assert row.ratio == pytest.approx(math.exp(same["ratio"].map(math.log).mean()))


def test_a_filter_names_the_base_first(placed: ResultFile) -> None:
    turned = Projection("placement", (), (("placement", ("pack", "spread")), ("size", ("64B",))))
    found = compared(placed, projection=turned)
    assert found.columns == ["pack", "spread"]
    assert set(found.table["size"]) == {64}


def test_mechanisms_sizes_and_workers_can_be_columns_too(two: tuple[ResultFile, ResultFile]) -> None:
    by = compared(two[0], projection=Projection("mechanism", (), (("mechanism", ("pipe", "queue")),)))
    assert by.columns == ["pipe", "queue"]
    assert "stream/64B/1w" in set(by.table["row"])
    sizes = compared(two[0], projection=Projection("size", (), (("pattern", ("ping-pong", "stream")),)))
    assert sizes.columns == ["64B", "64KiB"]
    assert (sizes.table["verdict"] == "slower").all()
    workers = compared(two[0], projection=Projection("workers"))
    assert workers.columns == ["1", "2", "4", "8"]


def test_several_files_and_another_column_keep_their_rows_apart(placed: ResultFile) -> None:
    other = make(
        "other", 5, cases=[case._replace(placement=how) for case in FEW for how in ("spread", "pack")], rounds=7
    )
    found = compared(placed, other, projection=Projection("placement", ("mechanism",)))
    assert set(found.table["row"]) == {
        f"{name} {label}" for name in ("queue", "pipe", "pipe-bytes", "raw-array") for label in ("both", "other")
    }
    assert {"both: pipes", "other: pipes"} <= set(found.families["name"])


def test_globs_and_several_values_of_a_filter_are_all_taken() -> None:
    cases = gather([side_of_result(make("a", 1))]).cases
    assert set(chosen(cases, [("mechanism", ("pipe*", "queue"))])["mechanism"]) == {"pipe", "pipe-bytes", "queue"}
    with pytest.raises(UnknownName, match="unknown mechanism 'pip': did you mean 'pipe'"):
        chosen(cases, [("mechanism", ("pip",))])
    with pytest.raises(BadRequest, match="no case is left"):
        chosen(cases, [("question", ("task-queue",)), ("size", ("64KiB",))])


# Other machines


@pytest.fixture(scope="module")
def shaped() -> Shape:
    base = make("a", 1)
    other = make("server", 2, {"raw-array": 4.0, "queue": 0.3}, cpu_model="Server CPU")
    return shape(side_of_result(base), side_of_result(other), {case.id for case in FEW})


def test_where_the_winner_changes_is_said_and_ties_are_no_change(shaped: Shape) -> None:
    changed = shaped.changed
    assert {(row.question, row.size) for row in changed.itertuples()} >= {("ping-pong", 65536), ("stream", 65536)}
    assert set(changed.loc[changed["size"] == 65536, "was"]) == {"raw-array"}
    assert set(changed["side"]) == {"server"}
    small = shaped.winners[(shaped.winners["question"] == "task-queue") & (shaped.winners["workers"] == 1)]
    assert len(small) == 2
    steady = shape(side_of_result(make("a", 1)), side_of_result(make("b", 2)), {case.id for case in FEW})
    assert steady.changed.empty


def test_the_order_of_the_mechanisms_is_compared_by_kendalls_tau(shaped: Shape) -> None:
    tau = dict(zip(shaped.agreement["question"], shaped.agreement["tau"], strict=True))
    assert tau["ping-pong"] < 0.7
    steady = shape(
        side_of_result(make("a", 1, noise=1e-4)), side_of_result(make("b", 2, noise=1e-4)), {case.id for case in FEW}
    )
    assert set(steady.agreement["tau"]) == {1.0}


def test_a_crossing_that_moved_is_found() -> None:
    cases = make_cases(sizes=[64, 4096, 65536, 2**20], mechanisms=["queue", "pipe"])

    def crossing(at: float) -> Callable[[Case], float]:
        return lambda case: (
            1e-4 + case.size * 1e-9 if case.mechanism == "queue" else 5e-5 + case.size * (1e-9 + 5e-5 / at)
        )

    base = make("a", 1, cases=cases, seconds=crossing(10_000))
    other = make("b", 2, cases=cases, seconds=crossing(200_000))
    found = shape(side_of_result(base), side_of_result(other), {case.id for case in cases})
    trip = next(each for each in found.crossings if each.where.startswith("ping-pong"))
    assert (trip.first, trip.second) == ("pipe", "queue")
    assert 4096 < trip.base.size < 65536 < trip.other.size < 2**20
    assert trip.moved
    same = shape(
        side_of_result(base),
        side_of_result(make("c", 3, cases=cases, seconds=crossing(10_000))),
        {case.id for case in cases},
    )
    assert not any(each.moved for each in same.crossings)


def test_a_crossing_that_is_hardly_known_is_called_not_settled_and_never_moved() -> None:
    cases = make_cases(sizes=[64, 4096, 65536, 2**20], mechanisms=["queue", "pipe"])

    def alike(case: Case) -> float:
        return 1e-4 + case.size * 1e-9

    def pipe_wins(case: Case) -> float:
        return alike(case) * (0.5 if case.mechanism == "pipe" else 1.0)

    wild = [make("a", seed, cases=cases, seconds=alike, noise=0.3) for seed in range(1, 9)]
    sure = side_of_result(make("b", 2, cases=cases, seconds=pipe_wins))
    kept = {case.id for case in cases}
    crossings = [each for result in wild for each in shape(side_of_result(result), sure, kept).crossings]
    assert len(crossings) >= 8, "two curves that are alike cross somewhere by chance"
    assert not any(each.moved or each.settled for each in crossings)
    about = with_shape(wild[0], make("b", 2, cases=cases, seconds=pipe_wins, cpu_model="Other CPU"))
    (table,) = [part for part in parts(about) if isinstance(part, Table) and part.caption == "Crossing sizes"]
    assert {row[-1] for row in table.rows} == {"not settled"}


# Doubts


def loaded(result: ResultFile, visits: int) -> ResultFile:
    for visit in result.ipcbench.visits[:visits]:
        visit.notes = ["loaded"]
    return result


def test_the_head_and_the_verdict_say_which_side_was_loaded_and_how_noisy_they_are(within: Run, folder: Path) -> None:
    noisy = loaded(make("busy", 3, {"queue": 1.2}, noise=0.2, cpu_model="Busy CPU"), 40)
    every = len(noisy.ipcbench.visits)
    keep(folder, noisy)
    said = within("compare", "a", "busy").out.splitlines()
    touched = f"40 of {every} visits were touched: 40 loaded"
    assert said[0].startswith(f"Doubt: in busy, {touched}")
    floors = next(line for line in said if line.startswith("Noise floor: "))
    assert re.search(r"Noise floor: [\d.]+ % in a and [\d.]+ % in busy", floors)
    assert said.index(floors) < next(place for place, line in enumerate(said) if "slower" in line or "Ratio" in line)
    verdict = " ".join(" ".join(said).partition("busy against a:")[2].split())
    assert f"in busy {touched}" in verdict
    keep(folder, loaded(make("calm", 4, {"queue": 1.2}), 1))
    calm = " ".join(within("compare", "a", "calm").out.split())
    assert f"Doubt: in calm, 1 of {every} visits was touched: 1 loaded" in calm, "one visit stands in the head"
    assert "Doubtful" not in calm, "and casts no doubt on the verdict"
    document = json.loads(within("compare", "a", "busy", "--format", "json").out)
    assert document["touched"] == {"a": "", "busy": touched}
    assert document["noise_floor"]["busy"] > document["noise_floor"]["a"] > 0
    markdown = within("compare", "a", "busy", "--format", "markdown").out
    assert markdown.index("Doubt: in busy") < markdown.index("|")


def test_what_differs_by_less_than_the_noise_floor_is_counted_beside_the_verdict(
    two: tuple[ResultFile, ResultFile],
) -> None:
    quiet, noisy = (
        Comparison([side_of_result(result) for result in two], compared(*two, checks=known))
        for known in ({"a": drifting(0.0, 0.04), "b": drifting(0.0, floor)} for floor in (0.05, 0.41))
    )
    many = int((noisy.contrast.table["verdict"] == "slower").sum())
    assert many > 3
    assert "noise" not in conclusion(quiet)[0]
    assert f"Doubtful: {many} differ by less than the noise floor of 41 %." in conclusion(noisy)[0]
    (table,) = [part for part in parts(noisy) if isinstance(part, Table) and part.caption.startswith("Ratio")]
    assert {row[-1] for row in table.rows} == {"slower, below noise"}
    rows = exceeded(parse_limits("slower>10%")[0], noisy.contrast)
    assert below_floor(noisy.contrast, rows) == (f" ({len(rows)} by less than the noise floor of 41 %: doubtful)")
    assert below_floor(quiet.contrast, rows) == ""


def test_inside_one_file_no_noise_floor_between_files_is_held_against_a_difference(placed: ResultFile) -> None:
    found = compared(placed, projection=Projection("placement"), checks={placed.ipcbench.label: drifting(0.0, 0.9)})
    assert found.table["floor"].isna().all()
    assert not found.within_noise.any()


def test_of_another_machine_what_is_farthest_from_the_whole_comes_first(within: Run, folder: Path) -> None:
    factors = {"queue": 2.0, "pipe": 3.0, "pipe-bytes": 2.0, "raw-array": 1.2}
    keep(folder, make("server", 3, factors, cpu_model="Server CPU"))
    done = within("compare", "a", "server", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(done)))
    apart = [abs(math.log(float(row["excess"]))) for row in rows]
    assert apart == sorted(apart, reverse=True)
    assert rows[0]["mechanism"] == "raw-array", "it is the least slow of a machine that is slower"
    said = " ".join(within("compare", "a", "server").out.split())
    assert re.search(r"Over all \d+ cases server takes [\d.]+× \([\d.–]+×\) as long as a\.", said)
    assert "of the whole" in said
    same = list(csv.DictReader(io.StringIO(within("compare", "a", "b", "--format", "csv").out)))
    assert {row["excess"] for row in same} == {""}, "one machine has no whole to measure by"


# Conditions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slower>10%", ["slower>10%"]),
        ("slower > 10 %", ["slower>10%"]),
        ("SLOWER>2.5%, missing", ["slower>2.5%", "missing"]),
        ("faster or different>5%", ["faster", "different>5%"]),
        ("slower>5%, blind>10%", ["slower>5%", "blind>10%"]),
        ("memory > 10 %", ["memory>10%"]),
    ],
)
def test_conditions_are_read_as_people_write_them(text: str, expected: list[str]) -> None:
    assert list(map(str, parse_limits(text))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "slow",
        "slower>",
        "slower>10",
        "slower<10%",
        "missing>3%",
        "blind",
        "blind>0%",
        "memory",
        "slower>1e9%",
        "a,,b",
        ">5%",
        "slower>10%,",
    ],
)
def test_any_other_condition_is_refused_with_what_is_accepted(text: str) -> None:
    said = complaint(BadRequest, lambda: parse_limits(text))
    assert said is not None
    assert "'slower>10%'" in said


def test_only_a_verdict_beyond_the_limit_is_a_failure(two: tuple[ResultFile, ResultFile]) -> None:
    found, back = compared(*two), compared(*reversed(two))

    def many(text: str, of: Contrast = found) -> int:
        return len(exceeded(parse_limits(text)[0], of))

    queues = sum(case.mechanism == "queue" for case in FEW)
    assert many("slower") == many("slower>10%") == many("different>10%") == many("faster>10%", back) == queues
    assert many("slower>40%") == many("faster") == many("missing") == 0
    noisy = compared(make("a", 1, noise=0.5), make("b", 2, {"queue": 1.3}, noise=0.5))
    assert many("slower>10%", noisy) == 0
    assert (noisy.table["ratio"] > 1.1).any()


def test_what_a_comparison_could_not_have_shown_is_blind(two: tuple[ResultFile, ResultFile]) -> None:
    found = compared(*two)
    visible = sorted(found.table["visible"])
    (limit,) = parse_limits(f"blind>{100 * visible[-2]:.6f}%")
    assert len(exceeded(limit, found)) == 1
    assert exceeded(parse_limits("blind>1000%")[0], found) == []
    short = compared(make("a", 1, rounds=2), make("b", 2, rounds=2))
    assert len(exceeded(parse_limits("blind>1000%")[0], short)) == len(short.table), "two rounds show nothing"
    assert sight(short) == "There are too few rounds to see any difference for certain."


MEMORY = {"queue": 70 * 2**20, "pipe": 40 * 2**20, "pipe-bytes": 41 * 2**20}


def with_memory(label: str, seed: int, factors: dict[str, float]) -> ResultFile:
    """A run whose memory is that of MEMORY times a factor, and not known for raw-array."""
    return make(label, seed, memory=lambda case: int(MEMORY.get(case.mechanism, 0) * factors.get(case.mechanism, 1)))


def test_a_case_that_takes_more_memory_is_shown_and_can_fail_a_build() -> None:
    before, after = with_memory("a", 1, {}), with_memory("b", 2, {"queue": 1.5, "pipe": 1.03})
    found = whole(before, after)
    queues = {case.id for case in FEW if case.mechanism == "queue"}
    assert set(exceeded(parse_limits("memory>40%")[0], found.contrast)) == queues
    assert exceeded(parse_limits("memory>60%")[0], found.contrast) == []
    known = sum(case.mechanism in MEMORY for case in FEW)
    said = terminal(found, everything=False, width=120)
    assert f"Memory differs by more than 5 % in {len(queues)} of {known} cases." in said
    assert re.search(r"ping-pong/queue/64B/1w +70 MiB +105 MiB +1.50×", said)
    assert "pipe/64B/1w" not in said.partition("Memory of all processes")[2]
    (case, *_) = json.loads(as_json(found, {}))["cases"]
    assert {"base_memory", "memory"} <= case.keys()
    assert "Memory of all processes" not in terminal(whole(before, with_memory("c", 3, {})), everything=True, width=120)


def test_memory_that_is_not_known_is_not_shown_and_fails_no_build_in_silence(
    two: tuple[ResultFile, ResultFile],
) -> None:
    found = whole(*two)
    assert "Memory" not in terminal(found, everything=True, width=120)
    said = complaint(BadRequest, lambda: exceeded(parse_limits("memory>10%")[0], found.contrast))
    assert said == "--fail-if memory>10%: no case has its memory on both sides; measure both again"


def test_a_gate_says_how_small_a_difference_it_could_have_seen(two: tuple[ResultFile, ResultFile]) -> None:
    found = compared(*two)
    table = found.table.head(5).assign(visible=[0.0312, 0.05, 0.01, 0.0411, 0.2])
    said = sight(replace(found, table=table))
    assert (
        said == "A difference of 5 % would have been seen in 4 of 5 cases, one of 20 % in all, four times out of five."
    )
    said = sight(replace(found, table=table.assign(visible=[0.0312, 0.05, 0.01, math.nan, math.nan])))
    assert (
        said
        == "A difference of 5 % would have been seen in 3 of 5 cases, four times out of five; 2 have too few rounds."
    )


# What is printed


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("everything", [False, True])
def test_no_line_is_wider_than_the_terminal(two: tuple[ResultFile, ResultFile], width: int, everything: bool) -> None:
    long = [Case("many-to-many", "shared-memory-view", 16385, 4, "", "array", "spawn", "pack")]
    cases = [*FEW, *long]
    for results in (two, (make("a", 1, cases=cases), make("b" * 50, 2, SLOW_QUEUE, cases=cases, cpus=32))):
        text = terminal(whole(*results), everything, width)
        assert max(map(len, text.splitlines())) <= width
        assert "queue" in text


def test_what_is_different_comes_first_and_the_largest_first(two: tuple[ResultFile, ResultFile]) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(whole(*two)))))
    kinds = ["different" if row["verdict"] in ("slower", "faster") else row["verdict"] for row in rows]
    assert kinds == sorted(kinds, key=["different", "inconclusive", "equivalent"].index)
    sizes = [abs(math.log(float(row["ratio"]))) for row in rows if row["verdict"] in ("slower", "faster")]
    assert sizes == sorted(sizes, reverse=True)


def test_what_is_folded_away_is_counted_and_shown_on_demand(two: tuple[ResultFile, ResultFile]) -> None:
    short, long = terminal(whole(*two), False, 120), terminal(whole(*two), True, 120)
    assert "--all shows them" in short
    assert "ping-pong/pipe/64B/1w" not in short
    assert "ping-pong/pipe/64B/1w" in long
    assert "--all" not in long


def test_differing_settings_and_conditions_stand_above_and_what_is_equal_in_one_line() -> None:
    base = make("a", 1, conditions=[Condition("governor", "powersave", "warning")])
    other = make("b", 2, conditions=[Condition("governor", "performance", "good")], cpus=16)
    other.ipcbench.machine.python = "3.13.1"
    text = terminal(whole(base, other), False, 120)
    for words in (
        r"governor +powersave +performance",
        r"CPUs +4 of 4 +16 of 16",
        r"Python +CPython 3.11.7 +CPython 3.13.1",
    ):
        assert re.search(words, text)
    assert "Note: Python differs (CPython 3.11.7 in a, CPython 3.13.1 in b)" in text
    assert re.search(r"Equal on all sides: .*CPU.*memory", text)


def test_json_has_everything_and_no_number_that_json_does_not_know(two: tuple[ResultFile, ResultFile]) -> None:
    one = make("one", 3, rounds=1)
    document = json.loads(as_json(whole(two[0], one), {"slower": []}), parse_constant=lambda text: pytest.fail(text))
    assert len(document["cases"]) == len(FEW)
    assert {row["low"] for row in document["cases"]} == {None}
    assert {"families", "controls", "missing", "shapes", "sides", "notes", "worth", "failed"} <= set(document)


def test_markdown_fits_a_comment_and_its_tables_are_whole() -> None:
    names = [f"mechanism-{number:03}" for number in range(400)]
    cases = [Case("ping-pong", name, size) for name in names for size in (64, 4096)]
    slow = {name: 2.0 for name in names}
    text = as_markdown(whole(make("a", 1, cases=cases, rounds=4), make("b", 2, slow, cases=cases, rounds=4)), True)
    assert len(text.encode()) < 65_536
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if re.fullmatch(r"\|(---\|)+", line):
            assert lines[place - 1].count("|") == line.count("|") == lines[place + 1].count("|")
    assert "more rows" in text


def test_one_round_says_how_many_more_it_needs(two: tuple[ResultFile, ResultFile]) -> None:
    about = whole(two[0], make("one", 3, rounds=1))
    assert set(about.contrast.table["verdict"]) == {"inconclusive"}
    assert conclusion(about)[-1] == "Inconclusive rows need at least 2 more rounds: an interval takes 3 rounds."


def test_inconclusive_rows_say_about_how_many_more_rounds() -> None:
    about = whole(make("a", 1, noise=0.1), make("b", 2, noise=0.1))
    assert re.fullmatch(
        r"About [\d,]+ more rounds of each would settle half of the \d+ inconclusive rows; .*", conclusion(about)[-1]
    )


def test_hostile_names_are_only_text() -> None:
    names = ["<script>alert(1)<", "x\x1b[31m\x00y\u202ez", "[link](x) | @user", "=1+1"]
    cases = [Case("ping-pong", name, 64) for name in names]
    slow = dict.fromkeys(names, 2.0)
    results = [
        make(label, seed, factors, cases=cases, cpu_model="\x1b[2J<b>")
        for label, seed, factors in (("a", 1, {}), ("b", 2, slow))
    ]
    results[1].ipcbench.machine.cpu_model = "$x$|\u202e"
    about = whole(*results)
    steering = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
    for text in (terminal(about, True, 100), as_markdown(about, True), as_csv(about)):
        assert not steering.search(text)
    assert not re.search(r"<script|\]\(|@user", as_markdown(about, True))
    assert "[31m" in terminal(about, True, 100)
    for row in csv.reader(io.StringIO(as_csv(about))):
        assert not any(cell.startswith(("=", "@")) for cell in row)
    assert len(parts(about)) > 3


# The command


def test_labels_paths_and_names_are_all_found(within: Run, folder: Path) -> None:
    for words in (("a", "b"), ("results/a.json", "b"), ("old=a", "new=results/b.json")):
        done = within("compare", *words)
        assert (done.code, done.err) == (0, ""), words
        assert "ping-pong/queue/64B/1w" in done.out
    assert "new against old" in done.out
    packed = folder / "c.json.gz"
    packed.write_bytes(gzip.compress((folder / "results/b.json").read_bytes()))
    assert "c against a" in within("compare", "a", "c=c.json.gz").out


def test_files_that_share_a_repeat_are_not_compared(
    within: Run, tmp_path: Path, two: tuple[ResultFile, ResultFile]
) -> None:
    both = make("both", 1, rounds=10, repeats=[5, 5])
    keep(tmp_path, two[0], both)  # a's repeat has the date and seed of the first of them
    done = within("compare", "a", "both")
    assert (done.code, len(done.errors)) == (2, 1)
    assert "a and both share what was measured at 2026-01-15 10:20" in done.err


def test_output_never_replaces_results_or_a_pipe(within: Run, folder: Path) -> None:
    before = (folder / "results" / "b.json").read_bytes()
    done = within("compare", "a", "b", "-o", "results/b.json")
    assert (done.code, len(done.errors)) == (2, 1)
    assert "this is a results file, which --output must not overwrite" in done.err
    assert (folder / "results" / "b.json").read_bytes() == before
    (folder / "there.txt").write_text("old")
    (folder / "link.txt").symlink_to("there.txt")
    assert within("compare", "a", "b", "-o", "link.txt").code == 0
    assert (folder / "link.txt").is_symlink()
    assert "queue" in (folder / "there.txt").read_text()
    os.mkfifo(folder / "fifo")
    with open(os.open(folder / "fifo", os.O_RDWR | os.O_NONBLOCK), "rb") as fifo:
        assert within("compare", "a", "b", "--format", "csv", "-o", "fifo").code == 0
        assert fifo.read(3)
    assert (folder / "fifo").is_fifo()


def test_three_files_are_each_compared_with_the_first(within: Run, folder: Path) -> None:
    keep(folder, make("c", 3, {"pipe": 0.5}))
    done = within("compare", "a", "b", "c")
    assert "b against a: " in done.out
    assert "c against a: " in done.out
    assert re.search(r"ping-pong/pipe/64B/1w +c .* faster", done.out)


def test_a_build_fails_with_9_only_on_what_is_certain(within: Run, folder: Path) -> None:
    done = within("compare", "a", "b", "--fail-if", "slower>10%")
    assert done.code == 9
    assert re.search(r"^failed: slower>10%: \d+, ping-pong/queue/", done.out.splitlines()[-1])
    done = within("compare", "a", "b", "--fail-if", "slower>50%, faster, missing")
    assert done.code == 0
    assert re.search(r"^passed: slower>50%, faster, missing", done.out.splitlines()[-1])
    done = within("compare", "a", "b", "--fail-if", "slower", "--format", "json")
    assert done.code == 9
    assert json.loads(done.out)["failed"]["slower"]
    assert done.err.splitlines()[-1].startswith("failed: ")
    keep(folder, make("noisy", 4, {"queue": 1.2}, noise=0.5))
    done = within("compare", "a", "noisy", "--fail-if", "slower>1%")
    assert done.code == 0
    assert "inconclusive, which do not count as failed" in done.out
    done = within("compare", "a", "noisy", "--fail-if", "slower>1%", "--fail-if", "blind>10%")
    assert done.code == 9
    *_, seen, judged = done.out.splitlines()
    assert re.search(r"^A difference of [\d.]+ % would have been seen in \d+ of \d+ cases", seen)
    assert re.search(r"^failed: blind>10%: \d+, \S+, \S+, \S+ and \d+ more", judged)


@pytest.mark.usefixtures("folder")
def test_every_field_that_the_help_names_makes_rows_and_filters(within: Run) -> None:
    text = " ".join(within("compare", "--help").out.split())
    fields = re.split(r"[,;] ", text.partition("Fields: ")[2].partition(".")[0])
    assert len(fields) >= 12
    filters = [word for name in fields for word in ("--filter", f"{name}=*")]
    rows = [word for name in fields for word in ("--row", name)]
    done = within("compare", "a", "b", *rows, *filters)
    assert (done.code, done.err) == (0, "")
    assert [name for name in fields if name not in FIELDS] == []
    document = (ROOT / "docs" / "comparing.md").read_text()
    assert all(f"`{name}`" in document for name in fields if name != "case")


def test_a_missing_case_fails_where_it_is_asked_for(within: Run, folder: Path) -> None:
    keep(folder, make("c", 3, verdicts={"ping-pong/pipe/64B/1w": ("timed-out", "no answer")}))
    done = within("compare", "a", "c", "--fail-if", "missing")
    assert done.code == 9
    assert "ping-pong/pipe/64B/1w" in done.out
    assert within("compare", "c", "a", "--fail-if", "missing").code == 0


@pytest.mark.parametrize("kind", ["table", "markdown", "json", "csv"])
def test_every_format_can_go_to_a_file(within: Run, folder: Path, kind: str) -> None:
    done = within("compare", "a", "b", "--format", kind, "--output", "out.txt")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert "ping-pong/queue/64B/1w" in (folder / "out.txt").read_text()


def test_charts_are_written_with_their_tables_and_a_summary(within: Run, folder: Path) -> None:
    keep(folder, make("server", 3, {"raw-array": 4.0}, cpu_model="Server CPU"))
    done = within("compare", "a", "server", "--charts")
    assert (done.code, done.err) == (0, "")
    out = folder / "reports" / "server-vs-a"
    assert "report: reports/server-vs-a/summary.md" in done.out
    names = {path.name for path in (out / "charts").iterdir()}
    assert names == {
        f"{id_}{end}"
        for id_ in ("machine-ratios", "winner-map-diff")
        for end in ("-light.svg", "-dark.svg", ".png", ".csv")
    }
    text = (out / "summary.md").read_text()
    assert "charts/machine-ratios-dark.svg" in text
    assert text.index("server against a: ") < text.index("<picture>") < text.index("What differs")
    assert re.search(r'alt="Dots with intervals [^"<>]*\d of \d+ cases differ from a', text)
    within("compare", "a", "b", "--report", str(out))
    assert not (out / "charts" / "winner-map-diff.csv").exists()


def refused(within: Run, *words: str) -> str:
    done = within("compare", *words)
    assert (done.code, done.out) == (2, ""), (words, done)
    assert len(done.errors) == 1
    return done.err


def test_what_cannot_be_compared_is_one_line(within: Run, folder: Path) -> None:
    (folder / "copy.json").write_bytes((folder / "results/a.json").read_bytes())
    assert "are the same file" in refused(within, "a", "a")
    assert "are the same file" in refused(within, "a", "x=copy.json")
    keep(folder, make("elsewhere", 3, cases=[Case("ping-pong", "fifo", 64)]))
    assert "no case in common" in refused(within, "a", "elsewhere")
    keep(folder, make("bad", 3, verdicts={case.id: ("failed", "exit 1") for case in FEW}))
    assert f"{len(FEW)} failed in bad" in refused(within, "a", "bad")
    assert "no such label; labels in results: a, b" in refused(within, "a", "nothing")
    assert "one file has nothing to compare with" in refused(within, "a")
    assert "unknown field 'speed'" in refused(within, "a", "b", "--row", "speed")
    assert "unknown field 'colum'" in refused(within, "a", "b", "--column", "colum")
    assert "unknown size '1MiB'" in refused(within, "a", "b", "--filter", "size=1MiB")
    assert "size 'x'" in refused(within, "a", "b", "--filter", "size=x")
    assert "expected FIELD=VALUE" in refused(within, "a", "b", "--filter", "size")
    assert "no case is left" in refused(within, "a", "b", "--filter", "pattern=task-queue", "--filter", "size=64KiB")
    assert "all cases have the placement spread" in refused(within, "a", "--column", "placement")
    assert "--column family" in refused(within, "a", "b", "--column", "family")
    assert "expected 'slower'" in refused(within, "a", "b", "--fail-if", "worse")
    (folder / "other").mkdir()
    save(make("a", 9), folder / "other" / "a.json", replace=False)
    assert "two files are called 'a'" in refused(within, "a", "other/a.json")


def test_another_protocol_or_a_newer_schema_is_refused(within: Run, folder: Path) -> None:
    other = make("other", 3)
    other.ipcbench.protocol = PROTOCOL + 1
    keep(folder, other)
    assert f"a was measured by protocol {PROTOCOL}, other by {PROTOCOL + 1}" in refused(within, "a", "other")
    document = json.loads((folder / "results/b.json").read_text())
    document["ipcbench"]["schema"] = 99
    document["ipcbench"]["digest"] = digest_of(document)
    (folder / "newer.json").write_text(json.dumps(document))
    assert "made by a newer ipcbench" in refused(within, "a", "newer.json")


def test_two_pythons_of_one_file_are_compared_by_column(within: Run, folder: Path) -> None:
    cases = [case._replace(python=tag) for case in FEW for tag in ("py3.13.1", "py3.9.2")]
    tagged = make(
        "pythons", 3, cases=cases, seconds=lambda case: model_seconds(case) / (2 if case.python == "py3.13.1" else 1)
    )
    tagged.ipcbench.pythons = [PythonFacts("py3.9.2", "CPython", "3.9.2"), PythonFacts("py3.13.1", "CPython", "3.13.1")]
    keep(folder, tagged)
    said = refused(within, "a", "pythons")
    assert "py3.9.2, py3.13.1" in said
    assert "--column python" in said
    done = within("compare", "pythons", "--column", "python")
    assert "py3.13.1 against py3.9.2" in done.out
    assert re.search(r"0\.\d\d×.*faster", done.out)


def test_two_named_pythons_are_compared_in_the_order_in_which_they_were_given(within: Run, folder: Path) -> None:
    cases = [case._replace(python=name) for case in FEW for name in ("after", "before")]
    named = make(
        "gate", 3, cases=cases, seconds=lambda case: model_seconds(case) * (1 + 0.2 * (case.python == "after"))
    )
    named.ipcbench.pythons = [PythonFacts(name, "CPython", "3.13.1") for name in ("before", "after")]
    keep(folder, named)
    done = within("compare", "gate", "--column", "python", "--fail-if", "slower>5%")
    assert done.code == 9
    assert f"after against before: {len(FEW)} slower" in " ".join(done.out.split())
    assert "measured under CPython 3.13.1 as before, CPython 3.13.1 as after" in " ".join(done.out.split())
    done = within("compare", "gate", "--column", "python", "--filter", "python=after,before")
    assert f"before against after: 0 slower, {len(FEW)} faster" in " ".join(done.out.split())


def test_files_without_any_spread_are_compared_too(within: Run, folder: Path) -> None:
    keep(folder, make("c", 3, noise=0.0), make("d", 4, noise=0.0))
    done = within("compare", "c", "d")
    assert f"0 slower, 0 faster, 0 inconclusive, {len(FEW)} equivalent" in " ".join(done.out.split())


# Plain pyperf files


def test_plain_pyperf_files_are_compared_by_the_names_of_their_benchmarks(within: Run, tmp_path: Path) -> None:
    values = [1e-3 * (1 + 0.01 * (number % 3)) for number in range(12)]
    plain(tmp_path / "x.json", {"json_loads": values, "only_here": values})
    plain(tmp_path / "y.json", {"json_loads": [1.5 * value for value in values]})
    done = within("compare", "x.json", "y.json")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"json_loads .*1\.50×.*slower", done.out)
    assert re.search(r"only_here +y +absent", done.out)
    assert "x is a plain pyperf file" in done.out


def test_ours_and_theirs_meet_where_names_are_equal(within: Run, folder: Path) -> None:
    case = next(case for case in FEW if case.mechanism == "pipe")
    plain(
        folder / "theirs.json",
        {case.id: [3 * model_seconds(case) * (1 + 0.001 * n) for n in range(9)], "other": [1.0] * 5},
    )
    done = within("compare", "a", "theirs.json")
    assert done.code == 0
    assert re.search(rf"{case.id} .*slower", done.out)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("", "the file is empty"),
        ("{}", "no pyperf suite in it"),
        ('{"version": "1.0", "benchmarks": []}', "no benchmark in it has a value"),
        ('{"benchmarks": [{"runs": [{"values": [NaN]}], "metadata": {"name": "x"}}]}', "NaN is no number"),
        ('{"benchmarks": [{"runs": [{"values": [Infinity]}], "metadata": {"name": "x"}}]}', "Infinity is no number"),
        ('{"benchmarks": [{"runs": [{"values": [1e999]}], "metadata": {"name": "x"}}]}', "out of range"),
        ('{"benchmarks": [{"runs": [{"values": [-1.0]}], "metadata": {"name": "x"}}]}', "value of -1.0"),
        ('{"benchmarks": [{"runs": [{"values": [0]}], "metadata": {"name": "x"}}]}', "value of 0.0"),
        ('{"benchmarks": [{"runs": [{"values": [1]}], "metadata": {}}]}', "a benchmark has no name"),
        ('{"benchmarks": [{"runs": [{"values": [1]}], "metadata": {"name": "x", "unit": "byte"}}]}', "in 'byte'"),
        ('{"benchmarks": [{"runs": 3, "metadata": {"name": "x"}}]}', "damaged"),
        ('{"benchmarks": 1', "cut off"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_one_line(within: Run, folder: Path, document: str, reason: str) -> None:
    (folder / "bad.json").write_text(document)
    assert reason in refused(within, "a", "bad.json")


def test_two_benchmarks_of_one_name_are_refused(within: Run, folder: Path) -> None:
    document = json.loads(plain(folder / "x.json", {"one": [1.0, 2.0], "two": [1.0]}).read_text())
    document["benchmarks"][1]["metadata"]["name"] = "one"
    (folder / "x.json").write_text(json.dumps(document))
    assert "two benchmarks are called 'one'" in refused(within, "a", "x.json")


def test_sides_without_a_digest_are_never_taken_for_copies(two: tuple[ResultFile, ResultFile]) -> None:
    sides = [side_of_result(result) for result in two]
    assert refuse(sides) is None  # type: ignore[func-returns-value]


# The charts


def hostile_pair() -> Comparison:
    names = ["a$\\frac{1}{2}$|b", "<script>alert(1)<", "x\x1b[31m\x00y\u202ez", "-" * 200, "pipe"]
    cases = [Case(pattern, name, size) for name in names for pattern in ("ping-pong", "fan-in") for size in (64, 2**20)]
    factors = {names[0]: 30.0, names[1]: 0.02}
    return with_shape(
        make("a", 1, cases=cases), make("b" * 90, 2, factors, cases=cases, cpu_model="<b>$x$" + "w" * 200)
    )


def with_shape(*results: ResultFile) -> Comparison:
    sides: list[Side] = [side_of_result(result) for result in results]
    about = compared(*results)
    kept = set(sides[0].cases["case"])
    return Comparison(sides, about, [shape(sides[0], side, kept) for side in sides[1:]])


def many_pair() -> Comparison:
    names = [f"mechanism-with-name-of-{number:05}" for number in range(24)]
    cases = [
        Case(pattern, name, 2**power, count)
        for name in names
        for pattern, count in (("ping-pong", 1), ("fan-in", 2), ("fan-in", 64))
        for power in range(3, 26, 2)
    ]
    factors = {name: 4000.0 if number % 5 == 0 else 1.2 for number, name in enumerate(names)}
    return with_shape(make("a", 1, cases=cases, rounds=3), make("b", 2, factors, cases=cases, rounds=3))


PAIRS: dict[str, Callable[[], Comparison]] = {
    "two": lambda: with_shape(
        make_result(label="a", seed=1),
        make_result(label="b", seed=2, seconds=slowed({"raw-array": 5.0, "queue": 0.5})),
    ),
    "three": lambda: with_shape(make("a", 1), make("b", 2, SLOW_QUEUE), make("c", 3, {"pipe": 0.1})),
    "one round": lambda: with_shape(make("a", 1, rounds=1), make("b", 2, rounds=1)),
    "one mechanism": lambda: with_shape(make("a", 1, cases=FEW[:1]), make("b", 2, cases=FEW[:1])),
    "hostile": hostile_pair,
    "many": many_pair,
}


@pytest.fixture(scope="module", params=list(PAIRS))
def about(request: pytest.FixtureRequest) -> Comparison:
    return PAIRS[request.param]()


def drawable(about: Comparison) -> list[tuple[Chart[Comparison], pd.DataFrame]]:
    return [(chart, chart.table(about)) for chart in COMPARED if not chart.lacks(about)]


@pytest.mark.sample
def test_texts_of_a_comparison_lie_inside_and_never_on_each_other(about: Comparison) -> None:
    for chart, table in drawable(about):
        check_layout(chart, table, footer(about))


@pytest.mark.sample
def test_charts_of_a_comparison_are_repeatable_have_words_and_come_with_their_table(about: Comparison) -> None:
    for chart, table in drawable(about):
        check_drawn_twice(chart, table)


def test_a_comparison_without_cases_of_mechanisms_has_no_chart(two: tuple[ResultFile, ResultFile]) -> None:
    by_row = compared(*two, projection=Projection("label", ("mechanism",)))
    assert machine_ratios.table(by_row).empty
