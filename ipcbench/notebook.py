"""The public interface, `ipcbench.load`: a run as tables, ratios with intervals, sentences and charts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from ipcbench.analysis.difference import Difference, paired
from ipcbench.errors import ResultError, UnknownName
from ipcbench.report.charts import Chart, charts
from ipcbench.report.content.findings import sentences
from ipcbench.report.content.study import Study, study
from ipcbench.report.content.words import markdown
from ipcbench.report.drawing.svg import drawing, to_png
from ipcbench.report.drawing.theme import LIGHT, THEMES, Theme
from ipcbench.report.files.descriptions import describe
from ipcbench.report.files.pictures import alt_of, plotted, svg_of
from ipcbench.report.page.markdown import table as as_markdown
from ipcbench.results.frame import value_frame
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load as load_file
from ipcbench.results.store import locate
from ipcbench.text import safe_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Run", "RunChart", "load"]

ThemeName = Literal["light", "dark"]


def load(source: str | Path) -> Run:
    """Read a results file, given its path or its label in results/. Raises ResultError."""
    found = locate(source, Path("results")) if isinstance(source, str) else source
    return Run(load_file(Path(source) if found is None else found))


class Run:
    """One run. A notebook shows the sentences that open its report."""

    def __init__(self, result: ResultFile) -> None:
        self.result = result

    def __repr__(self) -> str:
        record = self.result.ipcbench
        return f"<ipcbench run {safe_text(record.label, 100)!r}: {len(record.cases)} cases, {record.rounds} rounds>"

    @cached_property
    def _about(self) -> Study:
        return study(self.result)

    @cached_property
    def _charts(self) -> dict[str, tuple[Chart[Study], Study]]:
        return {chart.id: (chart, view) for chart, view in charts(self._about)}

    @property
    def cases(self) -> pd.DataFrame:
        """Return one row per case, cases without a number included; docs/quick-start.md describes the columns."""
        return self._about.summary.drop(columns="key")

    @property
    def visits(self) -> pd.DataFrame:
        """Return one row per visit: case, round, repeat, and the mean, least and CPU seconds per operation."""
        return self._about.visits.copy()

    @property
    def values(self) -> pd.DataFrame:
        """Return one row per value, warm-ups excluded: case, round, number within the visit, seconds, turn.

        Seconds are per operation. turn is the place of the value in the order of all turns of its sitting, from 0, and
        NA in files of protocol 1.
        """
        found = value_frame(self.result.benchmarks)
        found = found[~found["warmup"]].drop(columns="warmup").reset_index(drop=True)
        turns = {
            (visit.case, visit.round, number): turn
            for visit in self.result.ipcbench.visits
            for number, turn in enumerate(visit.turns, start=1)
        }
        keys = zip(found["case"], found["round"], found["value"], strict=True)
        return found.assign(turn=pd.array([turns.get(key) for key in keys], dtype="Int64"))

    def interval(self, case: str) -> tuple[float, float]:
        """Return the 95 % interval of a case's median, in seconds per operation; NaN below 3 rounds.

        Raises UnknownName for a case that the run does not have, ResultError for one without a number.
        """
        row = self._row(case)
        return float(row["low"]), float(row["high"])

    def ratio(self, first: str, second: str) -> Difference:
        """Return how many times as long the first case takes as the second, with its 95 % interval, paired by round.

        The ratio is that of reports and of `ipcbench compare`, see `analysis.difference.paired`, without an interval
        below 3 common rounds. Raises UnknownName for a case that the run does not have, ResultError for one without a
        number.
        """
        one, other = (self._about.series[str(self._row(case)["key"])] for case in (first, second))
        return paired(one, other)

    def _row(self, case: str) -> pd.Series[Any]:
        """Return the summary of a case that has a number."""
        summary = self._about.summary
        found = summary[summary["key"] == case]
        if found.empty:
            raise UnknownName("case", safe_text(case, 80), (safe_text(key, 80) for key in summary["key"]))
        row = found.iloc[0]
        if row["verdict"] != "ok":
            raise ResultError(f"case {case!r} has no number: {row['verdict']}: {row['reason']}")
        return row

    @property
    def charts(self) -> list[str]:
        """Return the ids of the charts that this run has data for."""
        return [id_ for id_, (chart, view) in self._charts.items() if not chart.lacks(view)]

    @property
    def sentences(self) -> list[str]:
        """Return the findings of the run, in sentences with figures."""
        return sentences(self._about.summary)

    def chart(self, id_: str, theme: ThemeName | None = None) -> RunChart:
        """Return a chart by its id, in the light theme by default.

        Raises UnknownName for an unknown chart or theme, ResultError if the run has no data for the chart.
        """
        if id_ not in self._charts:
            raise UnknownName("chart", safe_text(id_, 80), self._charts)
        looks = {look.name: look for look in THEMES}
        if theme is not None and theme not in looks:
            raise UnknownName("theme", safe_text(theme, 80), looks)
        chart, view = self._charts[id_]
        missing = chart.lacks(view)
        if missing:
            raise ResultError(f"chart {id_!r} cannot be drawn: {safe_text(missing, 500)}")
        return RunChart(chart, view, looks[theme] if theme else LIGHT)

    def _repr_markdown_(self) -> str:
        return "\n".join(f"- {markdown(sentence, 1000)}" for sentence in self._said())

    def _repr_html_(self) -> str:
        return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in self._said())}</ul>"

    def _said(self) -> Sequence[str]:
        return [*self.sentences, *self._about.warnings]


class RunChart:
    """One chart of a run in one theme. A notebook shows it as SVG, or else as PNG, a table or text."""

    def __init__(self, chart: Chart[Study], about: Study, theme: Theme) -> None:
        self._chart, self._about, self._theme = chart, about, theme

    def __repr__(self) -> str:
        return f"<ipcbench chart {self.id}: {self.alt}>"

    @property
    def id(self) -> str:
        """Return the id of the chart."""
        return self._chart.id

    @property
    def theme(self) -> str:
        """Return the name of the theme: light or dark."""
        return self._theme.name

    @cached_property
    def data(self) -> pd.DataFrame:
        """Return the data of the chart: times in seconds, sizes in bytes."""
        return self._chart.table(self._about)

    @cached_property
    def alt(self) -> str:
        """Return the finding in words, with a figure, in at most 150 characters."""
        return alt_of(self._chart, self.data)

    def figure(self) -> Figure:
        """Return a new matplotlib Figure, which the caller may change and save."""
        with drawing(self._theme, self.id):
            return plotted(self._chart, self.data, self._about.footer, self._theme)

    @cached_property
    def svg(self) -> str:
        """Return the SVG text that the report holds."""
        with drawing(self._theme, self.id):
            figure = plotted(self._chart, self.data, self._about.footer, self._theme)
            return svg_of(figure, self._chart, describe(self.data), self._about.footer)

    @property
    def png(self) -> bytes:
        """Return the bytes of a PNG file at twice the resolution of a screen."""
        with drawing(self._theme, self.id):
            return to_png(plotted(self._chart, self.data, self._about.footer, self._theme))

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return every form for the notebook to choose from; "isolated" keeps ids of the SVG apart from the page's."""
        forms: dict[str, Any] = {
            "image/svg+xml": lambda: self.svg,
            "image/png": lambda: self.png,
            "text/markdown": self._table,
            "text/plain": lambda: self.alt,
        }
        wanted = [kind for kind in forms if (not include or kind in include) and kind not in (exclude or ())]
        data = {kind: forms[kind]() for kind in wanted}
        return data, {"image/svg+xml": {"isolated": True}} if "image/svg+xml" in data else {}

    def _table(self) -> str:
        if self._chart.details is None:
            return markdown(self.alt)
        return as_markdown(self._chart.details(self.data, self._chart.title))
