"""`ipcbench embed`: print snippets that show charts in other pages, and update such pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ipcbench.cli.exit_codes import STALE
from ipcbench.cli.output import say, tell
from ipcbench.errors import BadRequest
from ipcbench.shell import pasted
from ipcbench.text import count

if TYPE_CHECKING:
    from ipcbench.report.embed.pages import Page

FORMATS = ("github", "pypi", "sphinx", "rst", "mkdocs", "markdown", "html")


@click.command("embed")
@click.argument("words", nargs=-1, metavar="CHART | FILE...")
@click.option(
    "--report", default="", metavar="REPORT", help="Folder or label of the report. Default: the newest in reports/."
)
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), metavar="FORMAT", help=f"{', '.join(FORMATS)}. Default: github."
)
@click.option(
    "--base-url", default="", metavar="URL", help="Use absolute addresses: where the page's folder is online."
)
@click.option(
    "--relative-to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The page that shows the chart. Default: a page in this folder.",
)
@click.option(
    "--width",
    type=click.IntRange(1, 10_000),
    default=None,
    metavar="PIXELS",
    help="Width of the chart. Default: its own.",
)
@click.option("--list", "listed", is_flag=True, help="List the charts of the report.")
@click.option("--update", is_flag=True, help="Rewrite the text between the markers in each FILE.")
@click.option("--check", is_flag=True, help="Show what --update would change; end with code 10 if anything.")
def command(
    words: Sequence[str],
    report: str,
    kind: str | None,
    base_url: str,
    relative_to: Path | None,
    width: int | None,
    listed: bool,
    update: bool,
    check: bool,
) -> int:
    """Embed charts of a report in other pages, and update them.

    \b
    Examples:
      ipcbench embed --list
      ipcbench embed slowdown-matrix --report laptop
      ipcbench embed winner-map --format mkdocs --relative-to docs/page.md
      ipcbench embed --update README.md docs/*.md
      ipcbench embed --check README.md docs/*.md

    With CHART the command prints a snippet to paste into a page. With --update it rewrites the text between the markers
    '<!-- ipcbench:begin CHART -->' and '<!-- ipcbench:end -->' of each page. After CHART a marker may have the options
    report=, format=, width= and base-url=; its report is a label, or a folder relative to the page.
    """
    if update or check:
        if not words or any((report, kind, base_url, relative_to, width, listed, update and check)):
            raise BadRequest(
                "embed --update and --check take only FILEs: write the options into the markers of the pages"
            )
        return _pages([Path(word) for word in dict.fromkeys(words)], update)
    from ipcbench.report.embed.pages import embed, find_report

    folder = find_report(report, Path())
    if not report:
        tell(f"report: {folder}, the newest in {folder.parent}")
    if listed:
        return _list(folder, words)
    if len(words) != 1:
        raise BadRequest(
            f"embed takes one CHART, or FILEs with --update or --check; to see the charts: {pasted('embed', '--list')}"
        )
    page = relative_to.parent if relative_to else Path()
    click.echo(embed(words[0], folder, kind or "github", page, width or 0, base_url))
    return 0


def _list(folder: Path, words: Sequence[str]) -> int:
    from ipcbench.report.embed.pages import titles
    from ipcbench.report.files.manifest import load_manifest

    if words:
        raise BadRequest("embed --list takes no CHART")
    for id_, title in titles(load_manifest(folder)):
        say(f"{id_:<24} {title}")
    return 0


def _pages(paths: Sequence[Path], update: bool) -> int:
    """Update all pages, or none if one cannot be read; or print what is out of date in them.

    Pages without markers are left alone; raises NoMarkers if no page has any.
    """
    from ipcbench.report.embed.markers import NoMarkers
    from ipcbench.report.embed.pages import open_page, write_page

    pages, without = [], list[NoMarkers]()
    for path in paths:
        try:
            pages.append(open_page(path))
        except NoMarkers as error:
            without.append(error)
    if not pages:
        raise without[0]
    if without:
        tell(f"{count(len(without), 'page')} without markers")
    for page in pages:
        if update:
            write_page(page)
        _tell(page, update)
    return STALE if not update and any(page.stale for page in pages) else 0


def _tell(page: Page, update: bool) -> None:
    for block in page.stale:
        say(f"{page.path}:{block.line}: {'updated' if update else 'out of date'}: {block.chart}")
    if not page.stale:
        say(f"{page.path}: up to date")
