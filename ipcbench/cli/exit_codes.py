"""How a command ends: the exit codes, and the one place that picks one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.errors import Interrupted, NotHere
from ipcbench.model import TOUCHED

if TYPE_CHECKING:
    from ipcbench.run.schedule import Findings

EXIT_CODES = """\b
Exit codes:
  0      every case is ok, or its absence is explained; one whose result is
         wrong, as adding without the lock, is a finding
  2      usage, or input that cannot be read
  3      a case failed, or a mechanism breaks a rule of conformance
  4      a case timed out
  5      a case is unverified: what arrived is not what was sent
  6      a case leaked, something outlived its visit, or the results could not
         be saved where they belong, or not be printed
  7      every case is ok, but the machine changed meanwhile: suspended,
         paused, throttled, other CPUs, or their time stolen
  8      nothing of what was asked for can be measured on this machine
  9      a condition of compare --fail-if is true
  10     what embed --check or report --check looked at is not fresh
  128+n  ended by signal n (129 HUP, 130 Ctrl-C, 143 TERM); what was
         finished is saved
The severest counts: a signal, then 5, 6, 4, 3, 7.
"""

# A wrong result has none: it is what was to be found out.
OF_VERDICT = {"failed": 3, "timed-out": 4, "unverified": 5, "leaked": 6}
# Other work on the machine is a doubt about the number, as noise is: it comes and goes on any desktop, rounds and
# intervals are there for it, and a run that ended with 7 for it would end with 7 nearly always.
MACHINE_CHANGED = set(TOUCHED) - {"loaded"}
NOT_SAVED, CHANGED, NOTHING, WORSE, STALE = 6, 7, 8, 9, 10
_SEVEREST_FIRST = (5, 6, 4, 3, 7, 0)


def exit_code(findings: Findings, stopped_by: int | None, saved: bool) -> int:
    """The exit code of a run: what it found, the signal that stopped it, and whether its results are in their place."""
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
    """The severest of these exit codes; 0 of none."""
    by_signal = [code for code in codes if code > 128]
    return next((code for code in (*by_signal, *_SEVEREST_FIRST) if code in codes), max(codes, default=0))
