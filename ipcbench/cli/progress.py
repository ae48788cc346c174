"""Progress of a run, on stderr: a bar on a terminal, otherwise a line per round; nothing with --quiet.

Nothing is drawn during a visit: the bar has no refresh thread and moves only between visits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn

from ipcbench.cli.output import LONGEST_LINE, quietly, tell
from ipcbench.cli.summary import absence_line
from ipcbench.model import Case, Failure, Visit
from ipcbench.text import safe_text
from ipcbench.units import format_duration


class Quiet:
    """Print no progress."""

    def visiting(self, visits: Sequence[Visit], rounds: int, seconds_left: float) -> None:
        pass

    def failed(self, case: Case, failure: Failure) -> None:
        pass


class Lines:
    """Print a line at the start of a round, and one for each failure."""

    def __init__(self, tell: Callable[[str], None] = tell) -> None:
        self.tell, self.round = tell, -1

    def visiting(self, visits: Sequence[Visit], rounds: int, seconds_left: float) -> None:
        visit = visits[0]
        if visit.round != self.round:
            self.round = visit.round
            what = f"round {visit.round} of {rounds}" if visit.round else "calibrating"
            self.tell(f"{what}, about {format_duration(seconds_left)} left")

    def failed(self, case: Case, failure: Failure) -> None:
        self.tell(failure_line(case, failure))


class Bar:
    """Draw a bar for the whole run, with round, case and time left."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self.progress, self.task = progress, task
        self.total = 0.0

    def visiting(self, visits: Sequence[Visit], rounds: int, seconds_left: float) -> None:
        visit, more = visits[0], len(visits) - 1
        self.total = max(self.total, seconds_left)
        with quietly():
            self.progress.update(
                self.task,
                total=self.total,
                completed=self.total - seconds_left,
                round=f"round {visit.round}/{rounds}" if visit.round else "calibrating",
                left=format_duration(seconds_left),
                case=safe_text(f"{visit.case.id}{f' and {more} more' if more else ''}"),
            )
            self.progress.refresh()

    def failed(self, case: Case, failure: Failure) -> None:
        with quietly():
            line = safe_text(failure_line(case, failure), LONGEST_LINE)
            self.progress.console.print(line, markup=False, highlight=False)


@contextmanager
def progress_for(quiet: bool) -> Iterator[Quiet | Lines | Bar]:
    """Return the kind of progress that fits stderr."""
    if quiet:
        yield Quiet()
    elif not sys.stderr.isatty():
        yield Lines()
    else:
        columns: list[ProgressColumn] = [
            TextColumn("{task.fields[round]:>11}"),
            BarColumn(bar_width=18),
            TextColumn("{task.fields[left]:>11} left"),
            TextColumn("{task.fields[case]}", markup=False),
        ]
        progress = Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
        with quietly():
            progress.start()
        try:
            yield Bar(progress, progress.add_task("", total=1.0, round="", left="", case=""))
        finally:
            with quietly():
                progress.stop()


def failure_line(case: Case, failure: Failure) -> str:
    """Return the line for a case that is not measured any more."""
    return absence_line(case.id, failure.verdict, failure.stage, failure.detail)
