"""The charts that say what to doubt and what to avoid: steps, CPU time, placement, stability."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from chart_checks import check_csv, check_texts, drawn, texts_of
from chart_runs import all_failed
from diagnostic_runs import DIAGNOSTIC_RUNS, LONG, cases, run, with_controls
from matplotlib.figure import Figure
from matplotlib.text import Text
from synthetic import make_result

from ipcbench.model import Case
from ipcbench.report.charts import Chart, cliffs, cpu_cost, memory, placement, stability
from ipcbench.report.comparison.ratios import ratio_word
from ipcbench.report.content.study import Study, study
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import short_ratio, slug
from ipcbench.report.drawing.svg import drawing, to_svg
from ipcbench.report.drawing.theme import THEMES
from ipcbench.results.frame import value_frame
from ipcbench.units import format_size, format_time

DIAGNOSTICS: tuple[Chart[Study], ...] = (
    cliffs.CHART,
    cpu_cost.CHART,
    memory.CHART,
    placement.CHART,
    stability.CHART,
)


@pytest.fixture(scope="module", params=list(DIAGNOSTIC_RUNS))
def about(request: pytest.FixtureRequest) -> Study:
    return study(DIAGNOSTIC_RUNS[request.param]())


@pytest.fixture(scope="module")
def normal() -> Study:
    return study(run(["queue", "pipe", "array", "manager-list", "os-pipe"]))


@pytest.mark.parametrize("chart", DIAGNOSTICS, ids=lambda chart: chart.id)
def test_no_text_is_cut_or_lies_on_another(chart: Chart[Study], about: Study) -> None:
    check_texts(chart, about)


@pytest.mark.parametrize("chart", DIAGNOSTICS, ids=lambda chart: chart.id)
def test_the_csv_gives_the_table_back(chart: Chart[Study], about: Study) -> None:
    check_csv(chart, about)


@pytest.mark.parametrize("chart", DIAGNOSTICS, ids=lambda chart: chart.id)
def test_an_alt_text_is_short_and_names_a_mechanism_and_a_figure(chart: Chart[Study], about: Study) -> None:
    missing = chart.lacks(about)
    if missing:
        assert missing.endswith(".")
        return
    table = chart.table(about)
    alt = chart.alt(table)
    assert any(character.isdigit() for character in alt)
    assert any(name in alt for name in table["mechanism"])
    assert len(alt) <= 150


@pytest.mark.parametrize("chart", DIAGNOSTICS, ids=lambda chart: chart.id)
def test_an_svg_is_the_same_twice_and_its_marks_carry_their_mechanism(chart: Chart[Study], normal: Study) -> None:
    def once() -> tuple[Figure, str]:
        with drawing(THEMES[1], chart.id):
            figure = drawn(chart, normal, THEMES[1])
            return figure, to_svg(figure)

    (figure, first), (_, second) = once(), once()
    assert first == second
    assert chart.title in " ".join(ElementTree.fromstring(first).itertext())
    assert len(first) < 150_000
    gids = {artist.get_gid() for artist in figure.findobj()} - {None}
    assert gids == {f"mech:{slug(name)}" for name in chart.table(normal)["mechanism"]}
    titles = [text.get_gid() for text in figure.findobj(Text) if text.get_text() == chart.title]
    assert titles == [None]


def test_a_step_is_said_with_its_factor_and_the_worst_comes_first(normal: Study) -> None:
    table = cliffs.CHART.table(normal)
    shown = table[~table["reference"]]
    highest = list(shown.groupby("mechanism", sort=False)["step"].max())
    assert highest == sorted(highest, reverse=True)
    assert set(shown["mechanism"]) == {"queue", "array", "os-pipe"}
    said = " ".join(texts_of(cliffs.CHART, normal))
    for row in records(shown[shown["step"] > 1]):
        assert f"{format_size(row.size)} takes {format_time(row.seconds)}, " in said
        assert f"{short_ratio(row.step)} as long as {format_size(row.before)}" in said


def test_the_mechanism_beside_those_with_steps_has_none(normal: Study) -> None:
    table = cliffs.CHART.table(normal)
    beside = table[table["reference"]]
    assert list(beside["mechanism"].unique()) == ["pipe"]
    assert beside["step"].isna().all()


def test_at_most_eight_mechanisms_with_steps_are_drawn_and_the_others_counted() -> None:
    about = study(run(LONG, 3))
    table = cliffs.CHART.table(about)
    assert table.loc[~table["reference"], "mechanism"].nunique() == 8
    assert "Not shown: 12 more mechanisms with steps." in " ".join(texts_of(cliffs.CHART, about))


def test_a_run_without_steps_says_so_and_one_with_too_few_sizes_something_else() -> None:
    none = study(make_result(cases(["pipe", "queue"]), 5))
    assert cliffs.CHART.lacks(none) == "No step was found among 2 mechanisms at 5 sizes."
    single = study(make_result(cases(["pipe", "queue"], sizes=[64]), 5))
    assert cliffs.CHART.lacks(single) == "A step needs two payload sizes of one mechanism; this run has one of each."


def test_numbers_of_cpu_time_are_those_of_the_table_and_rows_follow_it(normal: Study) -> None:
    table, texts = cpu_cost.CHART.table(normal), texts_of(cpu_cost.CHART, normal)
    for row in records(table):
        assert {format_time(row.cpu), format_time(row.seconds), f"{row.busy:.2f}"} <= set(texts)
        assert row.busy == pytest.approx(row.cpu / row.seconds)
    first = table[table["size"] == 64]
    assert list(first["cpu"]) == sorted(first["cpu"])
    assert set(table["size"]) == {64, 2**20}


def test_a_mechanism_without_cpu_time_is_left_out_and_a_run_without_any_says_so() -> None:
    some = study(DIAGNOSTIC_RUNS["some without CPU time"]())
    assert set(cpu_cost.CHART.table(some)["mechanism"]) == {"pipe"}
    none = study(DIAGNOSTIC_RUNS["without CPU time"]())
    assert cpu_cost.CHART.lacks(none) == "None of 10 ping-pong cases has a CPU time."


def test_a_size_that_was_not_run_is_a_word_beside_the_cpu_time() -> None:
    chosen = [*cases(["pipe", "queue"]), Case("ping-pong", "array", 64)]
    about = study(make_result(chosen, 4))
    table = cpu_cost.CHART.table(about)
    assert list(table.loc[table["mechanism"] == "array", "word"]) == ["", "not run"]
    assert "not run" in texts_of(cpu_cost.CHART, about)


def test_memory_is_shown_at_the_smallest_and_the_largest_payload_the_least_first(normal: Study) -> None:
    table, texts = memory.CHART.table(normal), texts_of(memory.CHART, normal)
    assert {format_size(row.memory) for row in records(table)} <= set(texts)
    assert set(table["size"]) == {64, 2**20}
    assert list(dict.fromkeys(table["mechanism"])) == ["array", "os-pipe", "pipe", "queue", "manager-list"]
    alt = memory.CHART.alt(table)
    assert alt == "Memory of all processes, ping-pong, 1 MiB: array 41 MiB to manager-list 61 MiB."


def test_memory_of_one_size_is_one_mark_and_a_run_without_any_says_so() -> None:
    one = memory.CHART.table(study(DIAGNOSTIC_RUNS["memory at one size"]()))
    assert set(one["size"]) == {64}
    assert memory.CHART.lacks(study(DIAGNOSTIC_RUNS["without memory"]())) == "This run has no memory of any case."


def test_placements_are_compared_with_spread_by_round(normal: Study) -> None:
    table, texts = placement.CHART.table(normal), texts_of(placement.CHART, normal)
    assert set(table["base"]) == {"spread"}
    assert {ratio_word(ratio) for ratio in table["ratio"]} <= set(texts)
    packed = table[table["placement"] == "pack"]
    assert packed["ratio"].between(0.19, 0.21).all()
    assert not packed["tied"].any()
    assert table.loc[table["placement"] == "free", "tied"].all()
    assert list(table["question"].unique()) == ["ping-pong", "hand-over"]
    assert table.groupby("question")["size"].nunique().max() <= 4


def test_one_placement_is_not_a_comparison() -> None:
    about = study(make_result(cases(["pipe"]), 5))
    assert placement.CHART.lacks(about) == "A comparison needs two placements; this run has spread only."
    apart = [Case("ping-pong", "pipe", 64, placement="pack"), Case("ping-pong", "queue", 64)]
    nothing = study(make_result(apart, 5))
    assert placement.CHART.lacks(nothing) == "No case of this run was measured under two of pack and spread."


def test_strips_hold_every_value_in_the_order_of_the_run() -> None:
    result = with_controls()
    about = study(result)
    table = stability.CHART.table(about)
    values = value_frame(result.benchmarks)
    for case, rows in table.groupby("case"):
        own = values[values["case"] == case]
        assert list(rows["time"]) == list(own["seconds"])
        assert list(rows["warmup"]) == list(own["warmup"])
        assert (np.diff(rows["place"]) > 0).all()
        assert rows["place"].between(0, 7).all()
        assert (np.floor(rows["place"]) + 1 == rows["round"]).all()


def test_what_wanders_comes_first_after_the_controls_and_is_counted() -> None:
    about = study(with_controls())
    table = stability.CHART.table(about)
    strips = table.drop_duplicates("case")
    assert list(strips["case"][:2]) == ["ping-pong/memcpy/64B/1w", "ping-pong/no-op/64B/1w"]
    assert list(strips["control"][:3]) == [True, True, False]
    odd = strips[strips["flags"] != ""]
    assert set(odd["mechanism"]) == {"queue", "pipe"}
    assert len(odd) == strips["unsteady"].iloc[0]
    assert all("slower by the end" in flags for flags in odd.loc[odd["mechanism"] == "queue", "flags"])
    assert all("two groups" in flags for flags in odd.loc[odd["mechanism"] == "pipe", "flags"])
    said = " ".join(texts_of(stability.CHART, about))
    assert f"{len(odd)} of {strips['cases'].iloc[0]} cases drift, fall into two groups or scatter" in said
    for row in records(strips):
        assert f"median {format_time(row.seconds)}, scatter {100 * row.spread:,.0f} %" in said


def test_at_most_24_strips_are_drawn_and_the_others_counted() -> None:
    about = study(DIAGNOSTIC_RUNS["40 mechanisms"]())
    table = stability.CHART.table(about)
    assert table["case"].nunique() == 24
    rest = int(table["cases"].iloc[0]) - 24
    assert any(f"{rest} more cases, " in text for text in texts_of(stability.CHART, about))


def test_many_values_of_a_case_are_drawn_by_visit_with_their_range() -> None:
    about = study(DIAGNOSTIC_RUNS["many rounds"]())
    table = stability.CHART.table(about)
    assert table.groupby("case").size().max() <= 72
    assert (table["value"] == 0).all()
    assert (table["least"] <= table["time"]).all()
    assert (table["time"] <= table["most"]).all()
    case = str(table["case"].iloc[0])
    counted = about.values[(about.values["case"] == case) & ~about.values["warmup"]]["seconds"]
    own = table[table["case"] == case]
    assert own["least"].min() == counted.min()
    assert own["most"].max() == counted.max()


def test_two_rounds_say_nothing_of_stability() -> None:
    about = study(DIAGNOSTIC_RUNS["two rounds"]())
    assert stability.CHART.lacks(about) == "Scatter and drift need 3 rounds; this run has 2 rounds."
    assert stability.CHART.lacks(study(all_failed())) == "No case of this run has a number."


def test_the_table_under_the_strips_has_a_row_per_case(normal: Study) -> None:
    table = stability.CHART.table(normal)
    assert stability.CHART.details is not None
    details = stability.CHART.details(table, "strips")
    assert len(details.rows) == table["case"].nunique()
    assert [row[1] for row in details.rows] == [format_time(s) for s in table.drop_duplicates("case")["seconds"]]
    assert not any(math.isnan(value) for value in table["spread"])
