"""The charts and the manifest of a report, of one run or of a comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from ipcbench import __version__
from ipcbench.report.charts import PLURALS, charts
from ipcbench.report.comparison.words import VERDICTS, Comparison
from ipcbench.report.content.study import Study
from ipcbench.report.drawing.plotting import mpl
from ipcbench.report.files.manifest import Manifest
from ipcbench.report.files.pictures import Picture, draw
from ipcbench.text import safe_text


def draw_all(about: Study, png: bool = True, begin: Callable[[list[str]], object] = lambda _: None) -> list[Picture]:
    """Return every chart of a run, drawn or with the reason why it is not.

    begin is called with the ids of the charts that will be drawn, before the first is.
    """
    asked = [(chart, view, chart.lacks(view)) for chart, view in charts(about)]
    begin([chart.id for chart, _, missing in asked if not missing])
    return [
        draw(chart, view, view.footer, PLURALS.get(view.setting[0], ""), png, missing) for chart, view, missing in asked
    ]


def of_run(about: Study, drawn: Sequence[Picture], result: str, digest: str) -> Manifest:
    """Return the manifest of a run's report; result names the results file, digest is the SHA-256 of its values."""
    machine, _, python = about.machine.rpartition(" · ")
    return Manifest(
        ipcbench=__version__,
        matplotlib=mpl.__version__,
        label=safe_text(about.record.label, 100),
        result=safe_text(Path(result).name),
        digest=digest,
        started=safe_text(about.record.started, 40),
        machine=machine,
        python=python,
        counts=_counts(about),
        charts={picture.id: picture.entry for picture in drawn},
    )


def _counts(about: Study) -> dict[str, int]:
    ok = about.summary[about.summary["verdict"] == "ok"]
    unstable = ok["drift"].notna() | (ok["modes"].notna() & (ok["modes"] > 1))
    verdicts = {safe_text(verdict, 60): number for verdict, number in about.record.counts.items()}
    return verdicts | {"doubtful": about.doubtful, "unstable": int(unstable.fillna(False).sum())}


def of_comparison(comparison: Comparison, drawn: Sequence[Picture]) -> Manifest:
    """Return the manifest of a comparison: labels, files, machines and Pythons of its sides, the base last.

    result is empty if the names of the files are not known; digest is the SHA-256 of the digests of the sides, one a
    line; started is when the latest of the runs began; counts are rows by verdict.
    """
    base, *others = comparison.sides
    sides, columns = [*others, base], comparison.contrast.columns[1:]
    table: pd.DataFrame = comparison.contrast.table
    return Manifest(
        ipcbench=__version__,
        matplotlib=mpl.__version__,
        label=safe_text(f"{' and '.join(columns)} vs {comparison.contrast.base}"),
        result=safe_text(", ".join(side.file for side in sides if side.file), 1000),
        digest=hashlib.sha256("".join(f"{side.digest}\n" for side in sides).encode()).hexdigest(),
        started=max((safe_text(side.facts.get("date", ""), 40) for side in sides), default=""),
        machine=safe_text("; ".join(dict.fromkeys(side.facts.get("CPU", "not known") for side in sides)), 1000),
        python=safe_text("; ".join(dict.fromkeys(side.facts.get("Python", "not known") for side in sides)), 1000),
        counts={verdict: int((table["verdict"] == verdict).sum()) for verdict in VERDICTS},
        charts={picture.id: picture.entry for picture in drawn},
    )
