"""Count the cases by outcome, in words that do not call an expected finding a fault."""

from __future__ import annotations

from ipcbench.results.schema import RunRecord

MEASURED = "measured"
EXPECTED = "lost updates, as expected without a lock"
_UNLOCKED = "counter:unlocked"  # the question whose cases leave the lock out on purpose


def outcomes(record: RunRecord) -> list[tuple[str, int]]:
    """Return (words, number of cases) per outcome, measured cases first: ('measured', 48), ('failed', 1)."""
    counts = dict(record.counts)
    expected = sum(is_expected(case.id, case.verdict) for case in record.cases)
    measured = (MEASURED, counts.pop("ok", 0))
    if not expected:
        return [measured, *sorted(counts.items())]
    counts["wrong"] -= expected
    others = sorted((verdict, number) for verdict, number in counts.items() if number)
    return [measured, (f"show{'s' if expected == 1 else ''} {EXPECTED}", expected), *others]


def is_fine(words: str) -> bool:
    """Return whether an outcome, in the words of `outcomes`, is not a fault."""
    return words in (MEASURED, "unsupported") or words.endswith(EXPECTED)


def verdict_words(verdict: str, question: str) -> str:
    """Return a verdict as tables name it: lost updates are the expected result of an increment without a lock."""
    return EXPECTED if verdict == "wrong" and question == _UNLOCKED else verdict


def is_expected(case: str, verdict: str) -> bool:
    """Return whether a wrong result is what the case is there to show: adding to a number without the lock."""
    return verdict_words(verdict, case.partition("/")[0]) == EXPECTED
