"""Count the visits that were touched by a disturbance of the machine, and say so in words."""

from __future__ import annotations

from collections import Counter

from ipcbench.model import TOUCHED
from ipcbench.results.schema import RunRecord


def touched(record: RunRecord) -> tuple[int, dict[str, int]]:
    """Count the touched visits, and those by each of model.TOUCHED that touched any."""
    found = [set(TOUCHED).intersection(visit.notes) for visit in record.visits]
    counts = Counter(note for notes in found for note in notes)
    return sum(map(bool, found)), {note: counts[note] for note in TOUCHED if counts[note]}


def touched_words(record: RunRecord) -> str:
    """Return a clause such as '3 of 120 visits were touched: 2 loaded, 1 stolen'; empty if none was."""
    many, by_note = touched(record)
    if not many:
        return ""
    visits = f"{len(record.visits):,} visit{'' if len(record.visits) == 1 else 's'}"
    parts = ", ".join(f"{count:,} {note}" for note, count in by_note.items())
    return f"{many:,} of {visits} {'was' if many == 1 else 'were'} touched: {parts}"
