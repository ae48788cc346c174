"""Markers in pages: what is found, what is refused with its line, and that nothing outside them is ever touched."""

from __future__ import annotations

import pytest
from commands import complaint
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import BadRequest
from ipcbench.report.embed.markers import Block, blocks, filled

BEGIN, END = "<!-- ipcbench:begin slowdown-matrix -->", "<!-- ipcbench:end -->"


def refusal(text: str) -> str:
    with pytest.raises(BadRequest) as raised:
        blocks(text, "README.md")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_marker_says_which_chart_of_which_report_in_which_format() -> None:
    text = f"# Title\n<!-- ipcbench:begin winner-map report='my reports/a b' format=mkdocs width=600 -->\nold\n{END}\n"
    (block,) = blocks(text, "page.md")
    assert (block.chart, block.report, block.kind, block.width) == ("winner-map", "my reports/a b", "mkdocs", 600)
    assert (block.line, text[block.start : block.end]) == (2, "old\n")
    assert filled(text, [block], ["new\n"]) == text.replace("old", "new")


def test_without_options_it_is_the_default_report_for_github_or_in_rst_a_figure() -> None:
    (block,) = blocks(f"{BEGIN}\n{END}", "README.md")
    assert (block.report, block.kind, block.width, block.base_url) == ("", "github", 0, "")
    (other,) = blocks(".. ipcbench:begin scaling\n\n.. ipcbench:end", "page.rst", fences=False)
    assert (other.kind, other.body(".. figure:: x")) == ("rst", "\n.. figure:: x\n\n")


@pytest.mark.parametrize("fence", ["```", "~~~~", "- ```html", "> ```"])
def test_markers_in_a_code_block_are_an_example(fence: str) -> None:
    mark = fence.strip("-> html")
    text = f"{fence}\n{BEGIN}\n{END}\n{mark}\n{BEGIN}\n{END}\n"
    assert [block.line for block in blocks(text, "page.md")] == [5]


def test_a_longer_fence_holds_a_shorter_one() -> None:
    assert "no markers" in refusal(f"````\n```\n{BEGIN}\n```\n{END}\n````\n")


def test_markers_in_the_words_of_a_sentence_are_none() -> None:
    text = f"Put `{BEGIN}` and `{END}` there.\n{BEGIN}\n{END}\n"
    assert [block.line for block in blocks(text, "page.md")] == [2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no marker here\n", "README.md: no markers; put '<!-- ipcbench:begin CHART -->' and"),
        (f"a\n{BEGIN}\nb\n", "README.md:2: this block does not end"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", "README.md:2: this begins inside the block of line 1"),
        (f"{BEGIN}\n{END}\n\n{BEGIN}\n{END}\n", "README.md:4: slowdown-matrix stands already in line 1"),
        (f"{END}\n", "README.md:1: this ends a block that does not begin"),
        (f"{BEGIN}\n.. ipcbench:end\n", "README.md:2: this ends a block that does not begin"),
        (f"{BEGIN}\n<!-- ipcbench:end slowdown-matrix -->\n", "README.md:2: an end marker has no options"),
        ("<!-- ipcbench:begin -->\n", "README.md:1: this marker names no chart"),
        ("<!-- ipcbench:begin report=a -->\n", "README.md:1: this marker names no chart"),
        ("<!-- ipcbench:begin a wide -->\n", "README.md:1: 'wide': a marker takes after its chart report=…"),
        ("<!-- ipcbench:begin a width=1 width=2 -->\n", "each once"),
        ("<!-- ipcbench:begin a width=0 -->\n", "width '0': expected 1 to 10000 pixels"),
        ("<!-- ipcbench:begin a width=² -->\n", "expected 1 to 10000 pixels"),
        ("<!-- ipcbench:begin a report='b -->\n", "README.md:1: a quote in this marker is not closed"),
        (f"see {BEGIN}\n{END}\n", "README.md:1: a marker stands alone on its line"),
        ("<!-- ipcbench:start a -->\n", "README.md:1: a marker stands alone on its line"),
        (f"{BEGIN} x -->\n{END}\n", "README.md:1: '-->': a marker takes after its chart"),
    ],
)
def test_what_is_wrong_with_markers_is_named_with_its_line(text: str, said: str) -> None:
    assert said in refusal(text)


def test_the_same_chart_of_two_reports_may_stand_in_one_page() -> None:
    text = f"{BEGIN}\n{END}\n<!-- ipcbench:begin slowdown-matrix report=b -->\n{END}\n"
    assert [block.report for block in blocks(text, "page.md")] == ["", "b"]


def test_an_indented_block_stays_indented_with_the_line_ends_of_its_page() -> None:
    text = f"- item\r\n\r\n    {BEGIN}\r\n    {END}"
    (block,) = blocks(text, "page.md")
    assert filled(text, [block], [block.body("a\n\nb")]) == text.replace(
        "-->\r\n    <", "-->\r\n    a\r\n\r\n    b\r\n    <"
    )


LINES = st.text(st.characters(exclude_characters="\r\n"), max_size=30).filter(
    lambda line: not any(part in line for part in ("ipcbench", "```", "~~~"))
)
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])
CHARTS = st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), min_size=1, max_size=4, unique=True)


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, list[str], list[str]]:
    """A page with or without a byte order mark, with any line ends and any text around its blocks; their charts."""
    newline, charts = draw(NEWLINES), draw(CHARTS)
    parts = [draw(st.sampled_from(["", "\ufeff"]))]
    outside = []
    for chart in charts:
        before = "".join(f"{line}{newline}" for line in draw(st.lists(LINES, max_size=4)))
        begin = f"<!-- ipcbench:begin {chart} -->{newline}"
        body = "".join(f"{line}{newline}" for line in draw(st.lists(LINES, max_size=3)))
        parts += [before, begin, body, END, newline]
        outside.append(before)
    parts.append("".join(draw(st.lists(LINES, max_size=1))))
    return "".join(parts), charts, outside


@given(pages(), st.text(st.characters(exclude_characters="\r"), max_size=40))
def test_only_what_is_between_markers_changes_and_a_second_time_nothing(
    page: tuple[str, list[str], list[str]], snippet: str
) -> None:
    text, charts, outside = page
    found = blocks(text, "page.md")
    assert [block.chart for block in found] == charts
    assert filled(text, found, [text[block.start : block.end] for block in found]) == text
    if "ipcbench" in snippet or "```" in snippet or "~~~" in snippet:
        return
    once = filled(text, found, [block.body(snippet) for block in found])
    again = blocks(once, "page.md")
    assert filled(once, again, [block.body(snippet) for block in again]) == once
    assert _outside(once, again) == _outside(text, found)
    assert all(before in once for before in outside)


def _outside(text: str, found: list[Block]) -> list[str]:
    edges = [0, *(edge for block in found for edge in (block.start, block.end)), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


TOKENS = st.sampled_from(
    [
        BEGIN,
        END,
        ".. ipcbench:begin a",
        ".. ipcbench:end",
        "<!-- ipcbench:",
        "```",
        "~~~",
        "text",
        "`",
        "\n",
        "\r\n",
        " ",
    ]
)


@given(st.one_of(st.text(), st.lists(TOKENS, max_size=20).map("".join), st.lists(TOKENS, max_size=12).map("\n".join)))
def test_any_text_has_blocks_or_is_refused_in_one_line(text: str) -> None:
    said = complaint(BadRequest, lambda: blocks(text, "page.md"))
    if said is not None:
        assert not set("\r\n") & set(said)
        return
    found = blocks(text, "page.md")
    assert found
    assert filled(text, found, [text[block.start : block.end] for block in found]) == text
    assert all(
        block.line == len(text[: block.start].replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1
        for block in found
    )
