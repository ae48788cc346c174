"""A results file prepared for display: ranked, cleaned of hostile text, with its origin in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from ipcbench.analysis.percentiles import percentiles
from ipcbench.analysis.ranking import rank
from ipcbench.analysis.self_check import SelfCheck, self_check
from ipcbench.analysis.stability import Shape, shape
from ipcbench.analysis.stats import FloatArray, by_round, summarise
from ipcbench.report.content.outcomes import outcomes
from ipcbench.report.content.remarks import remarks
from ipcbench.report.content.setting import SETTING, Setting, brief, in_words, main_setting, settings
from ipcbench.report.content.waking import waking
from ipcbench.report.content.warnings import warnings
from ipcbench.results.frame import case_frame, tail_frame, value_frame, visit_frame
from ipcbench.results.schema import PyperfBenchmark, ResultFile, RunRecord
from ipcbench.results.touched import touched_words
from ipcbench.text import count, safe_text
from ipcbench.units import format_duration, format_ratio, format_size

LONGEST_NAME = 60
MOST_DATES = 3  # dates of repeats in one line
_WORDS = ["question", "pattern", "operation", "mechanism", "title", "short", "family", "carries", "wait"]


@dataclass(frozen=True)  # no slots, for cached properties
class Study:
    """The data behind all parts of a report.

    summary is `analysis.stats.rank` over all cases, its text cleaned, plus `key`, the case as the file has it,
    `drift` and `modes`, see `analysis.stability`, and `shape`, both in words.
    warnings are the traps and remarks the remarks of the run, both in sentences. tails is
    `analysis.percentiles.percentiles`, series the visit means of each case by round, by key; visits is
    `results.frame.visit_frame`, delays is `results.frame.tail_frame`. setting is the one that charts show. benchmarks
    hold the single values.
    """

    record: RunRecord
    summary: pd.DataFrame
    warnings: list[str]
    remarks: list[str]
    tails: pd.DataFrame
    series: dict[str, FloatArray]
    visits: pd.DataFrame
    delays: pd.DataFrame
    setting: Setting
    benchmarks: Sequence[PyperfBenchmark]

    @cached_property
    def values(self) -> pd.DataFrame:
        """Every single value and warm-up: `results.frame.value_frame`, whose case is a key."""
        return value_frame(self.benchmarks)

    @cached_property
    def check(self) -> SelfCheck:
        """The self-check of the file."""
        return self_check(list(self.series.values()), self.record.rounds)

    @property
    def rounds(self) -> str:
        """The number of rounds in words; 'up to 18 rounds' if some cases have fewer, as a budget can decide."""
        known = self.summary.loc[self.summary["rounds"] > 0, "rounds"]
        most = int(known.max()) if len(known) else self.record.rounds
        return count(most, "round") if len(self.record.repeats) > 1 or known.nunique() < 2 else f"up to {most} rounds"

    @property
    def machine(self) -> str:
        """The machine and its Python, in one line."""
        machine = self.record.machine
        kind = "" if machine.memory is None else f", {format_size(machine.memory)}"
        kind += ", virtual" if machine.virtual else ""
        return safe_text(
            f"{safe_text(machine.cpu_model, 60)}, {count(machine.usable_cpus, 'usable CPU')}{kind} · "
            f"{safe_text(machine.system, 20)} {safe_text(machine.kernel, 40)} · "
            f"{safe_text(machine.implementation, 20)} {safe_text(machine.python, 20)}"
        )

    @property
    def provenance(self) -> str:
        """How and when it was run, in one line."""
        record = self.record
        return safe_text(
            f"{', '.join(brief(self.setting))} · {safe_text(record.label, 60)}, {self.date} · "
            f"{self.rounds} × {count(record.settings.values, 'value')} · ipcbench {record.ipcbench}"
        )

    @property
    def date(self) -> str:
        """The day and minute when the run began; for several repeats, their number and when each began."""
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
        """(outcome in words, number of cases), measured cases first; see `outcomes`."""
        return outcomes(self.record)

    @property
    def doubtful(self) -> int:
        """How many measured cases have a note."""
        return len(self.noted)

    @property
    def noted(self) -> pd.DataFrame:
        """The measured cases that have a note."""
        return self.summary[(self.summary["verdict"] == "ok") & (self.summary["notes"] != "")]

    @property
    def doubts(self) -> list[str]:
        """What was wrong with the machine before the run and what disturbed it during the run, in sentences."""
        found = [f"{one.name}: {one.value}" for one in self.record.conditions if one.level == "warning"]
        touched = touched_words(self.record)
        return [
            *([safe_text(f"The machine was not in good order: {'; '.join(found)}.", 1000)] if found else []),
            *([safe_text(f"{touched}. Their values are kept and counted.", 300)] if touched else []),
        ]

    @property
    def other_settings(self) -> list[str]:
        """The settings of the run that the charts do not show, in words."""
        return [in_words(setting) for setting in sorted(set(settings(self.summary)) - {self.setting})]


def _minute(started: str) -> str:
    return safe_text(started, 40)[:16].replace("T", " ")


def study(result: ResultFile) -> Study:
    """Analyse a results file."""
    visits = visit_frame(result)
    ranked = rank(summarise(case_frame(result), visits), visits)
    cleaned = {column: [safe_text(text, LONGEST_NAME) for text in ranked[column]] for column in _WORDS}
    cleaned |= {column: [safe_text(text, 300) for text in ranked[column]] for column in ("case", "reason", "notes")}
    delays = tail_frame(result)
    series, tails = by_round(visits), percentiles(delays)
    shapes = [shape(series[case]) if case in series else Shape() for case in ranked["case"]]
    summary = ranked.assign(
        **cleaned,
        key=ranked["case"],
        drift=[found.drift for found in shapes],
        modes=pd.array([found.groups or None for found in shapes], dtype="Int64"),
        shape=[_words(found) for found in shapes],
    ).copy()  # as few blocks as there are types: charts take rows of it hundreds of times
    as_filed = summary.assign(case=ranked["case"])
    networked = {facts.name for facts in result.ipcbench.mechanisms if facts.scope == "network"}
    setting, values = main_setting(summary), result.benchmarks
    alike = as_filed[as_filed["cpus"] == dict(zip(SETTING, setting, strict=True))["cpus"]]
    trap, remark = waking(as_filed)
    traps = [*trap, *warnings(alike, series, tails, networked)]
    others = [*remark, *remarks(alike, series, tails, result.ipcbench.machine.usable_cpus)]
    traps, others = ([safe_text(text, 1000) for text in said] for said in (traps, others))
    return Study(result.ipcbench, summary, traps, others, tails, series, visits, delays, setting, values)


def _words(found: Shape) -> str:
    """Describe drift and groups of the visits of a case; empty for most cases."""
    parts = []
    if not math.isnan(found.drift):
        parts.append(f"{'slower' if found.drift > 0 else 'faster'} by {abs(found.drift):.0%} over the run")
    if found.groups == 2:
        parts.append(f"two groups of visits, {format_ratio(found.factor)} apart")
    return "; ".join(parts)
