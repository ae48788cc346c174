"""From which work on it pays: the chart and the remark, over runs whose times are made up and known."""

from __future__ import annotations

import pytest
from diagnostic_runs import with_work, worked

from ipcbench.model import Case
from ipcbench.report.charts.break_even import CHART
from ipcbench.report.content.study import Study, study


@pytest.fixture(scope="module")
def about() -> Study:
    return study(worked())


def test_a_mechanism_pays_from_the_least_work_from_which_it_is_surely_faster(about: Study) -> None:
    assert not CHART.lacks(about)
    table = CHART.table(about)
    assert set(table["mechanism"]) == {"queue", "pipe", "array"}
    pays = table.drop_duplicates("mechanism").set_index("mechanism")["pays"]
    assert (pays["pipe"], pays["queue"]) == (1e-4, 1e-3)  # at 10 µs the pipe is as fast as the loop
    assert pays["array"] != pays["array"]
    known = table[(table["mechanism"] == "queue") & (table["work"] == 1e-3)].iloc[0]
    assert known["gain"] == pytest.approx(1e-3 / 650e-6, rel=0.05)
    assert known["gain_low"] < known["gain"] < known["gain_high"]


def test_alt_text_table_and_remark_say_the_same(about: Study) -> None:
    table = CHART.table(about)
    alt = CHART.alt(table)
    assert alt.startswith("With 2 workers pipe is faster than a plain loop from 100 µs of work on, at most 1.9")
    assert CHART.details
    assert len(CHART.details(table, "").rows) == 9
    (said,) = [text for text in about.remarks if "plain loop" in text]
    assert said.startswith(
        "tasks:map on 2 workers is faster than a plain loop, by the work for each message: pipe from 100 µs on (1.8"
    )
    assert "array with no work up to 1.00 ms" in said


@pytest.mark.parametrize(
    "chosen",
    [with_work("queue", "pipe"), [*with_work("queue")[:1], *with_work("serial")], with_work("serial")],
    ids=["no loop", "one amount", "the loop alone"],
)
def test_without_a_loop_or_a_second_amount_of_work_there_is_no_chart(chosen: list[Case]) -> None:
    assert "needs two amounts of --work" in CHART.lacks(study(worked(chosen)))
