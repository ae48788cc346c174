"""`ipcbench embed`: charts of a report into other pages, and kept fresh there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ipcbench.cli.exit_codes import STALE
from ipcbench.cli.output import say, tell
from ipcbench.errors import BadRequest
from ipcbench.shell import pasted

if TYPE_CHECKING:
    from ipcbench.report.embed.pages import Page

FORMATS = ("github", "pypi", "sphinx", "rst", "mkdocs", "markdown", "html")


@click.command("embed")
@click.argument("words", nargs=-1, metavar="CHART | FILE...")
@click.option("--report", default="", metavar="FOLDER|LABEL", help="Of which report. Default: the newest in reports/.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="For which kind of page. Default: github.")
@click.option("--base-url", default="", metavar="URL", help="Absolute addresses: where the page's folder is published.")
@click.option("--relative-to", type=click.Path(path_type=Path), metavar="FILE", help="The page. Default: one here.")
@click.option("--width", type=click.IntRange(1, 10_000), default=None, help="In pixels. Default: the chart's own.")
@click.option("--list", "listed", is_flag=True, help="List the charts of the report.")
@click.option("--update", is_flag=True, help="Write anew what stands between the markers in each FILE.")
@click.option("--check", is_flag=True, help="Only say what --update would change; code 10 if anything.")
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
    """Print a snippet that shows CHART in another page, or keep such snippets fresh.

    A page that is kept fresh has markers, '<!-- ipcbench:begin CHART -->' and '<!-- ipcbench:end -->', with the options
    report=, format=, width= and base-url= after CHART; a report is a folder as seen from the page, or a label.

    \b
    Examples:
      ipcbench embed slowdown-matrix --report laptop
      ipcbench embed winner-map --format mkdocs --relative-to docs/page.md
      ipcbench embed --update README.md docs/*.md
      ipcbench embed --check README.md docs/*.md
    """
    if update or check:
        if not words or any((report, kind, base_url, relative_to, width, listed, update and check)):
            raise BadRequest("embed --update or --check takes FILEs and nothing else: options stand in the markers")
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
    """Update all pages or none of them; or say what is stale in them."""
    from ipcbench.report.embed.pages import open_page, write_page

    pages = [open_page(path) for path in paths]
    for page in pages:
        if update:
            write_page(page)
        _tell(page, update)
    return STALE if not update and any(page.stale for page in pages) else 0


def _tell(page: Page, update: bool) -> None:
    for block in page.stale:
        say(f"{page.path}:{block.line}: {'updated' if update else 'stale'}: {block.chart}")
    if not page.stale:
        say(f"{page.path}: fresh")
