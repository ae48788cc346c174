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

    reports is checked before the run and written after it, or None. force overwrites. resume_command returns the
    command that continues the run of a label; its second argument says that the file of another run is still to be
    overwritten.
    """

    results: Path
    reports: Path | None
    force: bool
    resume_command: Callable[[str, bool], str]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A new run. command repeats it; without a label the machine and the time make one."""

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
