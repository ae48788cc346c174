"""Write the report of a comparison: its Markdown, its cases as CSV and its charts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ipcbench.analysis.compare.side import Side
from ipcbench.report.charts import COMPARED
from ipcbench.report.comparison.formats import as_csv, as_markdown
from ipcbench.report.comparison.words import Comparison
from ipcbench.report.files.contents import of_comparison
from ipcbench.report.files.folder import write_report
from ipcbench.report.files.pictures import draw
from ipcbench.text import safe_text


def write(comparison: Comparison, folder: Path) -> Path:
    """Write summary.md, cases.csv and charts/ into a folder, created if missing, and return the path of summary.md.

    Each chart with data becomes charts/<id>-light.svg, -dark.svg, .png and .csv; files of earlier charts without data
    are removed. manifest.json names them all. Raises ResultError if the folder cannot be written.
    """
    drawn = [draw(chart, comparison, footer(comparison)) for chart in COMPARED]
    about = replace(comparison, charts=[(picture.id, picture.alt) for picture in drawn if not picture.missing])
    texts = {"cases.csv": as_csv(comparison), "summary.md": as_markdown(about, everything=False)}
    write_report(folder, drawn, texts, of_comparison(comparison, drawn))
    return folder / "summary.md"


def footer(comparison: Comparison) -> tuple[str, str]:
    """Return the two lines under every chart: the origin of the base, and of the others."""
    base, *others = comparison.sides
    return _origin(base), " · ".join(_origin(side, short=len(others) > 1) for side in others)


def _origin(side: Side, short: bool = False) -> str:
    names = ("CPU", "Python", "ipcbench") if short else ("CPU", "CPUs", "Python", "ipcbench", "rounds", "date")
    units = {"CPUs": "CPUs ", "ipcbench": "ipcbench ", "rounds": "rounds "}
    known = [f"{units.get(name, '')}{safe_text(side.facts[name], 60)}" for name in names if name in side.facts]
    return safe_text(f"{side.name}: {', '.join(known)}")
