"""What the page is made of: order, size, what its tables can be sorted by, choosing by need."""

from __future__ import annotations

import gzip
import re
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import Environment, PackageLoader
from pages import page_of
from paths import RESULTS
from synthetic import make_result

from ipcbench.model import Case
from ipcbench.report.charts import CHARTS
from ipcbench.report.content.choosing import at_a_glance, by_need
from ipcbench.report.content.rows import exact
from ipcbench.report.content.study import study
from ipcbench.report.content.tables import Table
from ipcbench.report.drawing.theme import DARK, LIGHT
from ipcbench.report.page.html import badge, page
from ipcbench.report.page.outline import HEADINGS, LAST, heading_of
from ipcbench.report.page.sort_keys import marked, mechanism_of, sort_value
from ipcbench.results.store import load
from ipcbench.units import format_bandwidth, format_rate, format_ratio, format_size, format_time

OWN = 6 * 1024  # bytes, of the script and of the style sheet, as they are read


def test_script_and_style_sheet_are_short_enough_to_read() -> None:
    templates = Environment(loader=PackageLoader("ipcbench.report.page"), trim_blocks=True, lstrip_blocks=True)
    style = templates.get_template("report.css.j2").render(light=LIGHT, dark=DARK)
    script = files("ipcbench.report.page").joinpath("templates/report.js").read_bytes()
    assert len(style.encode()) <= OWN
    assert len(script) <= OWN
    assert max(map(len, style.splitlines())) < 250, "as it is read, not packed"


@pytest.mark.sample
@pytest.mark.slow
@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "most", "most_packed"),
    [("reference.json", 1_000_000, 150_000), ("choosing.json.gz", 2_000_000, 200_000)],
)
def test_the_page_of_a_real_run_is_small(name: str, most: int, most_packed: int) -> None:
    content = page_of(load(RESULTS / name)).encode()
    packed = len(gzip.compress(content, 9))
    print(f"{name}: {len(content):,} B, {packed:,} B packed")
    assert len(content) <= most
    assert packed <= most_packed


def test_the_page_is_in_the_order_of_questions() -> None:
    about = study(make_result([Case("ping-pong", name, 64) for name in ("pipe", "queue")], 3))
    text = page(about, [])
    found = re.findall(r'<section id="([a-z-]+)"', text)
    asked = ["findings", *(heading.id for heading in HEADINGS), "absent", "reading", "everything", "reproduce"]
    assert [one for one in found if one in asked] == asked
    assert set(re.findall(r'href="#([^"]+)"', text)) <= {*re.findall(r' id="([^"]+)"', text)}


@pytest.mark.parametrize(
    ("chart", "heading"),
    [
        ("slowdown-matrix", "slowdown"),
        ("slowdown-matrix-objects", "slowdown"),
        ("winner-map-arrays", "choosing"),
        ("throughput-roofline-spin", "streaming"),
        ("stability", "diagnostics"),
        ("something-new", "diagnostics"),
        ("slowdown", "diagnostics"),
    ],
)
def test_charts_stand_under_the_heading_of_their_question(chart: str, heading: str) -> None:
    assert heading_of(chart).id == heading


def test_every_chart_has_a_heading_and_no_id_twice() -> None:
    named = {name for heading in HEADINGS for name in heading.charts}
    assert {chart.id for chart in CHARTS} <= named, f"it would stand under {LAST.title}"
    assert not named & {heading.id for heading in HEADINGS}


def test_the_badge_says_how_many_numbers_are_doubtful() -> None:
    cases = [Case("ping-pong", name, 64) for name in ("pipe", "queue")]
    result = make_result(cases, 3, notes={cases[0].id: ["noisy"]}, verdicts={cases[1].id: ("failed", "why")})
    assert badge(study(result)) == [("measured", 1), ("of them doubtful", 1), ("failed", 1)]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("12.3 µs (11.9–12.8 µs)", 12.3e-6),
        ("≈ 1.05×", 1.05),
        ("1,152×", 1152),
        ("150k×", 150_000),
        ("16,385 B", 16385),
        ("64 KiB, 4 workers", 65536),
        ("1.25 GiB/s", 1.25 * 2**30),
        ("7.30 k/s", 7300),
        ("3", 3),
    ],
)
def test_a_cell_is_sorted_by_the_number_it_begins_with(cell: str, value: float) -> None:
    assert float(sort_value(cell)) == pytest.approx(value)


@pytest.mark.parametrize("cell", ["", "pipe", "3.11.7", "2w", "not run", "10things", "ping-pong/pipe/64B/1w"])
def test_other_cells_are_sorted_as_text(cell: str) -> None:
    assert sort_value(cell) == ""


@example(10.5, format_ratio)
@given(st.floats(1, 1e9), st.sampled_from([format_time, format_rate, format_bandwidth, format_ratio, format_size]))
def test_what_the_report_writes_is_read_back_as_a_number(number: float, write_it: object) -> None:
    text = write_it(number)  # type: ignore[operator]
    assert sort_value(text), text
    lost = 0.05 if write_it is format_ratio else 0.006  # ratios have two digits, and halves are rounded to even
    assert float(sort_value(text)) == pytest.approx(number, rel=lost)


def test_an_exact_value_goes_before_the_text_and_a_missing_one_is_none() -> None:
    assert sort_value("12.3 µs", 1.2345678e-05) == "1.234568e-05"
    assert sort_value("failed", float("nan")) == ""


def test_the_table_of_all_cases_is_sorted_by_exact_values() -> None:
    cases = [Case("ping-pong", name, 64) for name in ("pipe", "queue")]
    summary = study(make_result(cases, 3, verdicts={cases[1].id: ("failed", "why")})).summary
    rows = marked(exact(summary, "All"), ["pipe", "queue"])
    assert float(rows[0].values[1]) == pytest.approx(float(summary["seconds"].iloc[0]), rel=1e-6)
    assert rows[1].values[1] == ""
    assert [row.mechanism for row in rows] == ["pipe", "queue"]


def test_a_row_is_about_the_mechanism_that_stands_in_it() -> None:
    names = {"pipe", "os-pipe", "queue"}
    assert mechanism_of(["ping-pong/os-pipe/64B/1w", "12 µs"], names) == "os-pipe"
    assert mechanism_of(["64 B", "queue"], names) == "queue"
    assert mechanism_of(["pipe, closed, 64 B"], names) == "pipe"
    assert mechanism_of(["queue (spins)", "pipe"], names) == "queue"
    assert mechanism_of(["a pipeline", "1", "2", "3", "pipe"], names) == ""


def need(table: Table, words: str) -> list[str]:
    (row,) = [row for row in table.rows if row[0].startswith(words)]
    return row


@pytest.fixture(scope="module")
def choosing() -> Table:
    return by_need(study(load(RESULTS / "choosing.json.gz")))


def test_each_need_is_answered_by_one_that_can(choosing: Table) -> None:
    assert need(choosing, "Also between hosts")[1] in ("tcp", "tcp-nodelay", "listener-tcp", "manager-tcp")
    assert need(choosing, "The payload is read in place")[1] == "shared-memory-view"
    assert need(choosing, "A receiver notices")[1] not in ("shared-memory", "queue", "array", "raw-array")
    assert need(choosing, "Many senders")[1] in ("queue", "simple-queue", "joinable-queue")
    assert need(choosing, "The fastest of all")[1] == "shared-memory-spin (spins)"


def test_an_answer_says_at_what_it_was_measured_and_how_fast_it_is(choosing: Table) -> None:
    _, _, time, where, *_ = need(choosing, "A counter that many increase")
    assert re.fullmatch(r"counter, 8 B, \d+ workers?", where)
    assert re.fullmatch(r"[\d.]+ [nµm]s \(.*–.*\)", time)


def test_a_need_that_no_case_answers_says_so() -> None:
    table = by_need(study(make_result([Case("ping-pong", "pipe", 64)], 3)))
    row = need(table, "Also between hosts")
    assert row[1] == "none measured in this run"
    place = table.rows.index(row)
    assert (place, 1) in table.muted
    assert (place, 1) not in table.strong


def test_the_fastest_at_every_size_and_number_of_workers_is_one_row() -> None:
    cases = [
        Case("task-queue", name, size, workers)
        for name in ("queue", "pipe")
        for size in (64, 65536)
        for workers in (1, 4)
    ]
    table = at_a_glance(study(make_result(cases, 3)))
    assert table is not None
    assert [(row[1], row[2]) for row in table.rows] == [("64 B", "1"), ("64 B", "4"), ("64 KiB", "1"), ("64 KiB", "4")]
    assert all(row[0] == "task-queue" for row in table.rows)
    assert "one task and its result (task-queue)" in table.caption


def test_without_a_number_there_is_nothing_to_take() -> None:
    cases = [Case("ping-pong", "pipe", 64)]
    assert at_a_glance(study(make_result(cases, 3, verdicts={cases[0].id: ("failed", "why")}))) is None
