"""The events that a run reports. The command line implements this protocol; run and fleet print nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from ipcbench.machine.finding import Finding
from ipcbench.model import Case, Failure, Visit
from ipcbench.plan.planner import Plan


class Ahead(NamedTuple):
    """What a run knows of the way ahead when a sitting begins.

    rounds is how many rounds there are, None if the time decides. further says that this round visits only the blocks
    that need it. seconds is the present estimate of the time left. width is how well ratios are known by now: the
    median over blocks of the half-width of their 95 % intervals, 0.05 for ±5 %, infinite if unknown.
    """

    rounds: int | None
    further: bool
    seconds: float
    width: float


class Progress(Protocol):
    """Receives every sitting and every case that fails."""

    def visiting(self, visits: Sequence[Visit], ahead: Ahead) -> None:
        """A sitting of these visits begins."""

    def failed(self, case: Case, failure: Failure) -> None:
        """A case leaves the run."""


class Listener(Protocol):
    """Receives the events of one run."""

    def examined(self, findings: Sequence[Finding]) -> None:
        """The machine has been checked for settings that distort measurements."""

    def begun(self, plan: Plan, start: float) -> None:
        """A new run begins; a worker takes `start` seconds to start."""

    def resumed(self, label: str, visits: int, damaged: int) -> None:
        """A run continues after so many visits; `damaged` bytes at the end of its journal are ignored."""

    def mixed(self, differences: Sequence[str]) -> None:
        """The result is marked mixed, because its parts were measured under these differences."""

    def leftovers(self, runs: int) -> None:
        """So many killed runs have left processes or files behind."""

    def warned(self, text: str) -> None:
        """Something went wrong that does not end the run."""

    def progress(self) -> AbstractContextManager[Progress]:
        """Show progress while the context is entered."""
