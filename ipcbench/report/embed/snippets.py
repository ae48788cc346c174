"""Write a chart of a report as text to paste into another page, in one format per kind of page."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import quote, urljoin

from ipcbench.errors import BadRequest
from ipcbench.report.content.words import markdown, slug, without_markup
from ipcbench.report.files.manifest import ChartEntry, Files
from ipcbench.text import safe_text

LONGEST = 1000  # characters of a caption
_RST_MARKUP = re.compile(r"([\\*_`|])")
_URL = re.compile(r"https?://[^\s\"'<>?#]+")


def snippet(id_: str, entry: ChartEntry, kind: str, report: str, *, width: int = 0, base_url: str = "") -> str:
    """Return the snippet for one chart that was drawn, without a final newline.

    kind is one of FORMATS except html. report is the folder of the report relative to the page, with '/', empty if
    the page is in that folder; for sphinx it may be a label. width is in CSS pixels, 0 for the chart's own. With
    base_url, the address of the page's folder, all addresses are absolute. Text of the manifest is escaped, so markup
    in it cannot reach the page. Raises BadRequest for an option that the format does not have.
    """
    if kind not in _WRITERS:
        raise BadRequest(f"format {kind!r}: expected one of {', '.join(FORMATS)}")
    if base_url and not _URL.fullmatch(base_url):
        raise BadRequest(f"base URL {base_url!r}: expected http:// or https:// with a host, without '?' and '#'")
    if base_url and kind == "sphinx":
        raise BadRequest("format sphinx takes no base URL: the directive finds the report when the pages are built")
    if kind == "markdown" and width:
        raise BadRequest("format markdown takes no width: an image of Markdown has none; format github has")
    if kind == "pypi" and not base_url:
        raise BadRequest("format pypi needs --base-url: PyPI shows no relative image; give one that names a tag")
    return _WRITERS[kind](_Wanted(id_, entry, report, width, base_url))


class _Wanted:
    """What a writer needs: the chart, its texts with control characters removed, and its addresses."""

    def __init__(self, id_: str, entry: ChartEntry, report: str, width: int, base_url: str) -> None:
        assert entry.files is not None, "only what was drawn has a snippet"
        self.id, self.report, self.asked, self.base_url = id_, report, width, base_url
        self.files: Files = entry.files
        self.width = width or entry.width
        self.alt = safe_text(entry.alt)
        self.caption = safe_text(entry.caption, LONGEST)

    def address(self, file: str) -> str:
        """Return the address of a file, relative to the page, or absolute with base_url."""
        path = quote(str(PurePosixPath(self.report) / file))
        return urljoin(self.base_url.rstrip("/") + "/", path) if self.base_url else path

    @property
    def light(self) -> str:
        return self.address(self.files.light)

    @property
    def dark(self) -> str:
        return self.address(self.files.dark)

    @property
    def image(self) -> str:
        return f'<img width="{self.width}" alt="{escape(self.alt)}" src="{escape(self.light)}">'


def _github(wanted: _Wanted) -> str:
    source = f'<source media="(prefers-color-scheme: dark)" srcset="{escape(wanted.dark)}">'
    return f"<picture>{source}\n{wanted.image}</picture>"


def _pypi(wanted: _Wanted) -> str:
    return wanted.image


def _sphinx(wanted: _Wanted) -> str:
    label = slug(PurePosixPath(wanted.report).name)
    lines = [
        f".. ipcbench-chart:: {wanted.id}",
        f"   :report: {wanted.report or '.'}",
        f"   :name: fig-{f'{label}-' if wanted.report else ''}{wanted.id}",
    ]
    return "\n".join(lines + [f"   :width: {wanted.asked}px"] * bool(wanted.asked))


def _rst(wanted: _Wanted) -> str:
    address = wanted.light if wanted.base_url else str(PurePosixPath(wanted.report) / wanted.files.light)
    return "\n".join(
        [
            f".. figure:: {address.replace(' ', chr(92) + ' ')}",
            f"   :alt: {wanted.alt}",
            f"   :width: {wanted.width}px",
            "",
            f"   {rst(wanted.caption)}",
        ]
    )


def rst(text: str) -> str:
    """Return plain text with `code` as reStructuredText; other markup is escaped."""
    return _with_code(text, lambda part: _RST_MARKUP.sub(r"\\\1", part), "``")


def _with_code(text: str, plain: Callable[[str], str], mark: str) -> str:
    """Return the text with its `code` between `mark`, and the rest passed through `plain`."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(
        f"{mark}{part}{mark}" if place % 2 and re.fullmatch(r"[\w.()-]+", part) else plain(part)
        for place, part in enumerate(parts)
    )


def _mkdocs(wanted: _Wanted) -> str:
    alt, size = markdown(wanted.alt), f'{{ width="{wanted.width}" }}'
    return "\n".join(
        [
            '<figure markdown="span">',
            f"![{alt}]({wanted.light}#only-light){size}",
            f"![{alt}]({wanted.dark}#only-dark){size}",
            f"<figcaption>{_with_code(wanted.caption, without_markup, '`')}</figcaption>",
            "</figure>",
        ]
    )


def _markdown(wanted: _Wanted) -> str:
    return f"![{markdown(wanted.alt)}]({wanted.light})"


_WRITERS: MappingProxyType[str, Callable[[_Wanted], str]] = MappingProxyType(
    {
        "github": _github,
        "pypi": _pypi,
        "sphinx": _sphinx,
        "rst": _rst,
        "mkdocs": _mkdocs,
        "markdown": _markdown,
    }
)
FORMATS = (*_WRITERS, "html")
