"""The steps of `ipcbench advise`: build the need, find results files, answer from them, measure what is missing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipcbench.analysis.advice.need import NOT_ASKED, WORDS, Need, check, questions_of, ruled_out, usual_size
from ipcbench.cli.options import known, parts, whole
from ipcbench.cli.output import say_prose
from ipcbench.cli.run import command as run
from ipcbench.cli.session import code_of, measured
from ipcbench.cli.summary import summary_lines
from ipcbench.errors import BadRequest, ResultError, UnknownName
from ipcbench.machine.facts import is_this_machine
from ipcbench.model import CPUS, MOST_WORKERS, PAYLOADS, PLACEMENTS, Case
from ipcbench.plan import catalog
from ipcbench.report.content.words import listing
from ipcbench.results.folder import newest_first, record_of, results_in, stem_of
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load
from ipcbench.shell import pasted
from ipcbench.text import count
from ipcbench.units import parse_size, size_name

MOST_OTHERS = 6  # labels
MOST_ASKED = 10  # files, since each takes a moment to read

if TYPE_CHECKING:  # it imports pandas, which an error in the options need not wait for
    from ipcbench.analysis.advice.advise import Advice
    from ipcbench.report.content.advice import Source


def make_need(given: dict[str, Any]) -> Need:
    """Check the options of `advise` and combine them; raises BadRequest and UnknownName."""
    producers, consumers = (whole(name, given[name], MOST_WORKERS) for name in ("producers", "consumers"))
    named = catalog.select_mechanisms(parts(given["mechanism"]))
    _check_word(given["need"])
    questions = questions_of(given["need"], producers, consumers, catalog.questions())
    families = sorted({found.family for found in catalog.mechanisms(named)})
    need = Need(
        questions=questions,
        producers=producers,
        consumers=consumers,
        workers=max(producers, consumers),
        size=parse_size(given["size"]) if given["size"] is not None else usual_size(questions[0]),
        payload=known("payload", given["payload"], PAYLOADS),
        musts=parts(given["must"]),
        family=known("family", given["family"], families) if given["family"] else "",
        mechanisms=tuple(named),
        placement=known("placement", given["placement"], PLACEMENTS) if given["placement"] else "",
        cpus=known("CPUs", given["cpus"], CPUS) if given["cpus"] else "",
        python=given["python"],
        stdlib=given["stdlib"],
    )
    check(need)
    _fitting(need)
    return need


def _check_word(word: str) -> None:
    """Raise BadRequest if a word is neither a need nor a question."""
    known = [*WORDS, *catalog.questions()]
    if word and word not in known:
        alike = difflib.get_close_matches(word, known, n=1)
        hint = f"did you mean {alike[0]!r}? " if alike else ""
        expected = f"expected {', '.join(WORDS)}, or a pattern; to see all patterns: {pasted('list')}"
        raise BadRequest(f"unknown need {word!r}: {hint}{expected}")


def _reasons(need: Need) -> dict[str, str | None]:
    """Return, for each installed mechanism by name, why it does not fit the need; None if it fits."""
    reasons = {}
    for each in catalog.mechanisms(need.mechanisms):
        case = need.case(each.name)
        reasons[each.name] = ruled_out(each, need) or catalog.pattern(case.pattern).unfit(each, case)
    return reasons


def _fitting(need: Need) -> list[str]:
    """Return the names of the mechanisms that fit the need; raises BadRequest if none does."""
    reasons = _reasons(need)
    fitting = [name for name, reason in reasons.items() if reason is None]
    if not fitting:
        by_reason: dict[str, list[str]] = {}
        for name, reason in reasons.items():
            if reason is not None and reason != NOT_ASKED:
                by_reason.setdefault(reason.removeprefix(f"{name} "), []).append(name)
        said = [f"{listing(names, MOST_OTHERS)}: {reason}" for reason, names in by_reason.items()]
        more = f"; and {count(len(said) - 3, 'more reason')}" if len(said) > 3 else ""
        raise BadRequest(f"no mechanism fits {need.questions[0]} with these options: {'; '.join(said[:3])}{more}")
    return fitting


def sources(text: str | None, folder: Path, need: Need, measure: bool) -> list[Path]:
    """Return the results files to answer from, in order; empty if this machine has none and `measure` is set.

    The text is a path or a label. Without it these are the newest files of this machine, since results of another
    machine are used only by name. Raises ResultError and UnknownName.
    """
    files = results_in(folder)
    if text is None:
        own = [path for path in files if (record := record_of(path)) and is_this_machine(record.machine.id)]
        if own or measure:
            return newest_first(own)[:MOST_ASKED]
        raise ResultError(
            f"{folder}: no results of this machine yet{_others(files)}; to measure, add --measure, or: {how(need)}"
        )
    path = Path(text)
    if path.name != text or path.suffix in (".json", ".gz"):
        return [path]
    by_label = {stem_of(found): found for found in files}
    if text not in by_label:
        raise UnknownName("label", text, by_label, where=folder)
    return [by_label[text]]


def first_answer(paths: Sequence[Path], need: Need) -> tuple[Advice, Source] | None:
    """Return the answer of the first file that has one, with its source; otherwise the answer of the first file.

    Return None without a file. Raises ResultError, and UnknownName for a Python that the first file lacks.
    """
    first = None
    for path in paths:
        try:
            found = answer(path, need)
        except UnknownName:
            if path == paths[0]:
                raise
            continue
        if found[0].options and not found[0].far:
            return found
        first = first or found
    return first


def _others(files: list[Path]) -> str:
    """Return a clause that names the files of other machines; empty if there is none."""
    others = [stem_of(path) for path in files if record_of(path)]
    if not others:
        return ""
    return f"; --from answers from results of another machine: {listing(others, MOST_OTHERS)}"


def answer(path: Path, need: Need) -> tuple[Advice, Source]:
    """Return the advice from one results file, and its source; raises ResultError, and UnknownName for a Python."""
    from ipcbench.analysis.advice.advise import NOT_MEASURED, Out, advise, in_order
    from ipcbench.analysis.stats import summarise
    from ipcbench.report.content.advice import source_of
    from ipcbench.results.frame import case_frame, visit_frame

    result = load(path)
    if need.python:
        _check_python(result, need.python, path)
    record, visits = result.ipcbench, visit_frame(result)
    found = advise(record.mechanisms, summarise(case_frame(result), visits), visits, need)
    reasons = _reasons(replace(need, questions=(found.question,)))
    unknown = set(reasons) - {each.name for each in record.mechanisms}
    cases = [(Case.parse(skip.id), skip.reason) for skip in record.skips]
    skipped = {case.mechanism: reason for case, reason in cases if case.question == found.question}
    beyond = {name: reasons[name] or skipped.get(name, NOT_MEASURED) for name in unknown}
    out = [*found.out, *(Out(name, reason.removeprefix(f"{name} ")) for name, reason in beyond.items())]
    out = [each for each in out if each.reason != NOT_ASKED]
    return replace(found, out=in_order(out)), source_of(str(path), record, is_this_machine(record.machine.id))


def _check_python(result: ResultFile, tag: str, path: Path) -> None:
    tags = [python.tag for python in result.ipcbench.pythons]
    if not tags:
        raise BadRequest(f"{path}: measured under one Python: leave out --python")
    if tag not in tags:
        raise UnknownName("Python", tag, tags, where=path)


def lacking(found: Advice, need: Need) -> set[str]:
    """Return the names of mechanisms that fit the need and were neither measured nor failed."""
    from ipcbench.analysis.advice.advise import NOT_MEASURED

    there = {option.mechanism for option in found.options} if found.exact else set()
    failed = {each.mechanism for each in found.out if each.reason != NOT_MEASURED}
    return set(_fitting(need)) - there - failed


def measure(need: Need, given: dict[str, Any]) -> tuple[Path, int]:
    """Measure all mechanisms that fit in one run, so that they can be compared; return the file and the exit code."""
    case = need.case("")
    now = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    label = f"advise-{case.question.replace(':', '-')}-{size_name(case.size)}-{case.workers}w-{now}"
    words = [*_words(need, _fitting(need)), "--label", given["label"] or label, "--results", str(given["results"])]
    words += ["--rounds", given["rounds"]] if given["rounds"] else []
    finished = measured("run", run.make_context("run", words).params)
    assert finished is not None  # only a dry run has none
    if given["style"] == "table" or finished.stopped_by:
        for line in summary_lines(finished.result, finished.path):
            say_prose(line)
    return finished.path, code_of(finished)


def _words(need: Need, mechanisms: list[str]) -> list[str]:
    """Return the options of `run` that measure a need."""
    words = ["--mechanism", ",".join(mechanisms)] if mechanisms else []
    words += ["--pattern", need.questions[0], "--size", size_name(need.size), "--workers", str(need.workers)]
    words += ["--payload", need.payload] if need.payload != "bytes" else []
    words += ["--placement", need.placement] if need.placement else []
    return words + (["--cpus", need.cpus] if need.cpus else [])


def how(need: Need) -> str:
    """Return the command that measures a need."""
    return pasted("run", *_words(need, list(need.mechanisms)))
