"""The events of a run on stderr: sentences, and progress."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ipcbench.cli.doctor import warning_lines
from ipcbench.cli.output import tell
from ipcbench.cli.progress import Bar, Lines, Quiet, progress_for
from ipcbench.cli.summary import outlook
from ipcbench.machine.finding import Finding
from ipcbench.plan.planner import Plan
from ipcbench.shell import pasted
from ipcbench.text import count


class Terminal:
    """Prints the events of one run; quiet leaves only warnings.

    host, if given, is a host of a fleet, and every line begins with its name. report says that a report follows the
    run.
    """

    def __init__(self, quiet: bool, report: bool = False, host: str = "") -> None:
        self.quiet, self.report = quiet, report
        self.about = f"host {host}: " if host else ""

    def examined(self, findings: Sequence[Finding]) -> None:
        for line in warning_lines(findings):
            self._inform(line)

    def begun(self, plan: Plan, start: float) -> None:
        self._inform(outlook(plan, start, self.report))

    def resumed(self, label: str, visits: int, damaged: int) -> None:
        self._inform(f"continuing {label}: {count(visits, 'visit')} made before")
        if damaged:
            self._inform(f"the end of the journal is damaged: {count(damaged, 'byte')} are left out")

    def mixed(self, differences: Sequence[str]) -> None:
        self._inform(f"the result is marked mixed: {'; '.join(differences)}")

    def leftovers(self, runs: int) -> None:
        self.warned(f"{count(runs, 'killed run')} left something behind; to remove it: {pasted('clean')}")

    def warned(self, text: str) -> None:
        self._tell(f"ipcbench: {text}")

    def progress(self) -> contextlib.AbstractContextManager[Quiet | Lines | Bar]:
        if self.about and not self.quiet:
            return contextlib.nullcontext(Lines(self._tell))
        return progress_for(self.quiet)

    def _inform(self, line: str) -> None:
        if not self.quiet:
            self._tell(line)

    def _tell(self, line: str) -> None:
        tell(self.about + line)
