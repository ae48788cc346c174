"""A side of a comparison: a results file, or a plain pyperf file, which holds fewer facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ipcbench.model import Case
from ipcbench.results.digest import digest_of
from ipcbench.results.folder import stem_of
from ipcbench.results.frame import case_frame, visit_frame
from ipcbench.results.pyperf_file import foreign
from ipcbench.results.schema import PYTHON_MODE, ResultFile, RunRecord
from ipcbench.results.store import checked, read
from ipcbench.results.touched import touched, touched_words
from ipcbench.text import safe_text
from ipcbench.units import format_size

LONGEST_COLUMN = 60  # characters that a side's name has in tables and charts, see `text.told_apart`
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Side:
    """A file under its name in a comparison.

    facts has what is known of machine and settings, by name; cases and visits are `frame.case_frame` and
    `frame.visit_frame`. digest is equal for files of equal content. protocol and machine are None and empty if
    unknown: for a plain pyperf file, or a machine that keeps no id. plain says that it is a plain pyperf file.
    repeats has the time and the seed of each measurement, file the name of the file if there is one. touched says in
    words how many visits were touched by something else on the machine, empty if none or unknown; share_touched is
    their share of all visits. pythons are the tags of the interpreters of --python, in the order given.
    """

    name: str
    facts: Mapping[str, str]
    cases: pd.DataFrame
    visits: pd.DataFrame
    digest: str
    protocol: int | None = None
    machine: str = ""
    plain: bool = False
    repeats: frozenset[tuple[str, int]] = frozenset()
    file: str = ""
    touched: str = ""
    share_touched: float = 0.0
    pythons: Sequence[str] = ()

    @property
    def rounds(self) -> int:
        """The rounds of the case that has the most."""
        return int(self.visits.groupby("case")["round"].nunique().max()) if len(self.visits) else 0


def open_side(path: Path, name: str | None = None) -> Side:
    """Read a results file or a plain pyperf file; without a name, its label is the name. Raises ResultError."""
    side = read(path, lambda document: _side(document, path, name))
    return replace(side, file=safe_text(path.name))


def _side(document: dict[str, Any], path: Path, name: str | None) -> Side:
    if "ipcbench" in document:
        result = checked(document)
        return side_of_result(result, name, result.ipcbench.digest)
    name = name or (stem_of(path) if path.is_file() else "pipe")
    cases, visits, facts = foreign(document)
    facts |= {"rounds": _several(visits.groupby("case").size())}
    return Side(safe_text(name, _LONGEST_NAME), facts, cases, visits, digest_of(document), plain=True)


def side_of_result(result: ResultFile, name: str | None = None, digest: str = "") -> Side:
    """Return a results file as a side; without a digest, it counts as a copy of no other file."""
    record = result.ipcbench
    return Side(
        name=safe_text(name or record.label, _LONGEST_NAME),
        facts={fact: safe_text(text) for fact, text in _facts(record).items() if text},
        cases=case_frame(result),
        visits=visit_frame(result),
        digest=digest,
        protocol=record.protocol,
        machine=record.machine.id,
        repeats=frozenset((repeat.started, repeat.seed) for repeat in record.repeats),
        touched=touched_words(record),
        share_touched=touched(record)[0] / max(len(record.visits), 1),
        pythons=[python.tag for python in record.pythons],
    )


def _facts(record: RunRecord) -> dict[str, str]:
    """Return the facts that influence numbers or identify a measurement, in the order people ask for them."""
    machine, settings = record.machine, record.settings
    cases = [Case.parse(case.id) for case in record.cases]
    facts = {
        "label": record.label,
        "date": record.started[:16].replace("T", " "),
        "CPU": machine.cpu_model,
        "CPUs": f"{machine.usable_cpus} of {machine.cpus}",
        "memory": "" if machine.memory is None else format_size(machine.memory),
        "virtual": "yes" if machine.virtual else "no",
        "system": f"{machine.system} {machine.architecture}",
        "kernel": machine.kernel,
        "Python": f"{machine.implementation} {machine.python}",
        PYTHON_MODE: machine.mode or "",
        "measured under": ", ".join(each.written for each in record.pythons),
        "pyperf": machine.pyperf,
        "ipcbench": record.ipcbench,
        "pickle protocol": str(machine.pickle_protocol),
        "switch interval": f"{machine.switch_interval:g} s",
        "placement": ", ".join(sorted({case.placement for case in cases})),
        "idle or awake CPUs": ", ".join(sorted({case.cpus for case in cases})),
        "start method": ", ".join(sorted({case.start_method for case in cases})),
        "values per visit": str(settings.values),
        "warm-ups per visit": str(settings.warmups),
        "shortest value": f"{settings.min_time:g} s",
        "interpreters started": "for each visit" if settings.fresh or record.protocol == 1 else "for each round",
        "payload bytes": settings.payload,
        "rounds": str(record.rounds),
        "times measured": str(max(len(record.repeats), 1)),
        "complete": "yes" if record.complete else "no",
        "mixed": "; ".join(record.mixed),
        "isolation": record.isolation,
    }
    conditions: dict[str, list[str]] = {}
    for condition in record.conditions:
        values = conditions.setdefault(condition.name, [])
        if condition.value not in values:
            values.append(condition.value)
    return facts | {safe_text(name, 60): ", ".join(values) for name, values in conditions.items() if name not in facts}


def _several(counts: pd.Series[int]) -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"{low} processes" if low == high else f"{low} to {high} processes"
