"""The newest run is the one that began last, whatever the dates of the files say."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import make_cases, make_result

from ipcbench.report import write
from ipcbench.report.embed.pages import find_report
from ipcbench.results.folder import newest, results_in, started_of
from ipcbench.results.store import save

CASES = make_cases((64,), ["queue"])


def saved(folder: Path, name: str, started: str) -> Path:
    result = make_result(CASES, rounds=2)
    result.ipcbench.started = started
    result.ipcbench.repeats[0].started = started
    path = folder / f"{name}.json"
    save(result, path, replace=False)
    return path


def test_the_run_that_began_last_is_the_newest_although_its_file_is_the_oldest(tmp_path: Path) -> None:
    saved(tmp_path, "a", "2025-03-01T10:00:00+00:00")
    last = saved(tmp_path, "b", "2025-03-02T10:00:00+00:00")
    saved(tmp_path, "c", "2025-03-01T23:00:00+00:00")
    os.utime(last, (1, 1))
    assert newest(results_in(tmp_path)) == last


def test_a_gzip_file_counts_like_the_one_inside(tmp_path: Path) -> None:
    saved(tmp_path, "a", "2025-03-01T10:00:00+00:00")
    plain = saved(tmp_path, "b", "2025-03-02T10:00:00+00:00")
    packed = tmp_path / "b.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert newest(results_in(tmp_path)) == packed


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"benchmarks": []}', b'{"ipcbench": {"started": 5}}', b"\xff"])
def test_a_file_without_a_run_is_never_the_newest(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "z.json"
    other.write_bytes(content)
    assert newest([other]) is None
    assert started_of(other) is None
    run = saved(tmp_path, "a", "2025-03-01T10:00:00+00:00")
    assert newest(results_in(tmp_path)) == run


def test_of_runs_that_began_together_the_last_by_name_is_the_newest(tmp_path: Path) -> None:
    when = "2025-03-01T10:00:00+00:00"
    paths = [saved(tmp_path, name, when) for name in "bca"]
    assert newest(paths) == tmp_path / "c.json"


def test_the_newest_report_is_that_of_the_run_that_began_last_in_any_time_zone(tmp_path: Path) -> None:
    for name, started in (("one", "2025-03-02T00:30:00+02:00"), ("two", "2025-03-01T23:00:00+00:00")):
        result = make_result(CASES, rounds=2, label=name)
        result.ipcbench.started = started
        write(result, tmp_path / name)
    assert find_report("", tmp_path, tmp_path) == tmp_path / "two"


@settings(max_examples=200)
@given(
    st.lists(
        st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30)).flatmap(
            lambda moment: st.integers(-23, 23).map(
                lambda hours: moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
            )
        ),
        min_size=1,
        max_size=6,
    )
)
def test_the_newest_is_the_latest_moment_however_it_is_written(moments: list[datetime]) -> None:
    by_path = {Path(f"{number}.json"): moment for number, moment in enumerate(moments)}
    found = newest(by_path, lambda path: by_path[path].isoformat())
    assert found is not None
    assert by_path[found] == max(moments)
