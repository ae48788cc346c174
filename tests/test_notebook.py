"""The public interface: tables, ratios and charts of a run, and an import that stays light."""

from __future__ import annotations

import copy
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from commands import python
from matplotlib.figure import Figure
from synthetic import make_cases, make_result

import ipcbench
from ipcbench.analysis.compare.columns import Projection, chosen, gather
from ipcbench.analysis.compare.contrast import contrast
from ipcbench.analysis.compare.side import side_of_result
from ipcbench.errors import ResultError, UnknownName
from ipcbench.report import headlines, write
from ipcbench.results import store

RESULT = make_result(make_cases(sizes=[8, 64], mechanisms=["pipe", "queue", "value"]), 3)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notebook") / "results" / "laptop.json"
    path.parent.mkdir()
    store.save(RESULT, path, replace=False)
    return path


@pytest.fixture(scope="module")
def run(path: Path) -> ipcbench.Run:
    return ipcbench.load(path)


def test_importing_the_package_loads_nothing_and_asking_for_load_does(tmp_path: Path) -> None:
    code = (
        "import sys, ipcbench\n"
        "heavy = {'pandas', 'matplotlib', 'msgspec', 'ipcbench.notebook'}\n"
        "assert {'load', 'ResultError'} <= set(dir(ipcbench)) and not heavy & set(sys.modules)\n"
        "ipcbench.ResultError\n"
        "assert not heavy & set(sys.modules)\n"
        "ipcbench.load\n"
        "assert heavy <= set(sys.modules)\n"
        "print(hasattr(ipcbench, 'nothing'))"
    )
    done = python("-c", code, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "False\n", "")


def test_a_label_is_found_in_results(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parents[1])
    assert repr(ipcbench.load("laptop")).startswith("<ipcbench run 'laptop': ")
    Path("laptop").mkdir(exist_ok=True)
    assert repr(ipcbench.load("laptop")).startswith("<ipcbench run 'laptop': "), "a folder of that name is no file"
    with pytest.raises(ResultError, match="server: no such file"):
        ipcbench.load("server")


def test_the_tables_have_every_case_and_every_value(run: ipcbench.Run) -> None:
    record = RESULT.ipcbench
    assert len(run.cases) == len(record.cases) + len(record.skips)
    assert len(run.visits) == sum(len(benchmark.runs) for benchmark in RESULT.benchmarks)
    values = run.values
    assert len(values) == sum(len(visit.values) for benchmark in RESULT.benchmarks for visit in benchmark.runs)
    assert list(values.columns) == ["case", "round", "value", "seconds", "turn"]
    assert values["turn"].isna().all()
    for table in ("cases", "visits"):
        changed = getattr(run, table)
        changed.loc[:, "seconds"] = 0.0
        assert (getattr(run, table)["seconds"] > 0).any(), f"a change of {table} changed the run"


def test_every_value_tells_the_place_of_its_turn(tmp_path: Path) -> None:
    result = copy.deepcopy(RESULT)
    for visit in result.ipcbench.visits:
        visit.turns = [5 * visit.round, 5 * visit.round + 3]
    store.save(result, tmp_path / "turns.json", replace=False)
    values = ipcbench.load(tmp_path / "turns.json").values
    second = values[(values["value"] == 2) & (values["round"] == 3)]
    assert len(second) > 1
    assert set(second["turn"]) == {18}


def test_a_ratio_is_paired_by_round_and_is_that_of_compare(run: ipcbench.Run) -> None:
    first, second = "ping-pong/queue/64B/1w", "ping-pong/pipe/64B/1w"
    found = run.ratio(first, second)
    assert found.low <= found.ratio <= found.high
    by_round = run.visits.pivot(index="round", columns="case", values="seconds")
    logs = np.log(by_round[first] / by_round[second])
    assert found.ratio == pytest.approx(np.exp(logs.mean())), "nothing is trimmed of 3 rounds"
    assert run.ratio(second, first).ratio == pytest.approx(1 / found.ratio)
    assert run.ratio(first, first).ratio == 1
    gathered = gather([side_of_result(RESULT)])
    projection = Projection("mechanism", filters=(("mechanism", ("pipe", "queue")),))
    table = contrast(gathered, chosen(gathered.cases, projection.filters), projection).table
    (row,) = table[table["row"] == "ping-pong/64B/1w"].itertuples()
    assert (row.ratio, row.low, row.high) == pytest.approx((found.ratio, found.low, found.high))


def test_an_interval_is_that_of_the_table(run: ipcbench.Run) -> None:
    case = "ping-pong/queue/64B/1w"
    row = run.cases.set_index("case").loc[case]
    assert run.interval(case) == (row["low"], row["high"])
    assert row["low"] <= row["seconds"] <= row["high"]


def test_a_case_that_is_unknown_or_has_no_number_is_refused_in_a_line(run: ipcbench.Run) -> None:
    known = "ping-pong/pipe/64B/1w"
    for ask in (run.interval, lambda case: run.ratio(case, known), lambda case: run.ratio(known, case)):
        with pytest.raises(UnknownName, match=r"unknown case 'ping-pong/pip/64B/1w': did you mean '.*pipe"):
            ask("ping-pong/pip/64B/1w")
    bad = "ping-pong/queue/64B/1w"
    spoilt = make_result(make_cases([64], ["pipe", "queue"]), 3, verdicts={bad: ("timed-out", "no reply")})
    with pytest.raises(ResultError, match=rf"^case '{bad}' has no number: timed-out: .*no reply") as raised:
        ipcbench.Run(spoilt).ratio(known, bad)
    assert isinstance(raised.value, ipcbench.ResultError)


def test_a_chart_shows_itself_in_every_form_as_the_report_has_it(run: ipcbench.Run, tmp_path: Path) -> None:
    write(RESULT, tmp_path)
    assert run.charts == [name.name[: -len(".csv")] for name in _in_order(run, tmp_path)]
    for chart in (run.chart("slowdown-matrix", "light"), run.chart("slowdown-matrix", "dark")):
        assert chart.svg == (tmp_path / "charts" / f"slowdown-matrix-{chart.theme}.svg").read_text()
    data, about = run.chart("slowdown-matrix")._repr_mimebundle_()
    assert about == {"image/svg+xml": {"isolated": True}}
    assert list(data) == ["image/svg+xml", "image/png", "text/markdown", "text/plain"]
    assert ElementTree.fromstring(data["image/svg+xml"]).tag.endswith("svg")
    assert data["image/png"].startswith(b"\x89PNG")
    assert "| Case | Median |" in data["text/markdown"]
    assert data["text/plain"] == run.chart("slowdown-matrix").alt
    only, about = run.chart("slowdown-matrix")._repr_mimebundle_(include=["text/plain"])
    assert (list(only), about) == (["text/plain"], {})


def _in_order(run: ipcbench.Run, folder: Path) -> list[Path]:
    return sorted((folder / "charts").glob("*.csv"), key=lambda path: run.charts.index(path.stem))


def test_a_chart_gives_its_figure_and_its_data(run: ipcbench.Run) -> None:
    chart = run.chart("slowdown-matrix")
    assert isinstance(chart.figure(), Figure)
    assert chart.figure() is not chart.figure()
    assert isinstance(chart.data, pd.DataFrame)
    assert set(chart.data["mechanism"]) == {"pipe", "queue", "value"}


def test_unknown_names_and_charts_without_data_are_told_in_a_line(run: ipcbench.Run) -> None:
    with pytest.raises(UnknownName, match=r"unknown chart 'slowdown': .*slowdown-matrix"):
        run.chart("slowdown")
    with pytest.raises(UnknownName, match="unknown theme 'grey'"):
        run.chart("slowdown-matrix", "grey")  # type: ignore[arg-type]
    lacking = ipcbench.Run(make_result(make_cases([64], ["pipe"])[:1], 3))
    with pytest.raises(ResultError, match="'throughput-roofline' cannot be drawn"):
        lacking.chart("throughput-roofline")


def test_the_run_shows_what_it_says(run: ipcbench.Run) -> None:
    for sentence in headlines(RESULT):
        assert sentence.split(" is fastest")[0] in run._repr_html_()
    assert run._repr_markdown_().startswith("- ")
