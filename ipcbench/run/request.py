"""Requests for a run, as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ipcbench.model import Budget, Timing
from ipcbench.plan.planner import Request


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the files of a run go.

    reports is the folder for reports, checked before the run and written after it, or None for no report. force allows
    overwriting. resume_command returns the command that continues the run of a label; its second argument is true if
    the file of another run must still be overwritten.
    """

    results: Path
    reports: Path | None
    force: bool
    resume_command: Callable[[str, bool], str]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A new run. command repeats it. If label is None, the label is made from the machine and the time."""

    request: Request
    budget: Budget
    timing: Timing
    seed: int
    label: str | None
    command: str
    full_metadata: bool
    destination: Destination


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """The request to continue the run of a label."""

    label: str
    destination: Destination
