"""What documents say is true: quotes stand in their reports, links lead somewhere, lists are complete."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from commands import python
from paths import ROOT
from synthetic import make_cases, make_result

from ipcbench.measure.api.mechanism import FAMILIES
from ipcbench.notebook import Run
from ipcbench.plan import catalog
from ipcbench.plan.suites import SUITES

DOCS = ROOT / "docs"
_CODE = re.compile(r"^(```+)(?s:.*?)^\1$|`[^`\n]+`", re.MULTILINE)  # examples of pages of other projects
_SOURCE = re.compile(r"<!-- quotes: (\S+) -->")

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="there is no source tree with documents")


def quotes(document: Path) -> Iterator[tuple[str, str]]:
    """Yield each quoted line of a document with the path of its report: lines with `> ` and rows of tables.

    A comment `<!-- quotes: PATH -->` names the report of all lines up to the next comment; PATH `-` ends quoting.
    """
    source = "-"
    for line in document.read_text().splitlines():
        found = _SOURCE.fullmatch(line)
        if found:
            source = found[1]
        elif source != "-" and line.startswith(("> ", "| ")):
            yield source, line.removeprefix("> ")


def quoting() -> list[Path]:
    """Return the documents that quote a report."""
    return [path for path in LINKING if path.exists() and _SOURCE.search(path.read_text())]


LINKING = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("document", quoting(), ids=lambda path: path.stem)
def test_what_a_document_quotes_stands_in_the_report_it_is_from(document: Path) -> None:
    checked = 0
    for source, text in quotes(document):
        printed = {line.removeprefix("- ") for line in (ROOT / source).read_text().splitlines()}
        assert text in printed, f"{document.name}: {source} does not say: {text}"
        checked += 1
    assert checked >= 3, "a document that says it quotes does so"


@pytest.mark.parametrize("document", LINKING, ids=lambda path: path.stem)
def test_every_file_that_a_document_links_to_is_there(document: Path) -> None:
    text = _CODE.sub("", document.read_text())
    links = [*re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text), *re.findall(r'(?:src|srcset)="([^"]+)"', text)]
    for link in links:
        if not re.match(r"[a-z]+:", link):
            assert (document.parent / link).exists(), f"{document.name} links to {link}"


def test_the_documents_count_the_mechanisms_of_each_family() -> None:
    text = (DOCS / "mechanisms.md").read_text()
    told = {
        row[1]: (int(row[2]), int(row[3])) for row in re.finditer(r"^\| ([a-z -]+) \| (\d+) \| (\d+) \|", text, re.M)
    }
    found = catalog.mechanisms()
    assert told == {
        family: tuple(
            sum(one.family == family and one.third_party == third_party for one in found)
            for third_party in (False, True)
        )
        for family in FAMILIES
    }
    (number,) = re.findall(r"^\d+ mechanisms, (\d+) of them from the standard library\.", text, re.M)
    assert int(number) == sum(here for here, _ in told.values())
    assert f"{len(found)} mechanisms" in text
    readme = " ".join((ROOT / "README.md").read_text().split())
    (counts,) = re.findall(r"there are (\d+), (\d+) of them from the standard library, in (\d+) patterns", readme)
    assert counts == (str(len(found)), number, str(len(catalog.patterns())))


def test_the_documents_name_every_pattern_and_suite() -> None:
    patterns, _, suites = (DOCS / "mechanisms.md").read_text().partition("## Suites")
    rows = re.findall(r"^\| ([a-z, -]+) \| [A-Z]", patterns, re.M)
    assert sorted(", ".join(rows).split(", ")) == sorted(pattern.name for pattern in catalog.patterns())
    assert set(re.findall(r"`([a-z-]+)`", suites)) == set(SUITES)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100


ARCHITECTURE = DOCS / "architecture.md"
PACKAGE = ROOT / "ipcbench"


def described() -> str:
    return ARCHITECTURE.read_text() if ARCHITECTURE.exists() else ""


def test_the_architecture_names_every_module_or_its_folder() -> None:
    named = set(re.findall(r"`([\w./-]+)`", described()))
    for path in sorted(PACKAGE.rglob("*.py")):
        module, folder = path.relative_to(PACKAGE).as_posix(), f"{path.parent.relative_to(PACKAGE).as_posix()}/"
        assert {module, folder} & named, f"docs/architecture.md names neither {module} nor {folder}"


def test_every_path_that_the_architecture_names_exists() -> None:
    named = {name for name in re.findall(r"`([\w./-]+)`", described()) if "/" in name or name.endswith(".py")}
    assert len(named) > 40
    missing = sorted(name for name in named if not ((PACKAGE / name).exists() or (ROOT / name).exists()))
    assert not missing, f"docs/architecture.md names {', '.join(missing)}"


@pytest.mark.parametrize("document", LINKING, ids=lambda path: path.stem)
def test_every_file_of_the_source_tree_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    written = {f"ipcbench/measure/mechanisms/{name}" for name in re.findall(r"<!-- mechanism: (\S+) -->", text)}
    for name in set(re.findall(r"`((?:ipcbench|tests|benchmarks|docs)/[\w./-]+)`", text)) - written:
        assert (ROOT / name).exists(), f"{document.name} names {name}"


def test_every_dotted_name_in_the_architecture_exists() -> None:
    tops = "|".join(path.stem for path in PACKAGE.iterdir() if path.stem.isidentifier() and path.stem[0] != "_")
    named = set(re.findall(rf"(?<![\w./-])(?:ipcbench\.)?((?:{tops})\.[\w.]*\w)", described()))
    named = {name for name in named if not name.endswith(".py")}
    assert {"run.site.Site", "measure.mechanisms", "measure.worker"} <= named
    for name in named:
        module, _, attribute = f"ipcbench.{name}".rpartition(".")
        assert find_spec(f"ipcbench.{name}") if is_module(name) else hasattr(import_module(module), attribute), name


def is_module(name: str) -> bool:
    path = PACKAGE / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("table", ["cases", "visits", "values"])
def test_the_quick_start_describes_every_column_of_a_run(table: str) -> None:
    text = (DOCS / "quick-start.md").read_text()
    _, _, below = text.partition(f"`run.{table}`:\n\n| column |")
    rows = re.findall(r"^\| (`[^|]*) \| [^|]+ \| [^|]*\|$", below.partition("\n\n")[0], re.M)
    columns = getattr(Run(make_result(make_cases(sizes=[64], mechanisms=["pipe", "queue"]), 3)), table).columns
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(columns)


@pytest.mark.parametrize("document", ["README.md", "docs/index.md", "docs/quick-start.md"])
def test_the_python_that_a_document_shows_runs(document: str, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    shutil.copy(ROOT / "results" / "reference.json", tmp_path / "results" / "laptop.json")
    (block,) = re.findall(r"^```python\n((?s:.*?))^```$", (ROOT / document).read_text(), re.M)
    done = python("-W", "error", "-c", block, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "print(" not in block or len(done.out.split()) == 3
