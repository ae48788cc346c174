"""The results files that `ipcbench advise` answers from."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ipcbench.analysis.advice.need import Need
from ipcbench.cli.answering.need import MOST_OTHERS
from ipcbench.errors import BadRequest, ResultError, UnknownName
from ipcbench.machine.facts import is_this_machine
from ipcbench.report.content.words import listing
from ipcbench.results.folder import newest_first, record_of, results_in, stem_of
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load

if TYPE_CHECKING:  # it imports pandas, which an error in the options need not wait for
    from ipcbench.analysis.advice.advise import Advice
    from ipcbench.report.content.advice import Source

MOST_ASKED = 10  # files, since each takes a moment to read


def sources(text: str | None, folder: Path, measuring: str) -> list[Path]:
    """Return the results files to answer from, in order; measuring is the command that errors name.

    The text is a path or a label. Without it these are the newest files of this machine, since results of another
    machine are used only by name. Raises ResultError and UnknownName.
    """
    files = results_in(folder)
    if text is None:
        own = [path for path in files if (record := record_of(path)) and is_this_machine(record.machine.id)]
        if own:
            return newest_first(own)[:MOST_ASKED]
        raise ResultError(f"{folder}: no results of this machine yet{_others(files)}; to measure: {measuring}")
    path = Path(text)
    if path.name != text or path.suffix in (".json", ".gz"):
        return [path]
    by_label = {stem_of(found): found for found in files}
    if text not in by_label:
        raise UnknownName("label", text, by_label, where=folder)
    return [by_label[text]]


def first_answer(paths: Sequence[Path], need: Need) -> tuple[Advice, Source]:
    """Return the answer of the first file that has one, with its source; otherwise the answer of the first file.

    Raises ResultError, and UnknownName for a Python that the first file lacks.
    """
    first = answer_from(paths[0], need)
    for path in paths:
        with contextlib.suppress(UnknownName):
            found = first if path == paths[0] else answer_from(path, need)
            if found[0].options and not found[0].far:
                return found
    return first


def _others(files: list[Path]) -> str:
    """Return a clause that names the files of other machines; empty if there is none."""
    others = [stem_of(path) for path in files if record_of(path)]
    if not others:
        return ""
    return f"; --from answers from results of another machine: {listing(others, MOST_OTHERS)}"


def answer_from(path: Path, need: Need) -> tuple[Advice, Source]:
    """Return the advice from one results file, and its source; raises ResultError, and UnknownName for a Python."""
    from ipcbench.cli.answering.answer import answer
    from ipcbench.report.content.advice import source_of

    result = load(path)
    if need.python:
        _check_python(result, need.python, path)
    record = result.ipcbench
    return answer(result, need, {}), source_of(str(path), record, is_this_machine(record.machine.id))


def _check_python(result: ResultFile, tag: str, path: Path) -> None:
    tags = [python.tag for python in result.ipcbench.pythons]
    if not tags:
        raise BadRequest(f"{path}: measured under one Python: leave out --python")
    if tag not in tags:
        raise UnknownName("Python", tag, tags, where=path)
