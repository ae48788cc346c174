"""The markers around a chart in a page: ipcbench rewrites the text between them and touches nothing else.

    <!-- ipcbench:begin slowdown-matrix report=reports/laptop format=mkdocs width=600 -->
    <!-- ipcbench:end -->

In reStructuredText they are comments, `.. ipcbench:begin …` and `.. ipcbench:end`, at the start of a line. Each marker
is alone on its line. Text inside a fenced code block of Markdown is never a marker.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ipcbench.errors import BadRequest
from ipcbench.text import safe_text

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_HTML = re.compile(r"([ \t]*)<!--[ \t]*ipcbench:(begin|end)\b(.*)-->[ \t]*")
_RST = re.compile(r"()\.\.[ \t]+ipcbench:(begin|end)\b(.*)")
_ALMOST = re.compile(r"(?<!`)<!--\s*ipcbench:|^\.\.\s+ipcbench:")
_FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*\Z)|~{3,})")
_OPTIONS = ("report", "format", "width", "base-url")
_LONGEST = 1000  # characters of a marker
_MOST_WIDTH = 10_000


class NoMarkers(BadRequest):
    """A page without markers."""


@dataclass(frozen=True, slots=True)
class Block:
    """One chart in a page: the options of its begin marker, and the position of its text.

    report is empty for the default report, width 0 for the chart's own width. line is the line of the begin marker,
    from 1; the text between the markers is text[start:end] of the page.
    """

    chart: str
    report: str
    kind: str
    width: int
    base_url: str
    line: int
    start: int
    end: int
    newline: str
    indent: str
    is_rst: bool

    def body(self, snippet: str) -> str:
        """Return the text between the markers for this snippet, with the indentation and newlines of the page."""
        lines = [f"{self.indent}{line}" if line else "" for line in snippet.split("\n")]
        around = [""] if self.is_rst else []
        return "".join(f"{line}{self.newline}" for line in [*around, *lines, *around])


def blocks(text: str, name: str, fences: bool = True) -> list[Block]:
    """Return the blocks of a page, in order; name is the name of the file, for error messages.

    fences: whether lines of ``` or ~~~ enclose code, as in Markdown. Raises BadRequest, which names file and line, for
    a page without markers, an unclosed, nested or repeated marker, or an unknown option.
    """
    found: list[Block] = []
    opened: Block | None = None
    for line, start, end, indent, verb, rest, newline, is_rst in _markers(text, name, fences):
        if verb == "begin":
            if opened:
                raise BadRequest(f"{name}:{line}: this begins inside the block of line {opened.line}; close that first")
            opened = _begun(rest, f"{name}:{line}", is_rst, (line, end, newline, indent))
            _refuse_double(opened, found, name)
        elif opened is None or opened.is_rst != is_rst:
            raise BadRequest(f"{name}:{line}: this ends a block that does not begin; remove it, or add its begin")
        elif rest.strip():
            raise BadRequest(f"{name}:{line}: an end marker has no options; remove {safe_text(rest, 60)!r}")
        else:
            found.append(replace(opened, end=start))
            opened = None
    if opened:
        raise BadRequest(f"{name}:{opened.line}: this block does not end; add {_end(opened.is_rst)} below it")
    if not found:
        raise NoMarkers(f"{name}: no markers; put '<!-- ipcbench:begin CHART -->' and '{_end(False)}' where it goes")
    return found


def filled(text: str, found: Sequence[Block], bodies: Sequence[str]) -> str:
    """Return the page with each body between its markers and everything else unchanged."""
    parts, at = [], 0
    for block, body in zip(found, bodies, strict=True):
        parts += [text[at : block.start], body]
        at = block.end
    return "".join([*parts, text[at:]])


_Marker = tuple[int, int, int, str, str, str, str, bool]


def _markers(text: str, name: str, fences: bool) -> Iterator[_Marker]:
    """Yield every marker: line, start, end (with newline), indentation, verb, options, newline, whether it is rst."""
    fence = ""
    for number, match in enumerate(_LINE.finditer(text), 1):
        line, newline = match[1].removeprefix("\ufeff") if number == 1 else match[1], match[2]
        edge = _FENCE.match(line) if fences else None
        if fence:
            closes = edge and edge[1].startswith(fence) and not line[edge.end() :].strip()
            fence = "" if closes else fence
        elif edge:
            fence = edge[1]
        elif marker := _HTML.fullmatch(line) or _RST.fullmatch(line):
            yield number, match.start(), match.end(), marker[1], marker[2], marker[3], newline, marker.re is _RST
        elif _ALMOST.search(line):
            lines = f"'<!-- ipcbench:begin CHART -->' and '{_end(False)}'"
            raise BadRequest(f"{name}:{number}: a marker stands alone on its line, as {lines}")


def _begun(rest: str, where: str, is_rst: bool, place: tuple[int, int, str, str]) -> Block:
    """Return the block that a begin marker opens, its end not yet known. Raises BadRequest for invalid options."""
    try:
        words = shlex.split(rest[: _LONGEST + 1]) if len(rest) <= _LONGEST else []
    except ValueError as error:
        raise BadRequest(f"{where}: a quote in this marker is not closed") from error
    if not words or "=" in words[0]:
        raise BadRequest(f"{where}: this marker names no chart; write 'ipcbench:begin CHART'")
    given: dict[str, str] = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if key not in _OPTIONS or not equals or not value or key in given:
            known = ", ".join(f"{option}=…" for option in _OPTIONS)
            raise BadRequest(f"{where}: {safe_text(word, 60)!r}: a marker takes after its chart {known}, each once")
        given[key] = value
    width = given.get("width", "0")
    if "width" in given and not (width.isascii() and width.isdigit() and 0 < int(width[:6]) <= _MOST_WIDTH):
        raise BadRequest(f"{where}: width {safe_text(width, 20)!r}: expected 1 to {_MOST_WIDTH} pixels")
    line, end, newline, indent = place
    kind = given.get("format", "rst" if is_rst else "github")
    report, base_url = given.get("report", ""), given.get("base-url", "")
    return Block(words[0], report, kind, int(width), base_url, line, end, end, newline, indent, is_rst)


def _refuse_double(block: Block, found: Sequence[Block], name: str) -> None:
    for other in found:
        if (other.chart, other.report) == (block.chart, block.report):
            raise BadRequest(f"{name}:{block.line}: {safe_text(block.chart, 80)} stands already in line {other.line}")


def _end(is_rst: bool) -> str:
    return ".. ipcbench:end" if is_rst else "<!-- ipcbench:end -->"
