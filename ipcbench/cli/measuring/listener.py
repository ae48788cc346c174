"""The events of a run on stderr: sentences, and progress as a bar on a terminal, otherwise as a line per round.

Nothing is drawn during a visit: the bar has no refresh thread and moves only between visits.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn

from ipcbench.cli.doctor import warning_lines
from ipcbench.cli.measuring.summary import absence_line, outlook
from ipcbench.cli.output import LONGEST_LINE, quietly, tell
from ipcbench.machine.finding import Finding
from ipcbench.model import Case, Failure, Visit
from ipcbench.plan.planner import Plan
from ipcbench.run.listener import Ahead
from ipcbench.shell import pasted
from ipcbench.text import count, safe_text
from ipcbench.units import format_duration

_STEP = 0.1  # of the time of a run


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

    def progress(self) -> contextlib.AbstractContextManager[Lines | Bar]:
        if self.quiet or self.about or not sys.stderr.isatty():
            return contextlib.nullcontext(Lines(self._inform))
        return drawn_bar()

    def _inform(self, line: str) -> None:
        if not self.quiet:
            self._tell(line)

    def _tell(self, line: str) -> None:
        tell(self.about + line)


class Lines:
    """Print a line at the start of a round, and one for each failure.

    Rounds that visit only some blocks are short and many, so such a round gets a line only if a tenth of the run has
    passed since the last line.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell, self.round = tell, -1
        self.total = self.left = 0.0

    def visiting(self, visits: Sequence[Visit], ahead: Ahead) -> None:
        number = visits[0].round
        self.total = max(self.total, ahead.seconds)
        if number == self.round or (ahead.further and ahead.seconds > self.left - _STEP * self.total):
            return
        self.round, self.left = number, ahead.seconds
        what = f"round {_of_rounds(number, ahead)}" if number else "calibrating"
        what += " (least known blocks)" if ahead.further else ""
        self.tell(f"{', '.join([what, *_known(ahead)])}, about {format_duration(ahead.seconds)} left")

    def failed(self, case: Case, failure: Failure) -> None:
        self.tell(failure_line(case, failure))


class Bar:
    """Draw a bar for the whole run, with round, time left, how well ratios are known, and the current sitting."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.progress, self.task = progress, task
        self.total = 0.0

    def visiting(self, visits: Sequence[Visit], ahead: Ahead) -> None:
        number = visits[0].round
        self.total = max(self.total, ahead.seconds)
        with quietly():
            self.progress.update(
                self.task,
                total=self.total,
                completed=self.total - ahead.seconds,
                round=f"round {_of_rounds(number, ahead, '/')}" if number else "calibrating",
                left=format_duration(ahead.seconds),
                sitting=safe_text(", ".join([*_known(ahead), sitting_words(visits)]), self.progress.console.width - 38),
            )
            self.progress.refresh()

    def failed(self, case: Case, failure: Failure) -> None:
        with quietly():
            line = safe_text(failure_line(case, failure), LONGEST_LINE)
            self.progress.console.print(line, markup=False, highlight=False)


@contextlib.contextmanager
def drawn_bar() -> Iterator[Bar]:
    """Draw a bar on stderr until the context ends; it keeps to one line, whatever the width of the terminal."""
    columns: list[ProgressColumn] = [
        TextColumn("{task.fields[round]:>11}"),
        BarColumn(bar_width=8),
        TextColumn("{task.fields[left]:>11} left"),
        TextColumn("{task.fields[sitting]}", markup=False),
    ]
    progress = Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
    with quietly():
        progress.start()
    try:
        yield Bar(progress, progress.add_task("", total=1.0, round="", left="", sitting=""))
    finally:
        with quietly():
            progress.stop()


def sitting_words(visits: Sequence[Visit]) -> str:
    """Name a sitting: its case, or its block and the number of visits: 'ping-pong/64B/1w, 15 visits'."""
    case = visits[0].case
    if len(visits) == 1:
        return case.id
    question, _, *setting = case.id.split("/")
    setting = setting[:-1] if case.python else setting
    return f"{'/'.join([question, *setting])}, {count(len(visits), 'visit')}"


def _of_rounds(number: int, ahead: Ahead, of: str = " of ") -> str:
    return str(number) if ahead.rounds is None else f"{number}{of}{ahead.rounds}"


def _known(ahead: Ahead) -> list[str]:
    """Return how well ratios are known by now, in a list that is empty if this is unknown."""
    return [f"ratios ±{100 * ahead.width:.{ahead.width < 0.0995:d}f} %"] if ahead.width < math.inf else []


def failure_line(case: Case, failure: Failure) -> str:
    """Return the line for a case that is not measured any more."""
    return absence_line(case.id, failure.verdict, failure.stage, failure.detail)
