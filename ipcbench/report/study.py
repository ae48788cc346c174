"""A results file made ready to be shown: ranked, cleaned of hostile text, with the words for where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ipcbench.analysis.stats import FloatArray, by_round, rank, summarise
from ipcbench.analysis.tails import percentiles
from ipcbench.report.charts.chart import main_setting, settings
from ipcbench.report.text import count
from ipcbench.report.warnings import warnings
from ipcbench.results.frame import case_frame, tail_frame, visit_frame
from ipcbench.results.schema import ResultFile, RunRecord
from ipcbench.text import safe_text
from ipcbench.units import format_duration, format_size

LONGEST_NAME = 60
MOST_DATES = 3  # of repeats, in one line
_WORDS = ["question", "pattern", "operation", "mechanism", "title", "short", "family", "carries", "wait"]


@dataclass(frozen=True, slots=True)
class Study:
    """What all parts of a report draw on.

    summary is `analysis.stats.rank` over all cases, its text cleaned, plus `cpus`, the usable CPUs of the machine.
    warnings are the traps that the run shows, in words. tails is `analysis.tails.percentiles`, series the visit means
    of each case by round.
    """

    record: RunRecord
    summary: pd.DataFrame
    warnings: list[str]
    tails: pd.DataFrame
    series: dict[str, FloatArray]

    @property
    def machine(self) -> str:
        """The machine and its Python, in one line."""
        machine = self.record.machine
        kind = ", virtual" if machine.virtual else ""
        return safe_text(
            f"{safe_text(machine.cpu_model, 60)}, {count(machine.usable_cpus, 'usable CPU')}, "
            f"{format_size(machine.memory)}{kind} · {safe_text(machine.system, 20)} {safe_text(machine.kernel, 40)} · "
            f"{safe_text(machine.implementation, 20)} {safe_text(machine.python, 20)}"
        )

    @property
    def provenance(self) -> str:
        """How and when it was run, in one line."""
        record = self.record
        return safe_text(
            f"{', '.join(filter(None, main_setting(self.summary)))} · {safe_text(record.label, 60)}, {self.date} · "
            f"{count(record.rounds, 'round')} × {count(record.settings.values, 'value')} · ipcbench {record.ipcbench}"
        )

    @property
    def date(self) -> str:
        """The day and minute the run began, as the file has it; of several repeats how many, and when each began."""
        if len(self.record.repeats) < 2:
            return _minute(self.record.started)
        dates = [_minute(repeat.started) for repeat in self.record.repeats]
        if len(dates) > MOST_DATES:
            return f"{count(len(dates), 'repeat')}: {dates[0]} to {dates[-1]}"
        return f"{count(len(dates), 'repeat')}: {', '.join(dates)}"

    @property
    def duration(self) -> str:
        """How long the run took."""
        return format_duration(self.record.wall)

    @property
    def footer(self) -> tuple[str, str]:
        """The two lines under every chart."""
        return self.machine, self.provenance

    @property
    def badge(self) -> list[tuple[str, int]]:
        """(verdict, how many cases), ok first."""
        counts = self.record.counts
        return [("ok", counts.get("ok", 0)), *sorted((v, n) for v, n in counts.items() if v != "ok")]

    @property
    def other_settings(self) -> list[str]:
        """Payloads, start methods and placements of the run that the charts do not show."""
        main = main_setting(self.summary)
        return [", ".join(filter(None, setting)) for setting in sorted(set(settings(self.summary)) - {main})]


def _minute(started: str) -> str:
    return safe_text(started, 40)[:16].replace("T", " ")


def study(result: ResultFile) -> Study:
    """Analyse a results file."""
    visits = visit_frame(result)
    ranked = rank(summarise(case_frame(result), visits), visits)
    cleaned = {column: [safe_text(text, LONGEST_NAME) for text in ranked[column]] for column in _WORDS}
    cleaned |= {column: [safe_text(text, 300) for text in ranked[column]] for column in ("case", "reason", "notes")}
    summary = ranked.assign(**cleaned, cpus=result.ipcbench.machine.usable_cpus)
    series, tails = by_round(visits), percentiles(tail_frame(result))
    traps = warnings(summary.assign(case=ranked["case"]), series, tails)
    return Study(result.ipcbench, summary, [safe_text(text, 1000) for text in traps], tails, series)
