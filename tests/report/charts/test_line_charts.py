"""The charts of lines, streams next to memcpy, single messages, load and workers, over what has to be told apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import pandas as pd
import pytest
from chart_checks import drawn, texts_of
from chart_runs import HOSTILE
from layout import MARGIN, boxes
from synthetic import make_result, model_seconds, rate_of, tail_cases

from ipcbench.analysis.advice.need import LOOP
from ipcbench.analysis.percentiles import curves, percentiles
from ipcbench.model import Case
from ipcbench.report.charts import Chart, break_even, charts, load_latency, roofline, scaling
from ipcbench.report.charts import percentiles as percentile_chart
from ipcbench.report.content.study import Study, study
from ipcbench.report.content.tables import csv, records
from ipcbench.report.drawing.inline import merge
from ipcbench.report.drawing.sheet import SMALLEST
from ipcbench.report.drawing.svg import drawing, in_dark, to_svg
from ipcbench.report.drawing.theme import LIGHT, THEMES
from ipcbench.results.frame import tail_frame
from ipcbench.results.schema import ResultFile
from ipcbench.units import format_bandwidth, format_time

LINES = (roofline.CHART, scaling.CHART, break_even.CHART, percentile_chart.CHART, load_latency.CHART)
OPEN = ("open-1k", "open-10k", "open-100k")


def long_names(number: int) -> list[str]:
    return [f"mechanism-with-name-of-{place:05}" for place in range(number)]


def every_line(names: Sequence[str], sizes: Sequence[int] = (8, 64, 4096, 65536, 2**20)) -> list[Case]:
    cases = [Case("stream", name, size) for name in names for size in sizes]
    cases += [Case("ping-pong", "memcpy", size) for size in sizes]
    cases += [Case("fan-in", name, 64, count) for name in names for count in (1, 2, 4)]
    cases += [Case("pairs", name, 64, count) for name in names for count in (1, 2, 4)]
    cases += [Case("tasks", name, 64, 2, f"map-work-{work}") for name in [*names, LOOP] for work in ("10us", "1ms")]
    return cases + tail_cases(names, ("closed", *OPEN))


def by_name(case: Case) -> float:
    """Seconds that differ by mechanism, some of them equal, some far apart."""
    if case.mechanism == "memcpy":
        return model_seconds(case)
    slow = 3.0 ** (sum(map(ord, case.mechanism)) % 7)
    if case.operation.startswith("open"):
        return max(1 / rate_of(case), slow * 2e-6)
    return slow * (2e-6 + case.size / 2e9)


def steps() -> ResultFile:
    """Mechanisms that end at different sizes, each the best of its largest one, under and over the reference."""
    sizes = (8, 64, 4096, 65536, 2**20)
    cases = [Case("stream", f"up-to-{size}-bytes", each) for size in sizes for each in sizes if each <= size]
    cases += [Case("ping-pong", "memcpy", 4096), *(Case("stream", "queue", size) for size in sizes)]
    return make_result(cases, 3, seconds=lambda case: 1e-6 * (2 if case.mechanism == "queue" else 1) + case.size / 1e10)


DATA: dict[str, Callable[[], ResultFile]] = {
    "three": lambda: make_result(every_line(["queue", "pipe", "array"]), 4),
    "sixteen": lambda: make_result(every_line(long_names(16)), 3, seconds=by_name, noise=0.3, messages=5000),
    "forty": lambda: make_result(every_line(long_names(40), (64, 2**20)), 3, seconds=by_name),
    "few messages": lambda: make_result(every_line(["queue", "pipe"]), 3, messages=8),
    "one": lambda: make_result(every_line(["pipe"], (64,)), 1),
    "hostile": lambda: make_result(every_line([*HOSTILE, "pipe"]), 3, seconds=by_name),
    "noted": lambda: make_result(
        every_line(["queue", "pipe"]), 3, notes={case.id: ["noisy", "n" * 300] for case in every_line(["queue"])}
    ),
    "all tied": lambda: make_result(every_line(["queue", "pipe", "array"]), 3, seconds=lambda _: 1e-4, noise=0.001),
    "steps": steps,
}


@pytest.fixture(scope="module", params=list(DATA))
def about(request: pytest.FixtureRequest) -> Study:
    return study(DATA[request.param]())


def lines_of(about: Study) -> list[Chart[Study]]:
    prefixes = tuple(chart.id for chart in LINES)
    return [chart for chart, _ in charts(about) if chart.id.startswith(prefixes) and not chart.lacks(about)]


@pytest.mark.sample
def test_texts_of_lines_lie_inside_the_figure_and_never_on_each_other(about: Study) -> None:
    for chart in lines_of(about):
        with drawing(LIGHT, chart.id):
            figure = drawn(chart, about, LIGHT)
            texts = boxes(figure)
        width, height = figure.get_size_inches() * 72
        for text, box in texts:
            inside = box.x0 >= MARGIN and box.y0 >= MARGIN and box.x1 <= width - MARGIN and box.y1 <= height - MARGIN
            assert inside, f"{chart.id}: {text.get_text()!r} leaves the figure: {box}"
            assert float(text.get_fontsize()) >= SMALLEST
        for (one, first), (other, second) in itertools.combinations(texts, 2):
            across = min(first.x1, second.x1) - max(first.x0, second.x0)
            down = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert across <= 0.5 or down <= 0.5, f"{chart.id}: {one.get_text()!r} touches {other.get_text()!r}"


@pytest.mark.sample
def test_dark_lines_are_the_light_ones_with_their_colours_exchanged(about: Study) -> None:
    for chart in lines_of(about):
        svgs = []
        for theme in THEMES:
            with drawing(theme, chart.id):
                svgs.append(to_svg(drawn(chart, about, theme), id=chart.id))
        assert in_dark(svgs[0]) == svgs[1]
        assert merge(*svgs).colours


def test_alt_texts_are_short_and_name_a_mechanism_and_a_figure(about: Study) -> None:
    for chart in lines_of(about):
        table = chart.table(about)
        alt = chart.alt(table)
        assert len(alt) <= 150, alt
        assert any(character.isdigit() for character in alt)
        assert any(str(name)[:25] in alt for name in table["mechanism"])


def test_tables_for_readers_have_a_cell_for_every_column(about: Study) -> None:
    for chart in lines_of(about):
        assert chart.details
        details = chart.details(chart.table(about), chart.title)
        assert details.rows
        assert {len(row) for row in details.rows} == {len(details.header)}
        assert not any("nan" in cell.split(" ") or "nan×" in cell for row in details.rows for cell in row)


def test_the_rate_of_a_copy_is_that_of_one_of_the_two_that_memcpy_makes() -> None:
    cases = [Case("stream", "pipe", 2**20), Case("ping-pong", "memcpy", 2**20)]
    seconds = {"pipe": 1e-3, "memcpy": 2e-4}
    about = study(make_result(cases, 3, seconds=lambda case: seconds[case.mechanism], noise=0))
    table = roofline.table(about).set_index("mechanism")
    assert table.loc["memcpy", "bandwidth"] == pytest.approx(2**20 / 1e-4)
    assert table.loc["pipe", "share"] == pytest.approx(0.1)
    assert "pipe 10 %" in texts_of(roofline.CHART, about)
    assert format_bandwidth(2**20 / 1e-4) in texts_of(roofline.CHART, about)


def test_there_is_no_share_where_memcpy_was_not_measured() -> None:
    cases = [Case("stream", "pipe", size) for size in (64, 4096, 2**20)] + [Case("ping-pong", "memcpy", 4096)]
    table = roofline.table(study(make_result(cases, 3)))
    assert list(table.loc[table["share"].notna(), "size"]) == [4096]


def test_a_run_without_memcpy_says_that_it_has_no_reference() -> None:
    text = " ".join(texts_of(roofline.CHART, study(make_result([Case("stream", "pipe", 64)], 3))))
    assert "This run has no memcpy" in text
    assert "%" not in text.replace("95 % interval", "")


def test_what_lies_above_the_reference_is_said_to() -> None:
    said = "hollow: faster than memcpy."
    for pipe, there in ((1e-5, True), (1.0, False)):
        cases = [Case("stream", "pipe", 2**20), Case("ping-pong", "memcpy", 2**20)]
        seconds = {"pipe": pipe, "memcpy": 1e-3}
        run = make_result(cases, 3, seconds=lambda case, seconds=seconds: seconds[case.mechanism])  # type: ignore[misc]
        assert (said in " ".join(texts_of(roofline.CHART, study(run)))) == there


def test_a_mechanism_that_is_the_best_of_the_sizes_it_carries_is_named() -> None:
    about = study(steps())
    table = roofline.table(about)
    named = table[table["labelled"]]
    assert set(named["mechanism"]) >= set(table.loc[table["best"], "mechanism"])
    texts = " ".join(texts_of(roofline.CHART, about))
    assert all(row.mechanism in texts or row.short in texts for row in records(named))
    assert " at 64 B" in texts


def test_the_words_for_the_reference_promise_no_bound() -> None:
    said = f"{roofline.CHART.title} {roofline.CHART.caption} {' '.join(texts_of(roofline.CHART, study(steps())))}"
    assert not {"limit", "limits", "limited", "ceiling", "roof"} & set(said.lower().replace(",", "").split())


def test_scaling_takes_the_first_pattern_that_a_run_has_and_names_the_others() -> None:
    names = ["pipe", "queue"]
    cases = [Case(pattern, name, 64, count) for pattern in ("fan-in", "pairs") for name in names for count in (1, 2)]
    about = study(make_result(cases, 3))
    first, second = scaling.variants(about)
    assert (first.id, first.pattern) == ("scaling", "fan-in")
    assert (second.id, second.pattern) == ("scaling-pairs", "pairs")
    assert first.title in texts_of(first, about)
    both = study(make_result([*cases, *(Case("task-queue", name, 64, count) for name in names for count in (1, 4))], 3))
    assert [chart.pattern for chart in scaling.variants(both)] == ["task-queue", "fan-in", "pairs"]


def test_one_number_of_workers_makes_no_curve() -> None:
    about = study(make_result([Case("task-queue", "queue", 64, 2)], 3))
    (chart,) = scaling.variants(about)
    assert chart.lacks(about) == "A curve needs 2 numbers of workers; this run has one of task-queue."


def test_a_pattern_of_one_mechanism_has_no_chart_beside_that_of_the_main_one() -> None:
    cases = [Case("task-queue", "queue", 64, count) for count in (1, 2)]
    cases += [Case("pairs", "pipe", 64, count) for count in (1, 2)]
    assert [chart.id for chart in scaling.variants(study(make_result(cases, 3)))] == ["scaling"]


def test_percentile_curves_end_where_ten_messages_were_slower() -> None:
    frame = pd.DataFrame({"case": "a", "delay": [1.0, 2.0, 3.0], "count": [900, 90, 10]})
    points = curves(frame)
    assert points["one_in"].iloc[[0, -1]].tolist() == [2.0, 100.0]
    assert points["delay"].iloc[-1] == 2.0
    assert points["one_in"].is_monotonic_increasing
    assert points["delay"].is_monotonic_increasing


@pytest.mark.parametrize("messages", [0, 1, 19])
def test_fewer_than_twenty_messages_have_no_curve(messages: int) -> None:
    counts = [messages] if messages else []
    assert curves(pd.DataFrame({"case": ["a"] * len(counts), "delay": [1.0] * len(counts), "count": counts})).empty


def test_curves_go_through_the_percentiles_of_the_tables() -> None:
    frame = tail_frame(make_result(tail_cases(["queue", "pipe"]), 3, messages=4000))
    points = curves(frame)
    for found in records(percentiles(frame)):
        delays = points[points["case"] == found.case].set_index("one_in")["delay"]
        assert [delays[one_in] for one_in in (2, 10, 100, 1000)] == [found.p50, found.p90, found.p99, found.p999]


def test_each_loop_has_a_panel_and_says_which_it_is() -> None:
    about = study(make_result(tail_cases(["queue", "pipe"], ("closed", "open-3k", "open-30k")), 4))
    texts = texts_of(percentile_chart.CHART, about)
    assert [text.partition(":")[0] for text in texts if " loop" in text] == ["closed loop", "open loop at 3 k/s"]
    table = percentile_chart.table(about)
    assert set(table["loop"]) == {"closed loop", "open loop at 3 k/s"}
    assert {format_time(delay) for delay in table.drop_duplicates("case")["p99"]} <= set(texts)


def test_points_that_fall_short_of_the_rate_are_marked_and_say_what_was_achieved() -> None:
    cases = tail_cases(["queue", "pipe"], ("open-1k", "open-30k"))
    slow = {"queue": 1 / 12_500, "pipe": 1e-9}
    run = make_result(cases, 3, seconds=lambda case: max(1 / rate_of(case), slow[case.mechanism]), noise=0)
    table = load_latency.table(study(run))
    behind = {(row.mechanism, row.offered) for row in records(table[table["behind"]])}
    assert behind == {("queue", 30_000.0)}
    assert list(dict.fromkeys(table["mechanism"])) == ["pipe", "queue"]
    texts = texts_of(load_latency.CHART, study(run))
    assert "achieved 12.5 of 30 k/s" in texts
    assert "keeps up with 30 k/s" in texts


def test_what_tail_charts_lack_is_said() -> None:
    none = study(make_result([Case("stream", "pipe", 64)], 3))
    assert percentile_chart.CHART.lacks(none) == "This run has no tail case."
    assert load_latency.CHART.lacks(none) == "This run has no tail case with an open loop."
    one_rate = study(make_result(tail_cases(["pipe"], ("open-1k",)), 3))
    assert load_latency.CHART.lacks(one_rate) == "A curve over the rate needs 2 rates; this run has 1."
    few = study(make_result(tail_cases(["pipe"], ("closed",)), 1, messages=19))
    assert percentile_chart.CHART.lacks(few) == "A curve needs 20 operations; no tail case of this run has as many."
    cases = tail_cases(["pipe", "queue"], OPEN)
    failed = study(make_result(cases, 3, verdicts={case.id: ("failed", "exit 1") for case in cases}))
    assert percentile_chart.CHART.lacks(failed) == "None of 6 tail cases has a number: 6 failed."
    assert load_latency.CHART.lacks(failed) == "None of 6 tail cases has a number: 6 failed."


def test_lines_give_the_same_table_whatever_the_order_of_the_cases() -> None:
    cases = every_line(["queue", "pipe", "array"])
    one, other = study(make_result(cases, 3)), study(make_result(cases[::-1], 3))
    for chart in lines_of(one):
        assert csv(chart.table(one)) == csv(chart.table(other))
