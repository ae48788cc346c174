"""The charts of the report, in the order in which it shows them."""

from __future__ import annotations

from ipcbench.report.charts import grid, matrix, scaling, state, throughput
from ipcbench.report.charts.chart import Chart

CHARTS: tuple[Chart, ...] = (matrix.CHART, grid.CHART, throughput.CHART, scaling.CHART, state.CHART)

__all__ = ["CHARTS", "Chart"]
