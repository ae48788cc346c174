"""Tables for choosing: the fastest mechanism by payload and workers, and the fastest that meets a need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from ipcbench.analysis.advice.advise import Advice, Option, advise
from ipcbench.analysis.advice.need import Need, usual_size
from ipcbench.analysis.difference import WORTH
from ipcbench.report.content.findings import OPERATIONS, choices, ratio, ties, too_few
from ipcbench.report.content.setting import in_words
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import estimate, listing
from ipcbench.results.schema import MechanismFacts
from ipcbench.text import count, safe_text
from ipcbench.units import format_ratio, format_size, format_time

CROWD = 4  # workers, or the nearest number measured, for needs with many peers
IN_PLACE = 1  # copies of the payload, at most
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Wish:
    """A need in words and as data, with the facts that a mechanism must have.

    Only cases of start_method count, unless it is empty.
    """

    words: str
    need: Need
    fits: Callable[[MechanismFacts], bool] = lambda facts: True
    start_method: str = ""


def _wish(words: str, *questions: str, workers: int = 1, musts: tuple[str, ...] = ()) -> Wish:
    return Wish(words, Need(questions, 1, 1, workers, usual_size(questions[0]), musts=musts))


WISHES = (
    _wish("One sender, one receiver, nothing more", "ping-pong"),
    _wish("Python objects, pickled for you", "ping-pong", musts=("objects",)),
    _wish(
        "Many senders into one channel", "fan-in", "many-to-many", "task-queue", workers=CROWD, musts=("many-senders",)
    ),
    _wish("Many receivers share the messages", "fan-out", "task-queue", workers=CROWD, musts=("many-receivers",)),
    replace(
        _wish("The payload is read in place", "ping-pong"),
        fits=lambda facts: facts.copies is not None and facts.copies <= IN_PLACE,
    ),
    _wish("Also between hosts", "ping-pong", musts=("cross-host",)),
    _wish("A receiver notices a killed sender", "ping-pong", musts=("end-of-file",)),
    _wish("A counter that many increase", "counter", workers=CROWD),
    _wish("A value that others read", "access:read"),
    replace(_wish("Measured under spawn", "ping-pong", "task-queue", "set-up"), start_method="spawn"),
    _wish("The fastest of all, even if it spins", "ping-pong", musts=("any",)),
)


def by_need(study: Study) -> Table:
    """Return for each need the fastest mechanism that meets it, what was measured, its ties and the next ones."""
    filed = study.summary.assign(case=study.summary["key"])  # visits name their case by its key
    found = [(wish, _answer(study, filed, wish)) for wish in WISHES]
    values = {(row, 2): advice.options[0].seconds.value for row, (_, advice) in enumerate(found) if advice.options}
    header = [
        "You need",
        "Take",
        "Time (95 % interval)",
        "Measured as",
        "Tied, or no clear difference",
        "Next (times as long)",
    ]
    caption = "Choose by need: the fastest mechanism that meets it, as the mechanisms declare."
    strong = frozenset((row, 1) for row, _ in values)
    muted = frozenset((row, 1) for row in range(len(found))) - strong
    return Table(caption, header, [_need_row(*each) for each in found], strong, muted, values)


def _answer(study: Study, filed: pd.DataFrame, wish: Wish) -> Advice:
    payload, start_method, placement, cpus, python = study.setting
    cases = filed[(filed["start_method"] == (wish.start_method or start_method)) & (filed["payload"] == payload)]
    cases = cases[cases["cpus"] == cpus]
    placement = placement if (cases["placement"] == placement).any() else ""
    need = replace(wish.need, payload=payload, placement=placement, python=python)
    return advise([facts for facts in study.record.mechanisms if wish.fits(facts)], cases, study.visits, need)


def _need_row(wish: Wish, advice: Advice) -> list[str]:
    if not advice.options:
        return [wish.words, "none measured in this run", "", "", "", ""]
    best, *others = advice.options
    workers = f", {count(advice.workers, 'worker')}" if advice.workers != 1 or wish.need.workers != 1 else ""
    row = [
        wish.words,
        _name(best),
        estimate(best.seconds, format_time),
        f"{advice.question}, {format_size(advice.size)}{workers}",
        listing((_behind(option, 1 + WORTH) for option in others if option.tied), _MOST_NAMES),
        listing((_behind(option) for option in others if not option.tied), _MOST_NAMES) or "nothing else ran",
    ]
    return [safe_text(cell, 300) for cell in row]


def _name(option: Option) -> str:
    return option.mechanism if option.wait == "block" else f"{option.mechanism} ({option.wait}s)"


def _behind(option: Option, unsaid: float = 0.0) -> str:
    """Write a mechanism and how many times as long it takes, if that is at least `unsaid`."""
    slower = option.slowdown.value
    return _name(option) if slower < unsaid else f"{_name(option)} {format_ratio(slower)}"


def at_a_glance(study: Study) -> Table | None:
    """Return the fastest blocking mechanism per question, payload and number of workers; None if nothing was ranked.

    Cells with fewer than half of the mechanisms ranked elsewhere for the question are left out, see `too_few`.
    """
    known = [choice for choice in choices(study.summary) if not choice.setting and choice.wait == "block"]
    most = {
        question: max(c.rivals for c in known if c.question == question) for question in {c.question for c in known}
    }
    known = [choice for choice in known if not too_few(choice.rivals, most[choice.question])]
    rows, values = [], {}
    for place, choice in enumerate(known):
        behind = choice.runner_up
        rows.append(
            [
                choice.question,
                format_size(choice.size),
                str(choice.workers),
                choice.best.mechanism,
                choice.time,
                ties(choice),
                f"{behind.mechanism}, {ratio(behind)}" if behind is not None else "",
                f"{choice.rivals}",
                choice.best.notes,
            ]
        )
        values[place, 1], values[place, 4] = float(choice.size), float(choice.best.seconds)
    header = [
        *("For", "Payload", "Workers", "Take"),
        *("Time (95 % interval)", "Tied, or no clear difference", "Next (times as long)", "Ranked", "Notes"),
    ]
    asked = {row[0] for row in rows}
    operations = listing((f"{what} ({question})" for question, what in OPERATIONS.items() if question in asked), 9)
    counted = f" One operation is {operations}." if operations else ""
    caption = f"The fastest mechanism that blocks, with {in_words(study.setting)}.{counted}"
    strong = frozenset((row, 3) for row in range(len(rows)))
    return Table(caption, header, rows, strong, values=values) if rows else None
