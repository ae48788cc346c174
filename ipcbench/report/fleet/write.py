"""Write the report over many hosts: a page, its Markdown, hosts and cases as CSV, and its charts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ipcbench import __version__
from ipcbench.analysis.fleet.gather import notes
from ipcbench.analysis.fleet.host import fact
from ipcbench.report.charts import SURVEYED
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import listing
from ipcbench.report.drawing.plotting import mpl
from ipcbench.report.files.folder import write_report
from ipcbench.report.files.manifest import Manifest
from ipcbench.report.files.pictures import Picture, draw
from ipcbench.report.fleet.formats import as_csv, as_markdown, cases_csv
from ipcbench.report.fleet.words import Survey, parts, sentences
from ipcbench.report.page.html import rendered
from ipcbench.text import count, safe_text

READING = (
    "A ratio is the time of a host over the fleet's centre: for each case the median of the hosts' own times, and for "
    "a host the geometric mean over its cases. Above 1 is slower. Samples of two hosts are never pooled.",
    "A host differs if its ratio lies beyond what its own rounds, the drift between two moments and the spread of all "
    "hosts explain, tested for all hosts at once (Benjamini and Hochberg, 5 %), and by more than 3 %. The interval "
    "beside it comes from its own rounds and drift alone.",
    "The level of a host is the median of its ratios. A family or a case differs if it lies off that level: a "
    "machine that is slower by one factor in everything has none.",
    "The winner of a block is the mechanism that is the fastest on most hosts. On a host another one wins for certain "
    "if the usual winner takes more than 3 % longer there, and more than the rounds explain; else it is a tie.",
    "That one machine is faster than another says nothing about a mechanism, nor about other machines.",
)


def write(survey: Survey, folder: Path) -> Path:
    """Write report.html, summary.md, hosts.csv, cases.csv and charts/ into a folder, and return the path of the page.

    manifest.json names all charts. Raises ResultError if the folder cannot be written.
    """
    drawn = [draw(chart, survey, footer(survey)) for chart in SURVEYED]
    about = replace(survey, charts=[(picture.id, picture.alt) for picture in drawn if not picture.missing])
    texts = {
        "hosts.csv": as_csv(survey),
        "cases.csv": cases_csv(survey),
        "summary.md": as_markdown(about, everything=False),
        "report.html": page(survey, drawn, folder.name),
    }
    write_report(folder, drawn, texts, _manifest(survey, drawn))
    return folder / "report.html"


def footer(survey: Survey) -> tuple[str, str]:
    """Return the two lines under every chart: hosts by class, and the versions and dates of their runs."""
    hosts, kinds = survey.fleet.hosts, survey.outliers.classes
    first = [f"{many:,} of {facts[0]}, {', '.join(facts[2:])}" for facts, many in kinds[:2]]
    more = [f"{len(kinds) - 2:,} more classes"] if len(kinds) > 2 else []
    versions = sorted({fact(host, "ipcbench") for host in hosts})
    dates = sorted(date for host in hosts if (date := host.facts.get("date", "")))
    when = f" · {dates[0]}{f' to {dates[-1]}' if dates[-1] != dates[0] else ''}" if dates else ""
    name = safe_text(survey.title, 60)
    return (
        safe_text(f"{name}: {count(len(hosts), 'host')}, {listing([*first, *more])}"),
        safe_text(f"ipcbench {listing(versions, 3)}{when}"),
    )


def page(survey: Survey, drawn: Sequence[Picture], folder: str) -> str:
    """Return the whole page."""
    first = sentences(survey)
    blocks = survey.winners.blocks
    said = parts(survey)[len(first) :]
    return rendered(
        "fleet.html.j2",
        drawn,
        f"reports/{folder}",
        title=safe_text(survey.title, 100),
        sentences=[safe_text(sentence, 1000) for sentence in first],
        notes=[safe_text(note, 1000) for note in notes(survey.fleet)],
        charts=drawn,
        tables=[part for part in said if isinstance(part, Table)],
        names=sorted(set(blocks["winner"])) if len(blocks) else [],
        reading=READING,
        version=__version__,
    )


def _manifest(survey: Survey, drawn: Sequence[Picture]) -> Manifest:
    """Return the manifest: digest is the SHA-256 of the files' digests, one a line; counts are hosts by verdict."""
    hosts = survey.fleet.hosts
    verdicts = survey.outliers.hosts["verdict"]
    counts = {word: int((verdicts == word).sum()) for word in ("slower", "faster", "unknown")}
    names = [host.file for host in hosts if host.file]
    return Manifest(
        ipcbench=__version__,
        matplotlib=mpl.__version__,
        label=safe_text(survey.title, 100),
        result=safe_text(f"{', '.join(names[:10])}{', …' if len(names) > 10 else ''}", 1000),
        digest=hashlib.sha256("".join(f"{host.digest}\n" for host in hosts).encode()).hexdigest(),
        started=max((safe_text(host.facts.get("date", ""), 40) for host in hosts), default=""),
        machine=safe_text("; ".join(sorted({fact(host, "CPU") for host in hosts})), 1000),
        python=safe_text("; ".join(sorted({fact(host, "Python") for host in hosts})), 1000),
        counts={"hosts": len(hosts), "in part": len(survey.differing) - counts["slower"] - counts["faster"]} | counts,
        charts={picture.id: picture.entry for picture in drawn},
    )
