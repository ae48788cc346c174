"""Every chart under every theme over data that has broken charts before: texts in place, numbers right."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ElementTree

import pytest
from chart_checks import check_csv, check_texts, drawn, texts_of
from chart_runs import RUNS, all_failed, everything, hostile
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from synthetic import SIZES, make_cases, make_result

from ipcbench.model import Case, Verdict
from ipcbench.report.charts import CHARTS, Chart, matrix
from ipcbench.report.content.study import Study, study
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import slug
from ipcbench.report.drawing.chart import LONGEST_ALT, doubts
from ipcbench.report.drawing.inline import merge
from ipcbench.report.drawing.scale import log_ticks, spaced, spread
from ipcbench.report.drawing.sheet import text_width, wrap
from ipcbench.report.drawing.svg import drawing, in_dark, to_png, to_svg
from ipcbench.report.drawing.theme import THEMES
from ipcbench.units import format_bandwidth, format_rate, format_ratio, format_time


@pytest.fixture(scope="module", params=list(RUNS))
def about(request: pytest.FixtureRequest) -> Study:
    return study(RUNS[request.param]())


@pytest.fixture(scope="module")
def normal() -> Study:
    return study(everything())


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_texts_lie_in_their_places_and_never_on_each_other(chart: Chart[Study], about: Study) -> None:
    check_texts(chart, about)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_what_cannot_be_drawn_is_words_and_what_can_has_an_alt_text_with_a_figure(
    chart: Chart[Study], about: Study
) -> None:
    missing = chart.lacks(about)
    if missing:
        assert missing.endswith(".")
        return
    table = chart.table(about)
    assert len(table)
    alt = chart.alt(table)
    assert len(alt) <= LONGEST_ALT
    assert any(character.isdigit() for character in alt)
    assert any(name and name in alt for name in table["mechanism"])


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_an_svg_parses_carries_its_text_and_names_no_date(chart: Chart[Study], normal: Study) -> None:
    if chart.lacks(normal):
        pytest.skip("has data of its own: test_diagnostic_charts.py")
    with drawing(THEMES[0], chart.id):
        svg = to_svg(drawn(chart, normal, THEMES[0]))
    text = " ".join(ElementTree.fromstring(svg).itertext())
    assert chart.title in text
    assert "pipe-bytes" in text or "raw-value" in text
    assert "laptop, 2026-01-15" in text
    assert "<dc:date>" not in svg
    assert "<image" not in svg
    assert len(svg) < 150_000


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_a_dark_picture_is_the_light_one_with_its_colours_exchanged(chart: Chart[Study], about: Study) -> None:
    if chart.lacks(about):
        return
    svgs = []
    for theme in THEMES:
        with drawing(theme, chart.id):
            svgs.append(to_svg(drawn(chart, about, theme), id=chart.id))
    assert in_dark(svgs[0]) == svgs[1]
    assert merge(*svgs).colours


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_the_same_table_gives_the_same_svg(chart: Chart[Study], normal: Study) -> None:
    if chart.lacks(normal):
        pytest.skip("has data of its own: test_diagnostic_charts.py")

    def once() -> str:
        with drawing(THEMES[1], chart.id):
            return to_svg(drawn(chart, normal, THEMES[1]))

    assert once() == once()


def test_hostile_text_stays_text_in_an_svg() -> None:
    about = study(hostile())
    with drawing(THEMES[0], "x"):
        svg = to_svg(drawn(matrix.CHART, about, THEMES[0]))
    root = ElementTree.fromstring(svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "script" not in tags
    assert "a$\\frac{1}{2}$|b" in " ".join(root.itertext())
    assert not set("\x00\x1b\u202e") & set(svg)


def test_a_png_is_one(normal: Study) -> None:
    with drawing(THEMES[0], "x"):
        assert to_png(drawn(matrix.CHART, normal, THEMES[0])).startswith(b"\x89PNG")


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_the_csv_is_the_drawn_table(chart: Chart[Study], about: Study) -> None:
    check_csv(chart, about)


def test_numbers_printed_in_the_charts_are_those_of_their_tables(normal: Study) -> None:
    there = [chart for chart in CHARTS if not chart.lacks(normal)]
    by_id = {chart.id: (chart.table(normal), texts_of(chart, normal)) for chart in there}
    cells, texts = by_id["slowdown-matrix"]
    for cell in records(cells[cells["seconds"].notna()]):
        number = format_time(cell.seconds) if cell.best else format_ratio(cell.slowdown)
        assert f"{'≈ ' if cell.tied else ''}{number}{'*' if cell.notes else ''}" in texts
    assert texts.count("8 B only") == (cells["word"] == "8 B only").sum() > 0
    cells, texts = by_id["latency-grid"]
    assert {format_time(seconds) for seconds in cells.loc[cells["size"] == 8, "seconds"]} <= set(texts)
    cells, texts = by_id["throughput-roofline"]
    ends = cells[cells["labelled"] & (cells["size"] == max(SIZES))]
    assert 1 <= (~ends["reference"]).sum() <= 6
    shares = [f"{cell.mechanism} {100 * cell.share:.0f} %" for cell in records(ends) if cell.share > 0.1]
    assert shares
    assert set(shares) <= set(texts)
    assert {format_bandwidth(rate) for rate in ends["bandwidth"]} <= set(texts)
    cells, texts = by_id["scaling"]
    at_four = cells[cells["workers"] == 4]
    assert {format_rate(rate) for rate in at_four["rate"]} <= {text.split(" ", 1)[-1] for text in texts} | set(texts)
    cells, texts = by_id["percentiles"]
    lines = cells[cells["labelled"]].drop_duplicates("case")
    assert {format_time(delay) for delay in lines["p99"]} <= set(texts)
    cells, texts = by_id["load-latency"]
    last = cells[cells["offered"] == 1e5]
    assert last["behind"].all()
    assert {f"{format_rate(rate).split()[0]} of 100 k/s" for rate in last["achieved"]} <= set(texts)
    cells, texts = by_id["state-operations"]
    for cell in records(cells):
        assert f"{'≈ ' if cell.tied else ''}{format_time(cell.seconds)}{'*' if cell.notes else ''}" in texts


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.id)
def test_what_belongs_to_a_mechanism_carries_its_name(chart: Chart[Study], normal: Study) -> None:
    if chart.lacks(normal):
        pytest.skip("has data of its own: test_diagnostic_charts.py")
    with drawing(THEMES[0], chart.id):
        artists = drawn(chart, normal, THEMES[0]).findobj()
    table = chart.table(normal)
    labelled = next((name for name in ("labelled", "named") if name in table), None)
    names = set((table[table[labelled]] if labelled else table)["mechanism"]) - {""}
    found = {artist.get_gid() for artist in artists} - {None}
    assert found == {f"mech:{slug(name)}" for name in names}
    titles = [artist for artist in artists if isinstance(artist, Text) and artist.get_text() == chart.title]
    assert [title.get_gid() for title in titles] == [None]


@pytest.mark.parametrize(
    ("name", "part"), [("shared-memory", "shared-memory"), ("A_b  C!", "a-b-c"), ("表", "other"), ('x"><y', "x-y")]
)
def test_a_slug_is_safe_in_an_id(name: str, part: str) -> None:
    assert slug(name) == part


def test_the_best_cell_of_a_column_prints_its_time_and_stands_out(normal: Study) -> None:
    cells = matrix.table(normal)
    assert list(cells.groupby("size")["best"].sum()) == [1] * len(SIZES)


def test_rows_without_a_number_at_every_size_have_no_mean_and_stand_last(normal: Study) -> None:
    cells = matrix.table(normal)
    means = cells.drop_duplicates("mechanism").set_index("mechanism")["geo_mean"]
    assert set(means[means.isna()].index) == {"value", "raw-value", "manager-array"}
    complete = means.dropna()
    assert list(complete) == sorted(complete)
    assert list(means.isna()) == sorted(means.isna())


def test_the_mean_of_a_row_is_that_of_its_ratios(normal: Study) -> None:
    cells = matrix.table(normal)
    queue = cells[cells["mechanism"] == "queue"]
    expected = math.prod(queue["slowdown"]) ** (1 / len(queue))
    assert queue["geo_mean"].iloc[0] == pytest.approx(expected)


def test_a_size_that_was_not_planned_for_a_mechanism_says_so() -> None:
    cases = [Case("ping-pong", "pipe", 64), Case("ping-pong", "pipe", 4096), Case("ping-pong", "queue", 64)]
    cells = matrix.table(study(make_result(cases, 3)))
    assert list(cells.loc[cells["mechanism"] == "queue", "word"]) == ["", "not run"]


def test_a_missing_chart_says_what_happened() -> None:
    failed = study(all_failed())
    assert matrix.CHART.lacks(failed) == "None of 63 ping-pong cases has a number: 63 failed."
    only = study(make_result([Case("stream", "pipe", 64)], 3))
    assert matrix.CHART.lacks(only) == "This run has no ping-pong case."


@given(st.lists(st.floats(0, 200), min_size=1, max_size=8))
def test_labels_keep_their_order_and_distance_within_the_plot(places: list[float]) -> None:
    moved = spaced(sorted(places), 13.0, 0.0, 200.0)
    assert all(later - earlier >= 13.0 - 1e-6 for earlier, later in itertools.pairwise(moved))
    assert moved[0] >= -1e-6
    assert moved[-1] <= 200 + 1e-6


def test_labels_with_room_stay_where_they_are() -> None:
    assert spaced([10.0, 50.0, 90.0], 13.0, 0.0, 100.0) == [10.0, 50.0, 90.0]


def test_two_labels_on_one_place_move_apart_evenly() -> None:
    assert spaced([50.0, 50.0], 10.0, 0.0, 100.0) == [45.0, 55.0]


def test_only_labels_with_room_are_written_and_the_last_always() -> None:
    assert spread([30, 30, 30], [0, 10, 100]) == {0, 2}


@given(st.floats(1e-9, 1e3), st.floats(1.5, 1e9))
def test_ticks_lie_on_the_axis_and_are_few(low: float, factor: float) -> None:
    ticks = log_ticks(low, low * factor, most=6)
    assert 1 <= len(ticks) <= 6
    assert all(low * (1 - 1e-9) <= tick <= low * factor * (1 + 1e-9) for tick in ticks)


def test_wrapped_lines_fit() -> None:
    lines = wrap("some words that have to be broken into several lines " + "x" * 200, 120)
    assert len(lines) > 2
    assert all(text_width(line) <= 120 for line in lines)


# What stands below a chart says each thing once


def test_a_doubt_is_said_once_below_a_chart_however_many_visits_it_met() -> None:
    cases = make_cases(sizes=[64, 4096], mechanisms=["pipe", "queue", "array"])
    words = ["loaded", "loaded in 1 of 7 visits", "loaded in 6 of 7 visits", "noisy"]
    notes = {case.id: [words[place % 4]] for place, case in enumerate(cases)}
    about = study(make_result(cases, 7, notes=notes))
    assert doubts(matrix.CHART.table(about)) == "* loaded."
    assert doubts(about.summary) == "* loaded and noisy."


def test_a_missing_mean_is_explained_once_for_what_blocks_and_what_spins() -> None:
    cases = [Case("ping-pong", name, size) for name in ("pipe", "queue") for size in (64, 4096, 65536)]
    cases += [Case("ping-pong", name, size) for name in ("ring", "loop") for size in (64, 4096)]
    verdicts: dict[str, tuple[Verdict, str]] = {
        f"ping-pong/{name}/4KiB/1w": ("failed", "exit 1") for name in ("queue", "loop")
    }
    result = make_result(cases, 3, verdicts=verdicts)
    for facts in result.ipcbench.mechanisms:
        facts.wait = "spin" if facts.name in ("ring", "loop") else "block"
    figure = matrix.CHART.draw(matrix.CHART.table(study(result)), THEMES[0])
    said = " ".join(text.get_text() for text in figure.findobj(Text))
    assert said.count("† no mean") == 1
    assert re.search(r"at one of 64 B, 4 KiB and 64 KiB; of those that spin, at one of 64 B and 4 KiB\.", said)
