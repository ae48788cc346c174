"""Embed charts of a report in other pages: find the report, make the snippet, and keep pages up to date."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ipcbench.errors import BadRequest, NotAReport, ResultError
from ipcbench.report.embed.markers import Block, blocks, filled
from ipcbench.report.embed.snippets import snippet
from ipcbench.report.files.manifest import NAME, ChartEntry, Manifest, load_manifest
from ipcbench.results.folder import newest
from ipcbench.results.writing import rewrite
from ipcbench.text import safe_text

REPORTS = Path("reports")
LARGEST_PAGE = 16 * 2**20  # bytes


def find_report(text: str, place: Path, reports: Path = REPORTS) -> Path:
    """Return the folder of a report, given as a folder relative to `place`, or else as the label of one in `reports`.

    An empty text means the report in `reports` whose run began last. Raises NotAReport.
    """
    if not text:
        return _newest(reports)
    folders = [place / text, reports / text]
    for folder in folders:
        try:
            if (folder / NAME).exists():
                return folder
        except (OSError, ValueError):
            continue  # the path is too long, or contains a NUL
    known = sorted(path.parent.name for path in reports.glob(f"*/{NAME}"))
    labels = f"labels in {reports}: {safe_text(', '.join(known), 400)}" if known else f"no report in {reports}"
    raise NotAReport(f"{safe_text(text, 200)!r}: no folder with a {NAME} and no such label; {labels}")


def _newest(reports: Path) -> Path:
    found = newest((path.parent for path in reports.glob(f"*/{NAME}")), _started)
    if found is None:
        raise NotAReport(f"no report in {reports}: 'ipcbench report FILE' writes one, or name its folder with --report")
    return found


def _started(folder: Path) -> str | None:
    try:
        return load_manifest(folder).started
    except NotAReport:
        return None


def embed(chart: str, folder: Path, kind: str, page: Path, width: int = 0, base_url: str = "") -> str:
    """Return the snippet of a chart of the report in `folder`, for a page in the folder `page`.

    base_url is the address of the folder `page`. Raises UnknownName, NotAReport and BadRequest.
    """
    entry = load_manifest(folder).chart(chart)
    assert entry.files is not None
    wanted = (entry.files.light, entry.files.dark) if kind in ("github", "mkdocs", "html") else (entry.files.light,)
    for name in wanted:
        if not (folder / name).is_file():
            raise NotAReport(f"{folder / name}: no such file, though {NAME} names it; make the report again")
    if kind == "html":
        if base_url:
            raise BadRequest("format html takes no base URL: the chart itself is in the snippet")
        return inline_html(chart, entry, folder, width)
    if kind == "sphinx" and folder.resolve().parent == REPORTS.resolve():
        return snippet(chart, entry, kind, folder.resolve().name, width=width, base_url=base_url)
    seen = Path(os.path.relpath(folder, page)).as_posix()
    return snippet(chart, entry, kind, "" if seen == "." else seen, width=width, base_url=base_url)


def inline_html(chart: str, entry: ChartEntry, folder: Path, width: int = 0) -> str:
    """Return a chart as self-contained HTML: one SVG with the colours of both themes.

    The theme follows data-theme on the root element, else the reader's system. There is no script and no style
    attribute; if a policy forbids the style element, the chart is light. Raises NotAReport if the light and the dark
    picture differ in more than colours.
    """
    from xml.etree.ElementTree import ParseError

    from ipcbench.report.drawing.inline import merge, style_sheet
    from ipcbench.report.drawing.svg import parse, serialise

    assert entry.files is not None
    light, dark = ((folder / name).read_text(encoding="utf-8") for name in (entry.files.light, entry.files.dark))
    try:
        both = merge(light, dark)
        root = parse(both.svg)
    except (ValueError, ParseError) as error:
        raise NotAReport(
            f"{folder}: the pictures of {chart} are not as they were written; make the report again"
        ) from error
    named = {f"var(--{each.name})": each._replace(name=f"{chart}-{each.name}") for each in both.colours}
    for element in root.iter():
        for key, value in element.attrib.items():
            if value in named:
                element.set(key, f"var(--{named[value].name},{named[value].light})")
    if width:
        root.attrib |= {"width": str(width), "height": str(round(entry.height * width / max(entry.width, 1)))}
    return f"<style>\n{style_sheet(list(named.values()))}</style>\n{serialise(root).rstrip()}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page with markers: its text, the text that it should have, and the blocks that differ."""

    path: Path
    text: str
    fresh: str
    stale: list[Block]


def open_page(path: Path) -> Page:
    """Read a page and make its snippets anew. Raises BadRequest, NotAReport and ResultError, which name the page."""
    shown = safe_text(path, 1000)
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_PAGE:
            raise BadRequest(f"{shown}: no such page; give a text file with ipcbench markers")
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"{shown}: not UTF-8 text, so nothing is embedded in it") from error
    except (OSError, ValueError) as error:
        raise ResultError(f"{shown}: cannot read: {getattr(error, 'strerror', None) or error}") from error
    found = blocks(text, shown, fences=path.suffix.lower() not in (".rst", ".txt"))
    bodies = [block.body(_fresh(block, path.parent, f"{shown}:{block.line}")) for block in found]
    stale = [block for block, body in zip(found, bodies, strict=True) if text[block.start : block.end] != body]
    return Page(path, text, filled(text, found, bodies), stale)


def _fresh(block: Block, page: Path, where: str) -> str:
    try:
        folder = find_report(block.report, page)
        return embed(block.chart, folder, block.kind, page, block.width, block.base_url)
    except BadRequest as error:
        raise BadRequest(f"{where}: {error}") from error
    except NotAReport as error:
        raise NotAReport(f"{where}: {error}") from error


def write_page(page: Page) -> None:
    """Write the fresh text of a page atomically, unless the page has it already. Raises ResultError."""
    if not page.stale:
        return
    try:
        rewrite(page.path, page.fresh.encode())
    except OSError as error:
        raise ResultError(f"{safe_text(page.path, 1000)}: cannot write: {error.strerror}") from error


def titles(manifest: Manifest) -> list[tuple[str, str]]:
    """Return (id, title or the reason why it was not drawn) of every chart, by id."""
    return [
        (id_, safe_text(entry.title if entry.available else f"not drawn: {entry.reason}", 300))
        for id_, entry in sorted(manifest.charts.items())
    ]
