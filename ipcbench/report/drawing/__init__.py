"""How pictures are drawn: theme, axes, sheets of panels, SVG."""

from ipcbench.report.drawing import plotting  # noqa: F401 - before any module here imports matplotlib
