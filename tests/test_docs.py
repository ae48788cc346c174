"""Documents that quote a run: what they quote was printed of that run, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipcbench.measure.api.mechanism import FAMILIES
from ipcbench.plan import catalog

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_CODE = re.compile(r"^(```+)(?s:.*?)^\1$|`[^`\n]+`", re.MULTILINE)  # shows what a page of somebody else holds
_SOURCE = re.compile(r"<!-- quotes: (\S+) -->")

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="there is no source tree with documents")


def quotes(document: Path) -> Iterator[tuple[str, str]]:
    """What a document quotes, line by line, each with the report it is from: lines of `> ` and rows of tables below.

    A comment `<!-- quotes: PATH -->` says where all that follows it is from, up to the next; PATH `-` ends quoting.
    """
    source = "-"
    for line in document.read_text().splitlines():
        found = _SOURCE.fullmatch(line)
        if found:
            source = found[1]
        elif source != "-" and (line.startswith("> ") or (line.startswith("| ") and not line.startswith("| For"))):
            yield source, line.removeprefix("> ")


def quoting() -> list[Path]:
    """The documents that quote."""
    return [path for path in sorted(DOCS.glob("*.md")) if _SOURCE.search(path.read_text())]


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


def test_the_readme_counts_the_mechanisms_of_each_family() -> None:
    text = (ROOT / "README.md").read_text()
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
    (number,) = re.findall(r"^[A-Z][a-z-]+ mechanisms, (\d+) of them of the standard library:", text, re.M)
    assert int(number) == sum(here for here, _ in told.values())
    assert "Eighty-one mechanisms" in text
    assert len(found) == 81
