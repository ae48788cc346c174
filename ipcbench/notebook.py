"""A results file in a notebook: its cases and values as tables, its charts as objects that show themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

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
    """Read a results file, by its path or by its label in results/; raises ResultError."""
    found = locate(source, Path("results")) if isinstance(source, str) else source
    return Run(load_file(Path(source) if found is None else found))


class Run:
    """One run. Shown in a notebook it says what its report says first."""

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
    def frame(self) -> pd.DataFrame:
        """One row per case, those without a number included: what was measured, its median and interval in seconds,
        how many times slower than the best it is, verdict, reason and notes.
        """
        return self._about.summary.copy()

    @property
    def values(self) -> pd.DataFrame:
        """One row per value without the warm-ups: case, round, value, which counts them in a visit, and seconds."""
        found = value_frame(self.result.benchmarks)
        return found[~found["warmup"]].drop(columns="warmup").reset_index(drop=True)

    @property
    def charts(self) -> list[str]:
        """The ids of the charts that this run has numbers for."""
        return [id_ for id_, (chart, view) in self._charts.items() if not chart.lacks(view)]

    @property
    def sentences(self) -> list[str]:
        """What the run says, in sentences with figures."""
        return sentences(self._about.summary, self.result.ipcbench.rounds)

    def chart(self, id_: str, theme: ThemeName | None = None) -> RunChart:
        """A chart by its id, light unless told; raises UnknownName, and ResultError where the run has no such data."""
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
    """One chart of a run in one theme: shown in a notebook as SVG, elsewhere as PNG, as a table or in words."""

    def __init__(self, chart: Chart[Study], about: Study, theme: Theme) -> None:
        self._chart, self._about, self._theme = chart, about, theme

    def __repr__(self) -> str:
        return f"<ipcbench chart {self.id}: {self.alt}>"

    @property
    def id(self) -> str:
        """The id of the chart."""
        return self._chart.id

    @property
    def theme(self) -> str:
        """The name of its theme."""
        return self._theme.name

    @cached_property
    def data(self) -> pd.DataFrame:
        """What is drawn: times in seconds, sizes in bytes."""
        return self._chart.table(self._about)

    @cached_property
    def alt(self) -> str:
        """The finding in words, with a figure, in at most 150 characters."""
        return alt_of(self._chart, self.data)

    def figure(self) -> Figure:
        """A new matplotlib Figure of it, to change and to save."""
        with drawing(self._theme, self.id):
            return plotted(self._chart, self.data, self._about.footer, self._theme)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG text, as a report has it."""
        with drawing(self._theme, self.id):
            figure = plotted(self._chart, self.data, self._about.footer, self._theme)
            return svg_of(figure, self._chart, describe(self.data), self._about.footer)

    @property
    def png(self) -> bytes:
        """The picture as the bytes of a PNG file, at twice the resolution of a screen."""
        with drawing(self._theme, self.id):
            return to_png(plotted(self._chart, self.data, self._about.footer, self._theme))

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """All forms at once, for the notebook to choose; the SVG keeps its ids to itself."""
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
