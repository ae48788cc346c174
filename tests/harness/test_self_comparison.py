"""benchmarks/harness/aa.py and power.py: two small runs of twins, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import python
from paths import HARNESS

from ipcbench.results.schema import CaseRecord
from ipcbench.results.store import load

CASES = ("ping-pong/pipe/64B/1w", "counter/value/8B/2w")

pytestmark = pytest.mark.skipif(not HARNESS.exists(), reason="there is no source tree with the harness")


@pytest.mark.full
@pytest.mark.slow
def test_every_case_and_its_twin_are_compared_inside_a_run_and_between_two(tmp_path: Path) -> None:
    chosen = [word for case in CASES for word in ("--case", case)]
    words = ["--rounds", "3", "--folder", str(tmp_path), "--json", str(tmp_path / "found.json")]
    done = python(str(HARNESS / "aa.py"), *words, *chosen, cwd=tmp_path)
    assert done.code == 0, done.err
    found = _figures(tmp_path / "found.json")
    assert (found["rounds"], found["cases inside a run"], found["cases between two files"]) == (3, 4, 4)
    assert {case.id.removesuffix(f"/{twin}") for case, twin in _twins(tmp_path / "twins-1.json")} == set(CASES)
    done = python(str(HARNESS / "power.py"), *words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert 0 <= _figures(tmp_path / "found.json")["10 % slower found inside a run"] <= 1


def _figures(path: Path) -> dict[str, float]:
    return {figure["name"]: figure["value"] for figure in json.loads(path.read_text())["figures"]}


def _twins(path: Path) -> list[tuple[CaseRecord, str]]:
    record = load(path).ipcbench
    [twin] = record.pythons
    return [(case, twin.tag) for case in record.cases if case.id.endswith(twin.tag)]
