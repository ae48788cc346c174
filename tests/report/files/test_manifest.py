"""What a report says it holds: complete, the same each time, and read with suspicion; and which files it removes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from commands import complaint
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT
from synthetic import make_cases, make_result

from ipcbench.errors import NotAReport, ResultError, UnknownName
from ipcbench.model import Case
from ipcbench.report import write
from ipcbench.report.charts import CHARTS
from ipcbench.report.content.words import shortened
from ipcbench.report.files.manifest import LONGEST_ALT, NAME, encode, load_manifest

SMALL = make_result(make_cases(sizes=[8, 64]), 3, notes={"ping-pong/pipe/64B/1w": ["noisy"]})
SOURCE = ("laptop.json.gz", "0" * 64)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifest") / "laptop"
    write(SMALL, folder, SOURCE)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return shutil.copytree(made, tmp_path / "laptop")


def test_every_chart_has_an_entry_with_its_files_and_their_digests(made: Path) -> None:
    manifest = load_manifest(made)
    assert {chart.id for chart in CHARTS} <= set(manifest.charts)
    drawn = [entry for entry in manifest.charts.values() if entry.available]
    assert len(drawn) >= 8
    assert {path.name for path in (made / "charts").glob("*.csv")} == {
        f"{id_}.csv" for id_, entry in manifest.charts.items() if entry.available
    }
    assert all(entry.reason for entry in manifest.charts.values() if not entry.available)
    for entry in drawn:
        assert entry.files is not None
        assert entry.sha256 is not None
        for name in ("light", "dark", "csv"):
            content = (made / getattr(entry.files, name)).read_bytes()
            assert hashlib.sha256(content).hexdigest() == getattr(entry.sha256, name)
        assert (made / entry.files.png).is_file()
        size = re.search(rb'width="([\d.]+)(pt|px)?"', (made / entry.files.light).read_bytes())
        assert size
        assert entry.width == pytest.approx(float(size[1]) * (96 / 72 if size[2] == b"pt" else 1), abs=1)
    assert (manifest.result, manifest.digest, manifest.label) == (*SOURCE, "laptop")
    assert manifest.counts["ok"] == len(make_cases(sizes=[8, 64]))
    assert manifest.counts["doubtful"] == 1
    assert manifest.charts["slowdown-matrix"].class_ == "bytes/blocking"


def test_the_manifest_is_sorted_and_names_no_place_and_no_moment(made: Path, tmp_path: Path) -> None:
    text = (made / NAME).read_text()
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert str(made.parent) not in text
    write(SMALL, tmp_path / "elsewhere", SOURCE)
    assert (tmp_path / "elsewhere" / NAME).read_text() == text


def test_a_chart_that_is_not_drawn_says_why(tmp_path: Path) -> None:
    write(make_result([Case("ping-pong", "pipe", 64)], 3), tmp_path)
    entry = load_manifest(tmp_path).charts["throughput-roofline"]
    assert (entry.available, entry.files, entry.sha256) == (False, None, None)
    assert "no stream case" in entry.reason
    with pytest.raises(NotAReport, match=r"'throughput-roofline' was not drawn: This run has no stream case"):
        load_manifest(tmp_path).chart("throughput-roofline")
    with pytest.raises(UnknownName, match=r"slowdown-matrix, .*throughput-roofline \(not drawn: "):
        load_manifest(tmp_path).chart("nothing")


@pytest.mark.parametrize("path", sorted(ROOT.glob(f"reports/*/{NAME}")), ids=lambda path: path.parent.name)
def test_charts_of_real_reports_say_their_finding_in_few_words(path: Path) -> None:
    entries = {id_: entry for id_, entry in load_manifest(path.parent).charts.items() if entry.available}
    assert entries
    for id_, entry in entries.items():
        assert 40 <= len(entry.alt) <= LONGEST_ALT, id_
        assert re.search(r"\d", entry.alt), id_
        assert len(entry.long_desc) > len(entry.alt), id_
        names = set(re.findall(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", entry.long_desc))
        assert names & set(re.findall(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", entry.alt)), id_


@given(st.text(st.sampled_from("ab1 .;,×"), max_size=400), st.integers(20, 150))
def test_a_shortened_text_fits_and_begins_as_the_whole_does(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert text.startswith(short[:-1])


def test_a_finding_that_is_too_long_loses_whole_sentences_first() -> None:
    text = "Matrix of 20 mechanisms. At 8 B pipe is best with 4 µs; queue takes 4× as long. And so on, for many words."
    assert shortened(text, 90) == "Matrix of 20 mechanisms. At 8 B pipe is best with 4 µs; queue takes 4× as long."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file, so this is no report"),
        ("", "damaged"),
        ("[1]", "a manifest of something else"),
        ('{"name": "app", "icons": []}', "a manifest of something else"),
        ('{"schema": 2, "ipcbench": "9", "charts": {}}', "made by a newer ipcbench (schema 2, this one reads 1)"),
        ('{"schema": 1, "ipcbench": "0", "charts": {}}', "damaged: Object missing required field"),
        ('{"schema": true, "ipcbench": "0", "charts": {}}', "a manifest of something else"),
        ("[" * 100_000, "damaged"),
    ],
)
def test_what_is_no_manifest_is_one_line(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / NAME).write_text(content)
    text = complaint(NotAReport, lambda: load_manifest(tmp_path))
    assert text is not None
    assert said in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("key", "value"),
    [("light", "../../etc/passwd"), ("light", "/etc/passwd"), ("dark", "charts/../../x.svg"), ("csv", "c/.hidden")],
)
def test_a_manifest_cannot_name_a_file_outside_of_its_folder(folder: Path, key: str, value: str) -> None:
    document = json.loads((folder / NAME).read_text())
    document["charts"]["scaling"]["files"][key] = value
    (folder / NAME).write_text(json.dumps(document))
    assert "damaged" in (complaint(NotAReport, lambda: load_manifest(folder)) or "")


def test_further_keys_of_the_same_schema_are_read_over(folder: Path) -> None:
    document = json.loads((folder / NAME).read_text())
    document["later"] = document["charts"]["scaling"]["later"] = 1
    (folder / NAME).write_text(json.dumps(document))
    assert encode(load_manifest(folder)) != b""


def test_only_own_and_unchanged_charts_of_an_earlier_report_are_removed(folder: Path) -> None:
    charts = folder / "charts"
    (charts / "throughput-roofline-light.svg").write_text("edited by somebody")
    others = [folder / "notes.txt", charts / "my-own.svg", charts / "winner-map.csv", folder / "charts2" / "x"]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    write(make_result([Case("ping-pong", "pipe", 64), Case("ping-pong", "pipe", 8)], 3), folder, SOURCE)
    left = {path.name for path in charts.iterdir()}
    assert {name for name in left if name.startswith("throughput")} == {
        "throughput-roofline-light.svg",
        "throughput-roofline.png",
    }
    assert not [name for name in left if name.startswith(("scaling", "state-operations"))]
    assert "latency-grid.csv" in left
    assert all(path.read_text() == "mine" for path in others)


def test_the_manifest_of_something_else_is_not_overwritten_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"name": "my app"}')
    with pytest.raises(ResultError, match="a manifest of something else"):
        write(SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("name", ["summary.md", "report.html", "cases.csv", "charts/winner-map-light.svg"])
def test_a_file_of_somebody_else_is_not_replaced(name: str, tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / name).write_text("mine")
    with pytest.raises(ResultError, match="is not of a report, and would be replaced"):
        write(make_result(make_cases([8, 64], ["pipe", "queue"]), 3), tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_report_that_was_cut_off_before_its_manifest_is_made_again(tmp_path: Path) -> None:
    result = make_result([Case("ping-pong", "pipe", 64)], 3)
    write(result, tmp_path)
    (tmp_path / "manifest.json").unlink()
    write(result, tmp_path)
    assert (tmp_path / "manifest.json").exists()
