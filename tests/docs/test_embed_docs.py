"""Charts in documents are fresh, and the commands of docs/embedding.md work."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from commands import run
from paths import ROOT
from synthetic import make_cases, make_result

from ipcbench.report import write
from ipcbench.results import store

EMBEDDING = ROOT / "docs" / "embedding.md"
_SHELL = re.compile(r"^```sh\n((?s:.*?))^```$", re.MULTILINE)
_MARKERS = re.compile(r"<!-- ipcbench:begin [^\n]*-->\n<!-- ipcbench:end -->\n")

pytestmark = pytest.mark.skipif(not EMBEDDING.exists(), reason="there is no source tree with documents")


def showing() -> list[str]:
    """Return the documents that show charts."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [str(page.relative_to(ROOT)) for page in pages if re.search(r"^<picture>", _plain(page), re.MULTILINE)]


def _plain(page: Path) -> str:
    return re.sub(r"^(```+)(?s:.*?)^\1$", "", page.read_text(), flags=re.MULTILINE)


def test_every_chart_of_a_document_is_fresh_and_stands_between_markers() -> None:
    pages = showing()
    assert "README.md" in pages
    done = run("embed", "--check", *pages, cwd=ROOT)
    assert (done.code, done.err) == (0, ""), done.out
    for page in pages:
        text = _plain(ROOT / page)
        assert text.count("<picture>") == text.count("<!-- ipcbench:begin "), page


@pytest.mark.full
def test_what_the_document_tells_to_type_works(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    store.save(make_result(make_cases(sizes=[8, 64]), 3), tmp_path / "results" / "laptop.json", replace=False)
    text = EMBEDDING.read_text()
    (markers,) = _MARKERS.findall(text)
    (tmp_path / "README.md").write_text(f"# Mine\n\n{markers}")
    lines = [line for block in _SHELL.findall(text) for line in block.splitlines()]
    assert len(lines) >= 12
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "ipcbench"
        done = run(*words, cwd=tmp_path)
        assert done.code == 0, (line, done.err)
    assert "<picture>" in (tmp_path / "README.md").read_text()


def test_the_snippets_of_the_document_are_what_is_printed(tmp_path: Path) -> None:
    """The document omits alternative texts and captions, and its widths are those of another run."""
    shutil.copytree(ROOT / "reports" / "reference", tmp_path / "reports" / "laptop")
    text = EMBEDDING.read_text()
    shown = re.findall(r"^```sh\n(ipcbench embed .*)\n```\n\n```(?:html|rst)\n((?s:.*?))^```$", text, re.MULTILINE)
    assert len(shown) >= 4
    for line, expected in shown:
        assert _bare(expected) == _bare(run(*shlex.split(line)[1:], cwd=tmp_path).out), line


def test_the_document_names_every_key_of_the_manifest(tmp_path: Path) -> None:
    write(make_result(make_cases(sizes=[64], mechanisms=["pipe", "queue"]), 3), tmp_path)
    document = json.loads((tmp_path / "manifest.json").read_text())
    entry = next(chart for chart in document["charts"].values() if chart["available"])
    text = EMBEDDING.read_text().partition("| key | content |")[2]
    named = []
    for first, about in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|$", text, re.MULTILINE):
        names = re.findall(r"`([^`]*)`", first)
        prefix = "charts.ID." if names[0].startswith("charts.ID.") else ""
        named += [prefix + name.removeprefix(prefix) for name in names]
        if names[0] in ("charts.ID.files", "charts.ID.sha256"):
            parts = [name for name in re.findall(r"`([^`]*)`", about)]
            assert sorted(entry[names[0].rpartition(".")[2]]) == sorted(parts), names[0]
    assert sorted(named) == sorted([*(set(document) - {"charts"}), *(f"charts.ID.{key}" for key in entry)])


def _bare(snippet: str) -> str:
    snippet = re.sub(r'alt="[^"]*"|!\[[^\]]*\]|<figcaption>[^<]*', "…", snippet)
    return re.sub(r'width="\d+"', "width", snippet)
