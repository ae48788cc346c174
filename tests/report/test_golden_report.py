"""A small report that is kept: tables, manifest and pictures, byte for byte, so that a change of any is looked at.

Made anew by `ipcbench report tests/golden/report-small/small.json --out tests/golden/report-small`; kept are cases.csv,
manifest.json, the CSVs and the SVGs.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import matplotlib
import msgspec
import pytest
from paths import GOLDEN

from ipcbench.report import write
from ipcbench.report.files.manifest import NAME, load_manifest
from ipcbench.results.store import load

KEPT = GOLDEN / "report-small"
MOST_CHANGED = 0.01  # of the lines another version of matplotlib may draw otherwise, as one taken away and one added


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden") / "report"
    result = load(KEPT / "small.json")
    write(result, folder, ("small.json", result.ipcbench.digest))
    return folder


def test_every_table_is_the_kept_one_byte_for_byte(made: Path) -> None:
    names = {path.relative_to(KEPT).as_posix() for path in KEPT.rglob("*.csv")}
    assert names == {path.relative_to(made).as_posix() for path in made.rglob("*.csv")}
    for name in names:
        assert (made / name).read_bytes() == (KEPT / name).read_bytes(), name


def test_the_manifest_is_the_kept_one_but_for_what_renders(made: Path) -> None:
    assert _words(made / NAME) == _words(KEPT / NAME)


def test_every_picture_is_the_kept_one(made: Path) -> None:
    names = {path.relative_to(KEPT).as_posix() for path in KEPT.rglob("*.svg")}
    assert names == {path.relative_to(made).as_posix() for path in made.rglob("*.svg")}
    same = load_manifest(KEPT).matplotlib == matplotlib.__version__
    changed = lines = 0
    for name in sorted(names):
        kept, drawn = ((folder / name).read_text().splitlines() for folder in (KEPT, made))
        lines += len(kept)
        changed += sum(line[0] in "+-" for line in difflib.ndiff(kept, drawn) if line[0] != " ")
    assert changed <= (0 if same else 2 * MOST_CHANGED * lines), f"{changed} lines of {lines} differ"


def _words(path: Path) -> dict[str, Any]:
    """A manifest without what another version of matplotlib or of ipcbench makes different."""
    document: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    del document["matplotlib"], document["ipcbench"]
    for entry in document["charts"].values():
        for theme in ("light", "dark"):
            entry["sha256"] = {name: digest for name, digest in (entry["sha256"] or {}).items() if name != theme}
    return document
