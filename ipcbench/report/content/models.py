"""The models of a run as tables: start-up and bandwidth, sizes where two cross, scaling against workers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ipcbench.analysis.curves import Curve, crossings, lines, scalings
from ipcbench.analysis.models import Estimate, Line, Scaling
from ipcbench.report.content.setting import SETTING
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import estimate, listing
from ipcbench.text import count
from ipcbench.units import format_bandwidth, format_rate, format_size, format_time

MOST_NAMES = 12


def models(study: Study) -> list[Table]:
    """Return models of time against size, crossovers and scaling, if the run has any; see `analysis.models`."""
    by_size = lines(study.summary, study.series)
    tables = [_sizes(study, by_size), _crossovers(study, by_size), _workers(study)]
    return [table for table in tables if table is not None]


def _sizes(study: Study, curves: list[Curve[Line]]) -> Table | None:
    rows = [
        [
            _name(study, curve.first),
            estimate(curve.model.start, format_time),
            estimate(curve.model.bandwidth, format_bandwidth),
            estimate(curve.model.half_size, _size),
            f"{curve.model.fit.worst:.0%}",
        ]
        for curve in curves
        if curve.model.known
    ]
    caption = (
        "Models: time = start-up + size / bandwidth, with 95 % intervals, where no size is more than 25 % off. At the "
        "half-bandwidth size both parts take equally long. A round trip carries its payload twice."
    )
    header = ["Mechanism", "Start-up", "Bandwidth", "Half-bandwidth size", "Largest residual"]
    return _table(caption, header, rows, [_name(study, curve.first) for curve in curves if not curve.model.known])


def _crossovers(study: Study, curves: list[Curve[Line]]) -> Table | None:
    rows = [
        [_name(study, one.first), other.first.mechanism, estimate(Estimate(at.size, at.low, at.high), _size)]
        for one, other, at in crossings(study.summary, curves)
    ]
    caption = "Crossovers: the size from which the second mechanism is faster, among those that are best at some size."
    return Table(caption, ["Below it", "From it on", "Size (95 % interval)"], rows) if rows else None


def _workers(study: Study) -> Table | None:
    curves = scalings(study.summary, study.series)
    rows = [
        [
            f"{_name(study, curve.first)}, {format_size(curve.first.size)}",
            estimate(curve.model.rate, format_rate),
            estimate(curve.model.contention, _share),
            estimate(curve.model.coherency, _share),
            _peak(curve.model),
            f"{curve.model.fit.worst:.0%}",
        ]
        for curve in curves
        if curve.model.known
    ]
    caption = (
        "Scaling: the Universal Scalability Law, rate · n / (1 + contention · (n - 1) + coherency · n (n - 1)), with "
        "95 % intervals, where no number of workers is more than 15 % off. Contention is the share done by one at a "
        "time, coherency what each worker costs every other."
    )
    header = ["Mechanism", "Rate of one worker", "Contention", "Coherency", "Most with", "Largest residual"]
    names = [f"{_name(study, curve.first)}, {format_size(curve.first.size)}" for curve in curves]
    unfit = [name for name, curve in zip(names, curves, strict=True) if not curve.model.known]
    return _table(caption, header, rows, unfit)


def _table(caption: str, header: list[str], rows: list[list[str]], unfit: list[str]) -> Table | None:
    """Return a sorted table of the models that fit; its caption names those that do not."""
    without = f" No model fits: {listing(sorted(unfit), MOST_NAMES)}." if unfit else ""
    return Table(caption + without, header, sorted(rows)) if rows or unfit else None


def _name(study: Study, row: Any) -> str:
    return ", ".join([f"{row.question}/{row.mechanism}", *_unusual(study, row)])


def _unusual(study: Study, row: Any) -> Iterator[str]:
    for column, usual in zip(SETTING, study.setting, strict=True):
        if getattr(row, column) != usual:
            yield getattr(row, column)
    if row.workers != 1 and row.pattern in ("ping-pong", "stream"):
        yield count(int(row.workers), "worker")


def _peak(model: Scaling) -> str:
    found = model.peak
    if math.isinf(found.value):
        return "no peak" if not math.isfinite(found.low) else f"no peak, at least {found.low:.1f}"
    end = f"{found.high:.1f}" if math.isfinite(found.high) else "…"
    around = f" ({found.low:.1f}–{end})" if found.low == found.low else ""
    return f"{found.value:.1f} workers{around}"


def _size(size: float) -> str:
    """Write a computed size with three digits."""
    for factor in (2**20, 2**10):
        if factor <= size < 2**40:
            return format_size(float(f"{size / factor:.3g}") * factor)
    return format_size(size) if size < 2**40 else "∞"


def _share(share: float) -> str:
    return f"{share:.3f}" if share < 1e3 else f"{share:.3g}"
