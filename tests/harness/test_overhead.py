"""benchmarks/harness/overhead.py: every mechanism has a bare loop or a reason, and no loop moves a wrong message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Finished, environment, python
from paths import HARNESS

from ipcbench.measure.registry import load_mechanism, mechanism_names

SHORT = ("--pairs", "1", "--seconds", "0.0001")

pytestmark = pytest.mark.skipif(not HARNESS.exists(), reason="there is no source tree with the harness")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The figures of one short run over all mechanisms; it fails if a turn of a bare loop is not verified."""
    folder = tmp_path_factory.mktemp("overhead")
    done = python(str(HARNESS / "overhead.py"), *SHORT, "--json", str(folder / "ratios.json"), cwd=folder)
    assert done.code == 0, done.err
    return json.loads((folder / "ratios.json").read_text())  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", mechanism_names())
def test_every_mechanism_is_compared_or_says_why_not(walk: dict[str, dict[str, Any]], name: str) -> None:
    compared = {label.split()[0] for label in walk["reported / bare"]}
    assert (name in compared) != (name in walk["skipped"])


def test_a_loop_is_there_for_every_mechanism_that_exists_here(walk: dict[str, dict[str, Any]]) -> None:
    lacking = [name for name, reason in walk["skipped"].items() if "no loop" in reason]
    assert not [name for name in lacking if not load_mechanism(name).missing()]


def _measure_with(piece: int, text: str, folder: Path) -> Finished:
    """Measure shared-memory after a part of its loop is replaced."""
    return python(
        "-c",
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import bare, overhead\n"
        "pieces = list(bare.CHANNELS['shared-memory'])\n"
        f"pieces[{piece}] = {text!r}\n"
        "bare.CHANNELS['shared-memory'] = tuple(pieces)\n"
        "(case,) = overhead.comparisons(overhead.load_mechanism('shared-memory'))\n"
        "overhead.measure(case, 1, 0.0001)",
        str(HARNESS),
        cwd=folder,
        env=environment(PYTHONWARNINGS="ignore"),  # what a failed measurement leaves is not the point
    )


@pytest.mark.parametrize(
    ("piece", "text"),
    [
        (1, "wait_free(); post_full()"),
        (2, "wait_full(); m = bytes(old[8:72]); post_free()"),
    ],
    ids=["nothing is sent", "always the first slot"],
)
def test_a_loop_that_moves_the_wrong_message_is_found(tmp_path: Path, piece: int, text: str) -> None:
    done = _measure_with(piece, text, tmp_path)
    assert done.code == 1
    assert "Unverified" in done.err
