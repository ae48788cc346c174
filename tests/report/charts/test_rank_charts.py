"""The charts that rank: who is compared with whom, what is a tie, and what is said where there is no number."""

from __future__ import annotations

import gzip
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from chart_checks import drawn, texts_of
from chart_runs import everything, many, spinning
from synthetic import make_result

from ipcbench.analysis.difference import paired
from ipcbench.model import Case, Verdict
from ipcbench.report.charts import charts, families, grid, matrix, speedup, winner_map
from ipcbench.report.charts.winners import Winner
from ipcbench.report.comparison.ratios import ratio_word
from ipcbench.report.content.choosing import at_a_glance
from ipcbench.report.content.study import Study, study
from ipcbench.report.content.tables import records
from ipcbench.report.content.words import short_ratio
from ipcbench.report.drawing.chart import common_sizes, told
from ipcbench.report.drawing.plot import Plot, repeat_context
from ipcbench.report.drawing.sheet import Sheet
from ipcbench.report.drawing.svg import drawing, to_svg
from ipcbench.report.drawing.theme import STRENGTHS, THEMES
from ipcbench.report.files.contents import draw_all
from ipcbench.units import format_ratio, format_time


@pytest.fixture(scope="module")
def normal() -> Study:
    return study(everything())


@pytest.fixture(scope="module")
def spun() -> Study:
    return study(spinning())


def pings(where: dict[str, Sequence[int]]) -> Study:
    return study(make_result([Case("ping-pong", name, size) for name, sizes in where.items() for size in sizes], 5))


def test_the_mean_is_over_sizes_that_most_have_and_a_rare_size_takes_it_from_nobody() -> None:
    about = pings(
        {"pipe": (64, 4096), "queue": (64, 4096), "pipe-bytes": (64, 4096, 32768), "array": (64,), "value": (8,)}
    )
    cells = matrix.table(about)
    assert sorted(set(cells.loc[cells["in_mean"], "size"])) == [64, 4096]
    means = cells.drop_duplicates("mechanism").set_index("mechanism")["geo_mean"]
    assert list(means.index[means.isna()]) == ["array", "value"]
    queue = cells[(cells["mechanism"] == "queue") & cells["in_mean"]]
    assert means["queue"] == pytest.approx(math.prod(queue["slowdown"]) ** 0.5)
    texts = texts_of(matrix.CHART, about)
    assert "† no mean: this mechanism lacks a number at one of 64 B and 4 KiB." in texts
    assert texts.count("†") == 1, "that of array: value leaves the picture with its column"
    assert "Not drawn: 8 B and 32 KiB, which only one or two mechanisms have." in texts


def test_sizes_are_common_by_those_that_were_measured_at_several() -> None:
    several = {"pipe": (64, 4096), "queue": (64, 4096), "pipe-bytes": (64, 32768), "os-pipe": (64, 2**20)}
    measured = pings({**several, "array": (8,), "value": (8,), "raw-value": (8,)}).summary
    assert common_sizes(measured) == [64, 4096]
    assert common_sizes(measured[measured["size"] == 8]) == [8]


def test_what_spins_stands_last_and_alone_with_its_times(spun: Study) -> None:
    cells = matrix.table(spun)
    assert list(dict.fromkeys(cells["wait"])) == ["block", "spin"]
    texts = texts_of(matrix.CHART, spun)
    for cell in records(cells[cells["mechanism"] == "array"]):
        assert format_time(cell.seconds) in texts
    assert "spinning: keeps a CPU busy; without a rival, so times" in texts
    assert texts.count("mean") == 1


def test_the_dashed_line_is_the_fastest_of_those_that_wait_alike(spun: Study) -> None:
    cells = grid.table(spun)
    for _, same in cells.groupby(["wait", "size"]):
        assert set(same["fastest"]) == {same["seconds"].min()}


def test_a_winner_and_its_ties_are_those_of_the_tables(normal: Study) -> None:
    cells = winner_map.table(normal)
    summary = normal.summary
    assert {"ping-pong", "stream", "task-queue"} == set(cells["question"])
    for cell in records(cells[cells["verdict"] == "ok"]):
        block = summary[(summary["question"] == cell.question) & (summary["size"] == cell.size)]
        block = block[(block["workers"] == cell.workers) & block["slowdown"].notna()]
        assert list(block.loc[block["best"], "mechanism"]) == [cell.mechanism]
        assert cell.ties == block["tied"].sum()
        behind = block[block["mechanism"] == cell.next].iloc[0]
        assert behind["tied"] == (cell.ties > 0)
        assert behind["slowdown"] == cell.lead


def test_what_ties_is_named_before_what_is_nearer_and_does_not(normal: Study) -> None:
    here = (normal.summary["question"] == "ping-pong") & (normal.summary["size"] == 64)
    second, third = normal.summary[here & normal.summary["ranked"]].sort_values("slowdown").index[1:3]
    summary = normal.summary.assign(tied=normal.summary.index == third)
    cell = winner_map.table(replace(normal, summary=summary)).query("question == 'ping-pong' and size == 64").iloc[0]
    assert (cell["ties"], cell["next"]) == (1, summary.loc[third, "mechanism"])
    assert cell["next"] != summary.loc[second, "mechanism"]


def test_a_cell_prints_its_winner_with_the_lead_or_the_tie(normal: Study) -> None:
    texts = texts_of(winner_map.CHART, normal)
    cells = winner_map.table(normal)
    assert texts.count("not run") == (cells["verdict"] == "not run").sum() > 0
    for cell in records(cells[(cells["ties"] == 0) & (cells["verdict"] == "ok")]):
        assert f"{short_ratio(cell.lead)} ahead" in texts
    for cell in records(cells[cells["ties"] == 1]):
        assert {f"≈ {cell.next}", f"≈ {cell.next_short}"} & set(texts)
    assert {"64 B", "task-queue", "4 workers"} <= set(texts)


def test_what_failed_everywhere_is_no_number_and_one_alone_has_no_lead() -> None:
    where = [Case("ping-pong", name, size) for name in ("pipe", "queue") for size in (64, 4096)]
    bad: dict[str, tuple[Verdict, str]] = {case.id: ("failed", "exit 1") for case in where if case.size == 4096}
    about = study(make_result([*where, Case("ping-pong", "array", 8), Case("stream", "array", 8)], 3, verdicts=bad))
    cells = winner_map.table(about)
    assert list(cells["size"]) == [8, 64, 4096]
    assert list(cells["verdict"]) == ["ok", "ok", "no number"]
    assert math.isnan(cells["lead"].iloc[0])
    assert {"array", "no other", "no number"} <= set(texts_of(winner_map.CHART, about))


def test_no_winner_without_a_rival() -> None:
    alone = pings({"pipe": (64, 4096)})
    assert winner_map.CHART.lacks(alone).startswith("No two mechanisms that block were ranked in one of ping-pong,")


def test_nobody_that_spins_wins_a_map_of_those_that_block(spun: Study) -> None:
    assert "array" not in set(winner_map.table(spun)["mechanism"])


def test_other_payloads_have_maps_of_their_own_where_three_compete() -> None:
    names = ("pipe", "queue", "array")
    cases = [Case("ping-pong", name, size) for name in names for size in (64, 4096)]
    arrays = [Case("ping-pong", name, 64, payload="array") for name in names]
    made = {chart.id for chart, _ in charts(study(make_result([*cases, *arrays], 3)))}
    assert {"winner-map", "winner-map-arrays", "slowdown-matrix-arrays"} <= made
    assert "winner-map-arrays" not in {chart.id for chart, _ in charts(study(make_result([*cases, *arrays[:2]], 3)))}


def test_a_lead_is_strong_from_one_and_a_half_times_on() -> None:
    leads = [Winner(["a"], "pipes", 1.5, ["b"], 0), Winner(["a"], "pipes", 1.49, ["b"], 0)]
    tie = Winner(["a"], "pipes", 1.6, ["b", "c"], 3)
    assert [winner.strength for winner in (*leads, tie)] == list(STRENGTHS)
    assert tie.words == ["≈ b +2", "≈ c +2", "≈ 3 others"]


def test_a_gain_is_the_ratio_paired_by_round(normal: Study) -> None:
    cells = speedup.table(normal)
    assert sorted(set(cells["size"])) == [64, 65536, 2**20]
    row = next(cell for cell in records(cells) if (cell.mechanism, cell.size) == ("pipe", 64))
    keys = [f"ping-pong/{name}/64B/1w" for name in ("queue", "pipe")]
    found = paired(normal.series[keys[0]], normal.series[keys[1]])
    assert (row.ratio, row.low, row.high) == (found.ratio, found.low, found.high)
    assert row.verdict == "faster"
    texts = texts_of(speedup.CHART, normal)
    assert {ratio_word(ratio) for ratio in cells["ratio"].dropna()} <= {text.rstrip("*") for text in texts}


def test_rows_of_gains_have_one_order_by_their_mean(normal: Study) -> None:
    cells = speedup.table(normal)
    orders = {tuple(rows["mechanism"]) for _, rows in cells.groupby("size")}
    assert len(orders) == 1
    means = cells.drop_duplicates("mechanism")["mean"].dropna()
    assert list(means) == sorted(means, reverse=True)


def test_a_difference_below_five_percent_is_no_gain() -> None:
    about = study(make_result([Case("ping-pong", name, 64) for name in ("queue", "pipe")], 6, seconds=lambda _: 1e-4))
    assert list(speedup.table(about)["verdict"]) == ["no clear difference"]


def test_without_a_queue_there_is_nothing_to_gain_on(spun: Study) -> None:
    about = pings({"pipe": (64,), "array": (64,)})
    assert speedup.CHART.lacks(about) == (
        "There is no ping-pong number of queue under bytes, fork and spread, so nothing to compare with."
    )
    assert "array" not in set(speedup.table(spun)["mechanism"])


def test_a_ratio_far_below_one_is_a_fraction() -> None:
    assert [ratio_word(ratio) for ratio in (2.5, 0.5, 0.1, 0.01, 1 / 4000)] == [
        format_ratio(2.5),
        "0.50×",
        "0.10×",
        "1/100×",
        "1/4,000×",
    ]


def test_four_lines_of_each_family_have_names_and_none_spins() -> None:
    about = study(many())
    cells = families.table(about)
    names = cells[cells["named"]].groupby("family")["mechanism"].nunique()
    assert names.max() == 4
    assert set(cells["wait"]) == {"block"}
    texts = texts_of(families.CHART, about)
    assert set(cells["family"]) <= set(texts)


def test_repeated_grey_lines_lie_where_the_values_do() -> None:
    x, y = [2.0**power for power in range(2, 14)], [1e-6 * 1.7**power for power in range(12)]
    with drawing(THEMES[0], "x"):
        sheet = Sheet.new(THEMES[0], "title", "subtitle", 100)
        plots = [Plot(sheet, left, 60, 100, 60, (4, 8192), (1e-6, 1e-3)) for left in (30.0, 200.0)]
        repeat_context(plots, [(x, y)])
        root = ElementTree.fromstring(to_svg(sheet.figure))
    tag = "{http://www.w3.org/2000/svg}"
    (shape,) = (path.get("d", "") for path in root.iterfind(f".//{tag}defs/{tag}path"))
    points = np.array(re.findall(r"-?[0-9.]+", shape), dtype=float).reshape(-1, 2)
    uses = [(float(use.get("x", "")), float(use.get("y", ""))) for use in root.iterfind(f".//{tag}use")]
    assert len(uses) == len(plots)
    for place, plot in zip(uses, plots, strict=True):
        np.testing.assert_allclose(points + place, np.column_stack([plot.across(x), plot.down(y)]), atol=0.02)


def test_an_alt_text_is_the_longest_that_is_short_enough() -> None:
    assert told("a" * 151, "b" * 150, "c") == "b" * 150
    assert len(told("a" * 200)) == 150


def test_a_grid_of_forty_is_small_enough_for_a_page() -> None:
    with drawing(THEMES[0], "x"):
        svg = to_svg(drawn(grid.CHART, study(many()), THEMES[0]))
    assert len(gzip.compress(svg.encode())) < 25_000


FEW_AT_A_SIZE: dict[str, Sequence[int]] = {
    "pipe": (64, 4096),
    "queue": (64, 4096),
    "pipe-bytes": (64, 4096, 32768),
    "array": (64, 32768, 4096),
    "raw-array": (64, 4096),
}


def test_the_fastest_of_few_is_no_answer() -> None:
    about = pings(FEW_AT_A_SIZE)
    assert set(winner_map.table(about)["size"]) == {64, 4096}
    glance = at_a_glance(about)
    assert glance is not None
    assert [row[1] for row in glance.rows] == ["64 B", "4 KiB"]
    curves = grid.table(about)
    assert curves.loc[curves["size"] == 32768, "fastest"].isna().all()
    assert curves.loc[curves["size"] != 32768, "fastest"].notna().all()


def test_a_chart_of_another_payload_says_so_wherever_it_goes() -> None:
    cases = [Case("ping-pong", name, size) for name in ("pipe", "queue", "array") for size in (64, 4096)]
    cases += [case._replace(payload="array") for case in cases[:6]] + [Case("ping-pong", "value", 8)]
    about = study(make_result(cases, 3))
    picture = next(each for each in draw_all(about, png=False) if each.id == "slowdown-matrix-arrays")
    assert picture.alt.startswith("Arrays: ")
    assert picture.entry.question.endswith("(arrays)")
    assert picture.entry.caption.startswith("The payload is arrays.")
    words = [text for text in ElementTree.fromstring(picture.svg["light"]).itertext() if text.strip()]
    assert "arrays" in words
    assert any(text.startswith("array, fork, spread") for text in words)
    assert not any(text.startswith("bytes, fork, spread") for text in words)
