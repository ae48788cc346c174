"""benchmarks/harness/scenarios.py: what it reads, what it calls another order, and the table of the committed run."""

from __future__ import annotations

import importlib.util
import json
from types import ModuleType
from typing import Any

import pytest
from paths import HARNESS, ROOT

EXAMPLES = ROOT / "examples" / "scenarios"
RECORDED = EXAMPLES / "agreement.json"

pytestmark = pytest.mark.skipif(not HARNESS.exists(), reason="there is no source tree with the harness")


@pytest.fixture(scope="module")
def scenarios() -> ModuleType:
    spec = importlib.util.spec_from_file_location("harness_scenarios", HARNESS / "scenarios.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def found(**changed: Any) -> dict[str, Any]:
    program = {"pipe": [0.010, 0.011], "queue": [0.020, 0.021]}
    known = {"by": "time", "values": {"pipe": 0.01, "queue": 0.03}, "tied": ["pipe"], "loop": None, "program": program}
    return known | changed


def test_every_example_has_a_program_for_mechanisms_that_it_names(scenarios: ModuleType) -> None:
    for path in EXAMPLES.glob("*.toml"):
        names = scenarios.mechanisms_of(path.stem)
        assert len(names) > 1
        assert all(f'"{name}"' in path.read_text() for name in names if name != "serial")


def test_the_same_order_agrees_and_an_opposite_one_does_not(scenarios: ModuleType) -> None:
    assert scenarios.disagreements(found()) == []
    assert scenarios.disagreements(found(values={"pipe": 0.03, "queue": 0.01}, tied=["queue"])) == ["pipe and queue"]


def test_what_either_side_cannot_tell_apart_agrees(scenarios: ModuleType) -> None:
    opposite = {"pipe": 0.03, "queue": 0.01}
    assert scenarios.disagreements(found(values=opposite, tied=["pipe", "queue"])) == []
    overlapping = {"pipe": [0.010, 0.021], "queue": [0.020, 0.030]}
    assert scenarios.disagreements(found(values=opposite, tied=["queue"], program=overlapping)) == []


def test_a_plain_loop_is_compared_by_time_only(scenarios: ModuleType) -> None:
    program = {"pipe": [0.010], "serial": [0.005]}
    assert scenarios.disagreements(found(loop=0.02, program=program)) == ["pipe and serial"]
    assert scenarios.disagreements(found(loop=0.02, program=program, by="p99")) == []


def test_the_committed_run_agrees_and_the_page_shows_its_table(scenarios: ModuleType) -> None:
    outcomes = json.loads(RECORDED.read_text())
    assert set(outcomes) == {path.stem for path in EXAMPLES.glob("*.toml")}
    assert [scenarios.disagreements(each) for each in outcomes.values()] == [[]] * len(outcomes)
    assert scenarios.table(outcomes) in (ROOT / "docs" / "your-workload.md").read_text()
