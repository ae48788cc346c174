"""The charts of a report, of a comparison and of a fleet, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipcbench.report.drawing import plotting  # noqa: F401 - before any chart imports matplotlib

# isort: split
from ipcbench.report.charts import (
    break_even,
    cliffs,
    cpu_cost,
    families,
    grid,
    load_latency,
    matrix,
    memory,
    percentiles,
    placement,
    roofline,
    scaling,
    speedup,
    stability,
    state,
    winner_map,
)
from ipcbench.report.comparison import machine_ratios, winner_map_diff
from ipcbench.report.comparison.words import Comparison
from ipcbench.report.content.setting import in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.drawing.chart import EVERY, Chart
from ipcbench.report.fleet import hosts, winners
from ipcbench.report.fleet.words import Survey

CHARTS: tuple[Chart[Study], ...] = (
    matrix.CHART,
    winner_map.CHART,
    speedup.CHART,
    grid.CHART,
    families.CHART,
    roofline.CHART,
    scaling.CHART,
    break_even.CHART,
    state.CHART,
    percentiles.CHART,
    load_latency.CHART,
    cliffs.CHART,
    cpu_cost.CHART,
    memory.CHART,
    placement.CHART,
    stability.CHART,
)
COMPARED: tuple[Chart[Comparison], ...] = (machine_ratios.CHART, winner_map_diff.CHART)
SURVEYED: tuple[Chart[Survey], ...] = (hosts.CHART, winners.CHART)

__all__ = ["CHARTS", "COMPARED", "SURVEYED", "Chart", "charts"]

PLURALS = {"bytes": "bytes", "object": "objects", "array": "arrays"}
LEAST_RIVALS = 3  # mechanisms with a number that another kind of payload needs before it gets charts of its own


def charts(about: Study) -> Iterator[tuple[Chart[Study], Study]]:
    """Yield every chart of a report with the study that it draws: the setting shown, then other kinds of payload.

    The chart `scaling` is yielded once for each pattern with workers. The charts of another kind of payload end in its
    name, as in slowdown-matrix-arrays, and are yielded only if the run has at least LEAST_RIVALS mechanisms for them.
    """
    for chart in CHARTS:
        for variant in scaling.variants(about) if chart is scaling.CHART else [chart]:
            yield variant, about
    for payload, word in PLURALS.items():
        view = replace(about, setting=(payload, *about.setting[1:]))
        if payload == about.setting[0]:
            continue
        cases = about.summary[in_setting(about.summary, view.setting) & about.summary["ranked"]]
        for chart in CHARTS:
            there = cases if chart.pattern == EVERY else cases[cases["pattern"] == chart.pattern]
            there = there[there["seconds"].notna()]
            if chart.by_payload and there["mechanism"].nunique() >= LEAST_RIVALS and not chart.lacks(view):
                yield of_payload(chart, word), view


def of_payload(chart: Chart[Study], word: str) -> Chart[Study]:
    """Return the chart for another kind of payload, which its id, topic, title, caption and alt text then name."""
    return replace(
        chart,
        id=f"{chart.id}-{word}",
        topic=f"{chart.topic} ({word})",
        title=f"{chart.title} ({word})",
        caption=f"The payload is {word}. {chart.caption}",
        alt=lambda table: f"{word.capitalize()}: {chart.alt(table)}",
        payload=word,
    )
