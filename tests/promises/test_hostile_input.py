"""Whatever a file, a name or an argument says, every output shows it as text and nothing else happens."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from commands import Finished, complaint
from hostile import STRINGS
from hypothesis import given
from hypothesis import strategies as st
from mutants import parents, sealed
from paths import GOLDEN
from synthetic import make_result

from ipcbench.analysis.advice.advise import advise
from ipcbench.analysis.advice.need import Need
from ipcbench.analysis.stats import summarise
from ipcbench.cli.measuring import summary
from ipcbench.cli.measuring.listener import failure_line
from ipcbench.cli.output import say, tell
from ipcbench.errors import BadRequest, ResultError
from ipcbench.model import Case, Failure, Skip
from ipcbench.report import write
from ipcbench.report.content import advice, tables
from ipcbench.report.content.study import study
from ipcbench.report.page import html
from ipcbench.report.page.summary import summary as summary_md
from ipcbench.results.digest import digest_of
from ipcbench.results.frame import case_frame, visit_frame
from ipcbench.results.schema import Condition, ResultFile
from ipcbench.results.store import check_label, checked, folder_name, load
from ipcbench.text import LINES, ONE_LINE, safe_lines, safe_text

STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
VOID = {"meta", "img", "source", "br", "link", "input", "hr"}
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d")


def test_there_are_enough_strings() -> None:
    assert len(set(STRINGS)) >= 150


def mechanism_name(text: str) -> str:
    """The text as far as it can be part of a case id that was made here."""
    return re.sub("[/\ud800-\udfff]", "", text)[:300] or "x"


def filled(text: str) -> ResultFile:
    """A result that says this in every field that takes text, as no loader would let through."""
    name = mechanism_name(text)
    bad = Case("ping-pong", name, 4096)
    cases = [
        Case("ping-pong", name, 64),
        bad,
        Case("ping-pong", "pipe", 64),
        Case("stream", name, 64, start_method="spawn"),
    ]
    result = make_result(
        cases,
        3,
        verdicts={bad.id: ("failed", text)},
        skips=[Skip(Case("stream", "pipe", 64), text)],
        label=text,
        cpu_model=text,
        titles={name: text},
        notes={cases[0].id: [text]},
        conditions=[Condition("", "", "warning"), Condition("", "", "note")],
    )
    structure = {"name", "id", "case", "verdict", "version", "level"}
    for holder, key in parents_of_text(result):
        if key not in structure:
            setattr(holder, key, text)
    for condition in result.ipcbench.conditions:
        condition.name = text
    return result


def parents_of_text(value: Any) -> Iterator[tuple[Any, str]]:
    """Every (struct, field) of a result that holds text."""
    if isinstance(value, list):
        for inner in value:
            yield from parents_of_text(inner)
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            inner = getattr(value, field)
            if isinstance(inner, str):
                yield value, field
            else:
                yield from parents_of_text(inner)


class Strict(HTMLParser):
    """The tags of a page with the names of their attributes; fails where one is closed that is not open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags |= {(tag, "")} | {(tag, name) for name, _ in attrs}
        for name, address in attrs:
            assert name not in ("src", "href") or (address or "").startswith(("data:image", "#"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def check_page(page: str, known: set[tuple[str, str]]) -> None:
    assert not STEERING.search(page)
    assert Strict(page).tags <= known
    page.encode()


def check_markdown(text: str) -> None:
    assert not STEERING.search(text)
    text.encode()
    lines = text.splitlines()
    fence = next(place for place, line in enumerate(lines) if line.startswith("```"))
    assert lines[-1] == lines[fence].removesuffix("sh")
    assert len(lines) == fence + 3, "the command is one line in its fence"
    outside = "\n".join(lines[:fence])
    for known in ("<details><summary>Machine and settings</summary>", "</details>"):
        outside = outside.replace(known, "")
    assert not re.search(r"[<>`~$@]|\]\(|://|(?i:\bwww\.)", outside)
    heads = [place for place, line in enumerate(lines) if re.fullmatch(r"\|(---\|)+", line)]
    for head in heads:
        width = lines[head].count("|")
        rows = lines[head - 1 : head]
        place = head + 1
        while place < len(lines) and lines[place].startswith("|"):
            rows.append(lines[place])
            place += 1
        assert {row.count("|") for row in rows} == {width}


def check_csv(text: str) -> None:
    assert not STEERING.search(text)
    text.encode()
    header, *rows = csv.reader(io.StringIO(text))
    for row in rows:
        assert len(row) == len(header)
        for name, cell in zip(header, row, strict=True):
            assert not cell.startswith(FORMULA) or is_number(cell), (name, cell)


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9.]+(e[-+]?[0-9]+)?", text) is not None


@pytest.fixture(scope="module")
def known() -> set[tuple[str, str]]:
    """The tags of a page about a plain run."""
    about = study(filled("plain"))
    return Strict(html.page(about, [])).tags


@pytest.mark.sample
@pytest.mark.parametrize("start", range(0, len(STRINGS), 20))
def test_in_page_summary_and_tables_text_from_a_file_is_only_text(start: int, known: set[tuple[str, str]]) -> None:
    for text in STRINGS[start : start + 20]:
        result = filled(text)
        about = study(result)
        check_page(html.page(about, []), known)
        check_markdown(summary_md(about, ()))
        check_csv(tables.cases(about.summary))


@pytest.mark.full
@pytest.mark.slow
def test_in_charts_text_from_a_file_is_only_text(tmp_path: Path) -> None:
    """All strings as names of mechanisms, and as titles and notes of theirs, on charts of a few dozen at a time."""
    for start in range(0, len(STRINGS), 100):
        some = {mechanism_name(text): text for text in STRINGS[start : start + 100]}
        cases = [Case(pattern, name, size) for name in some for pattern, size in (("ping-pong", 64), ("stream", 4096))]
        notes = {case.id: [some[case.mechanism]] for case in cases}
        result = make_result(cases, 3, titles=some, notes=notes, cpu_model=some[min(some)], label="laptop")
        for facts in result.ipcbench.mechanisms:
            facts.short = facts.family = facts.carries = facts.title
        out = tmp_path / str(start)
        page = write(result, out)
        Strict(page.read_text())
        drawings = list(out.glob("charts/*.svg"))
        assert drawings
        for drawing in drawings:
            check_drawing(drawing.read_text())
        for table in [*out.glob("charts/*.csv"), out / "cases.csv"]:
            check_csv(table.read_text())
        assert not [path for path in out.rglob("*") if not re.fullmatch(r"[a-z0-9.-]+", path.name)]


def check_drawing(text: str) -> None:
    assert not STEERING.search(text)
    for element in ElementTree.fromstring(text).iter():
        name = element.tag.rpartition("}")[2]
        assert name in {"svg", "defs", "style", "g", "path", "text", "tspan", "use", "clipPath", "rect", "metadata"} | {
            "RDF",
            "Work",
            "pattern",
            "image",
            "title",
            "desc",
        }, name
        for key, value in element.attrib.items():
            assert not key.lower().startswith("on")
            assert not key.endswith("href") or value.startswith("#"), value


def test_the_terminal_gets_no_character_that_steers_it(capfd: pytest.CaptureFixture[str]) -> None:
    for text in STRINGS:
        result = filled(text)
        name = mechanism_name(text)
        lines = [*summary.summary_lines(result, Path(text)), summary.cost_line(result), summary.self_check_line(result)]
        for line in [*lines, failure_line(Case("stream", name, 64), Failure("failed", text, text, text))]:
            say(line)
            tell(line)
    out, err = capfd.readouterr()
    assert out == err
    assert not STEERING.search(out)


def test_advice_about_hostile_names_is_text_alone() -> None:
    need = Need(("ping-pong",), 1, 1, 1, 64, musts=("any",))
    for text in STRINGS:
        result = filled(text)
        for facts in result.ipcbench.mechanisms:
            facts.carries, facts.ranked = text, True
        visits = visit_frame(result)
        found = advise(result.ipcbench.mechanisms, summarise(case_frame(result), visits), visits, need)
        assert len(found.options) == len({option.mechanism for option in found.options}) >= 1
        source = advice.source_of(text, result.ipcbench, here=False)
        shown = [*advice.sentences(found, source), *advice.excluded(found)]
        shown += [cell for table in advice.tables(found) for row in [[table.caption], *table.rows] for cell in row]
        for line in shown:
            assert line == safe_text(line, 4000)
        written = advice.as_markdown(found, source)
        assert not STEERING.search(written)
        assert not re.search(r"<[a-z/!]", written)
        if not re.search("[\ud800-\udfff]", text):  # which the loader refuses, and JSON cannot hold
            assert not STEERING.search(advice.as_json(found, source))


def test_an_error_line_about_a_hostile_name_is_one_line(within: Callable[..., Finished]) -> None:
    for text in STRINGS:
        for words in (
            ["report", text],
            ["anonymise", "--", text],
            ["run", "--dry-run", "--mechanism", text[:500]],
            ["compare", text],
            [text],
        ):
            if re.search("[\0\ud800-\udc7f\udd00-\udfff]", text):
                continue  # no argument of a process can hold these
            if text.startswith("-") and words != ["anonymise", "--", text]:
                continue
            done = within(*words)
            assert done.code == 2, words
            assert not STEERING.search(done.out + done.err), words
            assert len(done.err.splitlines()) == 1 or not text.strip(), words
            assert len(done.err) < 3000


# The loader


def test_no_text_field_takes_what_steers_or_is_too_long() -> None:
    """Every string in every kind of text field of a file, with a digest that fits: loaded and harmless, or refused."""
    document = json.loads((GOLDEN / "results.json").read_bytes())
    seen, loaded = set(), 0
    for holder, key in list(parents(document)):
        kind = (tuple(holder) if isinstance(holder, dict) else "list", key)
        if not isinstance(holder[key], str) or kind in seen:
            continue
        seen.add(kind)
        before = holder[key]
        for text in STRINGS:
            if re.search("[\ud800-\udfff]", text):
                continue  # not to be written as UTF-8; see the next test
            holder[key] = text
            document["ipcbench"]["digest"] = digest_of(document) if key != "digest" else text
            try:
                checked(copy.deepcopy(document) if key == "schema" else document)
            except (ValueError, msgspec.ValidationError):
                continue
            loaded += 1
            assert not STEERING.search(text), (kind, text)
            assert len(text) <= 4096
        holder[key] = before
    assert len(seen) >= 35
    assert loaded > 100, "plain text is text"


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff\\ud800", "\\u0000", "\\u001b", "\\u202e", "\\u2028", "\\u009b"])
def test_an_escape_in_json_is_no_way_around(tmp_path: Path, escape: str) -> None:
    data = (GOLDEN / "results.json").read_text().replace('"command": "', f'"command": "{escape}', 1)
    path = tmp_path / "some.json"
    path.write_bytes(sealed(json.loads(data)))
    said = complaint(ResultError, lambda: load(path))
    assert said is not None
    assert "it was changed" not in said
    assert not STEERING.search(said)


# Names


def test_a_label_names_a_file_on_every_system_or_is_refused() -> None:
    refused = [text for text in STRINGS if complaint(BadRequest, lambda text=text: check_label(text)) is not None]  # type: ignore[misc]
    assert {"CON", "con.json", "LPT1", "COM1.txt", "aux", "..", "trailing.", "../../etc/passwd"} <= set(refused)
    assert {"None", "nan"} <= set(STRINGS) - set(refused)


@given(st.text(max_size=100) | st.sampled_from(STRINGS))
def test_the_folder_of_a_report_has_a_safe_name_whatever_the_file_is_called(text: str) -> None:
    name = text.replace("/", "").replace("\0", "")
    if name in ("", ".", ".."):
        return
    folder = folder_name(Path("somewhere") / name)
    assert check_label(folder) == folder
    if folder not in (name, name.removesuffix(".json"), name.removesuffix(".json.gz"), name.removesuffix(".gz")):
        assert re.fullmatch(r"[a-z0-9-]{1,64}", folder)


def test_two_odd_names_have_two_folders() -> None:
    assert folder_name(Path("a b.json")) != folder_name(Path("a-b.json")) != folder_name(Path("a_ b.json"))
    assert folder_name(Path("laptop.json")) == folder_name(Path("laptop.json.gz")) == "laptop"


# The cleaner


@given(st.text() | st.sampled_from(STRINGS))
def test_cleaned_text_is_what_the_types_of_the_file_take(text: str) -> None:
    assert re.search(ONE_LINE, safe_text(text))
    assert re.search(LINES, safe_lines(text, 4000))
    assert safe_text(safe_text(text)) == safe_text(text)


def test_lines_keep_their_breaks_and_indentation_and_nothing_else() -> None:
    assert safe_lines('Thread\x1b[1m 1:\r\n  File "x",  line 3\x00\n\n    deep', 100) == (
        'Thread[1m 1:\n  File "x", line 3\n\n    deep'
    )
    assert len(safe_lines("a\n" * 1000, 50)) == 50
