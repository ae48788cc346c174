"""The exit codes of all commands, and the functions that pick one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.errors import Interrupted, NotHere
from ipcbench.model import TOUCHED

if TYPE_CHECKING:
    from ipcbench.run.schedule import Findings

EXIT_CODES = """\b
Exit codes:
  0      every case is measured, or a reason says why not; updates lost
         without a lock are a finding
  2      wrong usage, or input that cannot be read
  3      a case failed, or a mechanism breaks a rule of conformance
  4      a case timed out
  5      a case is unverified: the data received are not the data sent
  6      a case leaked, something outlived its visit, or the results could not
         be saved in their place or not be printed
  7      every case is measured, but the machine changed meanwhile: it was
         suspended, paused or throttled, or had other CPUs or less CPU time
  8      nothing that was asked for can be measured on this machine
  9      a condition of compare --fail-if is true
  10     embed --check or report --check found something out of date
  128+n  ended by signal n (129 HUP, 130 Ctrl-C, 143 TERM); finished cases are
         saved
If several apply, the first of these counts: a signal, 5, 6, 4, 3, 7.
"""

# "wrong" has no code: it is the finding of a case without a lock.
OF_VERDICT = {"failed": 3, "timed-out": 4, "unverified": 5, "leaked": 6}
# Other load on the machine is a doubt about a value, like noise. It is common on any desktop, and rounds and intervals
# account for it; with "loaded" in this set, nearly every run would end with code 7.
MACHINE_CHANGED = set(TOUCHED) - {"loaded"}
NOT_SAVED, CHANGED, NOTHING, WORSE, STALE = 6, 7, 8, 9, 10
_SEVEREST_FIRST = (5, 6, 4, 3, 7, 0)


def exit_code(findings: Findings, stopped_by: int | None, saved: bool) -> int:
    """Return the exit code of a run from its findings, the signal that stopped it and whether it was saved in place."""
    if stopped_by is not None:
        return Interrupted(stopped_by).exit_code
    verdicts = {failure.verdict for failure in findings.failures.values()}
    lacking = isinstance(findings.broken, NotHere) if findings.broken else bool(verdicts)
    if saved and lacking and not findings.outcomes and verdicts <= {"unsupported"}:
        return NOTHING
    codes = {OF_VERDICT.get(verdict, 0) for verdict in verdicts}
    if findings.broken or not saved:
        codes.add(NOT_SAVED)
    good = (outcome for (case, _), outcome in findings.outcomes.items() if case not in findings.failures)
    if any(MACHINE_CHANGED & set(outcome.notes) for outcome in good):
        codes.add(CHANGED)
    return severest(*codes)


def severest(*codes: int) -> int:
    """Return the severest of the exit codes; 0 if there is none."""
    by_signal = [code for code in codes if code > 128]
    return next((code for code in (*by_signal, *_SEVEREST_FIRST) if code in codes), max(codes, default=0))
