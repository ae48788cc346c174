"""The order of the page: which chart stands under which heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipcbench.report.files.pictures import Picture


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of the page that holds charts. charts are ids without a suffix for the payload or pattern.

    id must differ from the ids of all charts, since both are targets of links.
    """

    id: str
    title: str
    charts: tuple[str, ...]


HEADINGS = (
    Heading("slowdown", "How much slower than the best?", ("slowdown-matrix",)),
    Heading("choosing", "Choosing", ("winner-map",)),
    Heading("latency", "Latency", ("latency-grid", "latency-families", "speedup-vs-queue", "cost-breakdown")),
    Heading("streaming", "Throughput", ("throughput-roofline", "throughput")),
    Heading("more-workers", "Scaling", ("scaling", "work-break-even")),
    Heading("slow-messages", "Tails: how slow are the slowest messages?", ("percentiles", "load-latency")),
    Heading(
        "other-costs",
        "Shared state, CPU, memory, placement",
        ("state-operations", "cpu-cost", "memory", "placement", "cliffs", "core-latency"),
    ),
    Heading("diagnostics", "Diagnostics", ("stability",)),
)
LAST = HEADINGS[-1]  # the heading of charts that no heading names


def under(charts: Sequence[Picture]) -> dict[str, list[Picture]]:
    """Return the charts of each heading, by its id and in its order; charts that no heading names go under the last."""
    found: dict[str, list[Picture]] = {heading.id: [] for heading in HEADINGS}
    for chart in charts:
        found[heading_of(chart.id).id].append(chart)
    for heading in HEADINGS:
        found[heading.id].sort(key=lambda chart: _place(heading, chart.id))
    return found


def heading_of(chart: str) -> Heading:
    """Return the heading of a chart; 'slowdown-matrix-objects' has the heading of 'slowdown-matrix'."""
    return next((heading for heading in HEADINGS if _place(heading, chart) < len(heading.charts)), LAST)


def _place(heading: Heading, chart: str) -> int:
    matches = (place for place, name in enumerate(heading.charts) if chart == name or chart.startswith(f"{name}-"))
    return next(matches, len(heading.charts))
