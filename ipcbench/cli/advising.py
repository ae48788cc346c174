"""What `advise` asks, of which file, and what it measures where the file does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipcbench.analysis.advice.need import NOT_ASKED, Need, check, questions_of, ruled_out, usual_size
from ipcbench.cli.options import known, parts, whole
from ipcbench.cli.output import say_prose
from ipcbench.cli.run import command as run
from ipcbench.cli.session import code_of, measured
from ipcbench.cli.summary import summary_lines
from ipcbench.errors import BadRequest, ResultError, UnknownName
from ipcbench.machine.facts import is_this_machine
from ipcbench.model import MOST_WORKERS, PAYLOADS, PLACEMENTS, Case
from ipcbench.plan import catalog
from ipcbench.report.content.words import listing
from ipcbench.results.newest import machine_of, newest_first, results_in, stem_of
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load
from ipcbench.shell import pasted
from ipcbench.units import parse_size, size_name

MOST_OTHERS = 6  # labels
MOST_ASKED = 10  # files, each of which takes a moment to read

if TYPE_CHECKING:
    from ipcbench.analysis.advice.advise import Advice  # pandas, which a mistake in the options does not wait for
    from ipcbench.report.content.advice import Source


def make_need(given: dict[str, Any]) -> Need:
    """Check the options of `advise` and put them together; raises BadRequest and UnknownName."""
    producers, consumers = (whole(name, given[name], MOST_WORKERS) for name in ("producers", "consumers"))
    named = catalog.select_mechanisms(parts(given["mechanism"]))
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
        python=given["python"],
        stdlib=given["stdlib"],
    )
    check(need)
    _fitting(need)
    return need


def _reasons(need: Need) -> dict[str, str | None]:
    """Why each mechanism that is known here could not answer, by its name; None for one that could."""
    reasons = {}
    for each in catalog.mechanisms(need.mechanisms):
        case = need.case(each.name)
        reasons[each.name] = ruled_out(each, need) or catalog.pattern(case.pattern).unfit(each, case)
    return reasons


def _fitting(need: Need) -> list[str]:
    """The mechanisms that could answer; raises BadRequest where what was asked for leaves none."""
    reasons = _reasons(need)
    fitting = [name for name, reason in reasons.items() if reason is None]
    if not fitting:
        by_reason: dict[str, list[str]] = {}
        for name, reason in reasons.items():
            if reason is not None and reason != NOT_ASKED:
                by_reason.setdefault(reason.removeprefix(f"{name} "), []).append(name)
        said = [f"{listing(names, MOST_OTHERS)}: {reason}" for reason, names in by_reason.items()]
        more = f"; and {len(said) - 3} more reasons" if len(said) > 3 else ""
        raise BadRequest(f"no mechanism fits {need.questions[0]} with this: {'; '.join(said[:3])}{more}")
    return fitting


def sources(text: str | None, folder: Path, need: Need, measure: bool) -> list[Path]:
    """The results files to answer from, the first that can; none where this machine has none and it will be measured.

    Without a text these are the newest that were measured on this machine: what was measured elsewhere has to be named.
    """
    files = results_in(folder)
    if text is None:
        own = [path for path in files if (machine := machine_of(path)) is not None and is_this_machine(machine)]
        if own or measure:
            return newest_first(own)[:MOST_ASKED]
        raise ResultError(
            f"{folder}: nothing was measured on this machine yet{_others(files)}; to measure this, add --measure, or: "
            f"{how(need)}"
        )
    path = Path(text)
    if path.name != text or path.suffix in (".json", ".gz"):
        return [path]
    by_label = {stem_of(found): found for found in files}
    if text not in by_label:
        raise UnknownName(f"label in {folder}", text, by_label)
    return [by_label[text]]


def first_answer(paths: Sequence[Path], need: Need) -> tuple[Advice, Source] | None:
    """What the first of these files that can answer says, and whose it is; if none can, what the first file says.

    None without a file. Raises ResultError, and UnknownName of a Python that the first file does not have.
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
    """The files of other machines, as words in a sentence."""
    others = [stem_of(path) for path in files if machine_of(path) is not None]
    if not others:
        return ""
    return f"; --from NAME answers from that of another machine, such as {listing(others, MOST_OTHERS)}"


def answer(path: Path, need: Need) -> tuple[Advice, Source]:
    """What a results file says to this, and whose it is; raises ResultError, and UnknownName of a Python."""
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
    if tag not in tags:
        raise UnknownName(f"Python in {path}", tag, tags)


def lacking(found: Advice, need: Need) -> set[str]:
    """Which mechanisms could answer and have not been measured, and not failed either, in what is asked for."""
    from ipcbench.analysis.advice.advise import NOT_MEASURED

    there = {option.mechanism for option in found.options} if found.exact else set()
    failed = {each.mechanism for each in found.out if each.reason != NOT_MEASURED}
    return set(_fitting(need)) - there - failed


def measure(need: Need, given: dict[str, Any]) -> tuple[Path, int]:
    """Measure all that fits side by side, so that it can be compared, and save it; the file and the exit code."""
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
    """The options of `run` that measure a need."""
    words = ["--mechanism", ",".join(mechanisms)] if mechanisms else []
    words += ["--pattern", need.questions[0], "--size", size_name(need.size), "--workers", str(need.workers)]
    words += ["--payload", need.payload] if need.payload != "bytes" else []
    return words + (["--placement", need.placement] if need.placement else [])


def how(need: Need) -> str:
    """The command that measures a need."""
    return pasted("run", *_words(need, list(need.mechanisms)))
