"""Folders of the source tree that tests read."""

from __future__ import annotations

from pathlib import Path

SUPPORT = Path(__file__).parent
TESTS = SUPPORT.parent
ROOT = TESTS.parent
GOLDEN = TESTS / "golden"
HARNESS = ROOT / "benchmarks" / "harness"
RESULTS = ROOT / "results"
