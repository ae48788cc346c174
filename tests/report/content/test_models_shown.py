"""Models, crossovers and flags as the report shows them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from synthetic import make_cases, make_result, model_seconds

from ipcbench.model import Case
from ipcbench.report import write
from ipcbench.report.content.models import models
from ipcbench.report.content.rows import exact
from ipcbench.report.content.study import study
from ipcbench.results.schema import ResultFile


def bent(case: Case) -> float:
    return 0.05 if case.mechanism == "queue" and case.size == 4096 else model_seconds(case)


def drifting() -> ResultFile:
    """One case of which every second round is slow, and one that becomes slower."""
    result = make_result([Case("ping-pong", name, 64) for name in ("pipe", "queue", "array")], 10)
    for number, (one, other) in enumerate(zip(result.benchmarks[0].runs, result.benchmarks[1].runs, strict=True)):
        one.values = [value * (1.5 if number % 2 else 1.0) for value in one.values]
        other.values = [value * 1.05**number for value in other.values]
    return result


def test_start_up_bandwidth_and_half_bandwidth_size_come_back_with_intervals() -> None:
    cases = [Case("ping-pong", name, size) for name in ("pipe", "array") for size in (64, 4096, 65_536, 2**20)]
    (table, *_) = models(study(make_result(cases, 6, noise=0.001)))
    assert table.caption.startswith("Models: time = start-up + size / bandwidth")
    rows = {row[0]: row[1:] for row in table.rows}
    # 50 µs and twice the size over 0.6 GB/s: 300 MB/s for the payload, half of it at 50 µs · 300 MB/s = 15 kB
    assert rows["ping-pong/pipe"][0].startswith(("50.0 µs (", "49.9 µs (", "50.1 µs ("))
    assert rows["ping-pong/pipe"][1].startswith(("286 MiB/s (", "287 MiB/s (", "285 MiB/s ("))
    assert rows["ping-pong/pipe"][2].startswith("14.6 KiB (") or rows["ping-pong/pipe"][2].startswith("15,")
    assert " No model fits" not in table.caption


def test_what_does_not_fit_is_named_in_one_line_and_has_no_row() -> None:
    cases = [Case("ping-pong", name, size) for name in ("pipe", "queue") for size in (64, 4096, 65_536, 2**20)]
    (table, *_) = models(study(make_result(cases, 6, seconds=bent)))
    assert [row[0] for row in table.rows] == ["ping-pong/pipe"]
    assert table.caption.endswith(" No model fits: ping-pong/queue.")


def test_three_sizes_make_no_model() -> None:
    assert models(study(make_result([Case("ping-pong", "pipe", size) for size in (64, 4096, 65_536)], 6))) == []


def test_a_crossover_of_two_winners_is_told_with_its_interval() -> None:
    # 50 µs + 2 s / 0.6 GB/s against 53 µs + 2 s / 3.1 GB/s: they meet at 3 µs / (1 / 300 - 1 / 1550) ns = 1.1 kB
    cases = [Case("ping-pong", name, size) for name in ("pipe", "array") for size in (64, 512, 4096, 65_536)]
    tables = models(study(make_result(cases, 8, noise=0.002)))
    (table,) = (table for table in tables if table.caption.startswith("Crossovers"))
    assert [row[:2] for row in table.rows] == [["ping-pong/pipe", "array"]]
    assert "(" in table.rows[0][2]


def test_scaling_is_shown_for_four_counts_of_workers() -> None:
    cases = [Case("counter", "value", 8, count) for count in (1, 2, 4, 8)]
    (table,) = models(study(make_result(cases, 6, noise=0.001)))
    assert table.caption.startswith("Scaling: ")
    assert table.rows[0][0] == "counter/value, 8 B"
    assert models(study(make_result(cases[:3], 6))) == []


def test_the_page_shows_models_inside_details_and_the_summary_leaves_them_out(tmp_path: Path) -> None:
    result = make_result(rounds=6)
    text = write(result, tmp_path).read_text()
    tables = models(study(result))
    assert len(tables) >= 2
    for table in tables:
        folded = text[text.index(f"<details><summary>{table.topic}</summary>") :].partition("</details>")[0]
        assert folded.count("<table") == 1
        assert table.header[1] in folded
    assert "Half-bandwidth size" not in (tmp_path / "summary.md").read_text()


def test_flags_are_notes_in_the_exact_table_and_columns_of_the_csv(tmp_path: Path) -> None:
    result = drifting()
    about = study(result)
    notes = {row[0]: row[-1] for row in exact(about.summary, "").rows}
    assert "two groups of visits, 1.4" in notes["ping-pong/pipe/64B/1w"]
    assert notes["ping-pong/queue/64B/1w"].startswith("slower by ")
    assert notes["ping-pong/array/64B/1w"] == ""
    write(result, tmp_path)
    table = pd.read_csv(tmp_path / "cases.csv", index_col="case")
    assert table["modes"].tolist() == [2, 1, 1]
    assert table["drift"]["ping-pong/queue/64B/1w"] == pytest.approx(1.05**9 - 1, rel=0.1)
    assert table["drift"].isna().tolist() == [True, False, True]


def test_too_few_rounds_leave_the_flags_empty(tmp_path: Path) -> None:
    write(make_result(make_cases([64], ["pipe"]), 3), tmp_path)
    table = pd.read_csv(tmp_path / "cases.csv")
    assert table["modes"].isna().all()
    assert table["drift"].isna().all()
