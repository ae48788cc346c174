"""What `advise` asks, of which file, and what it measures where the file does not say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipcbench.analysis.need import NOT_ASKED, Need, check, questions_of, ruled_out, usual_size
from ipcbench.cli.measuring import measured
from ipcbench.cli.options import known, parts, whole
from ipcbench.cli.output import say
from ipcbench.cli.plugins import ask_plugins
from ipcbench.cli.run import command as run
from ipcbench.cli.summary import summary_lines
from ipcbench.errors import BadRequest, ResultError, UnknownName
from ipcbench.model import MOST_WORKERS, PAYLOADS, PLACEMENTS
from ipcbench.plan import catalog
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load
from ipcbench.shell import pasted
from ipcbench.units import parse_size, size_name

if TYPE_CHECKING:
    from ipcbench.analysis.advise import Advice  # pandas, which a mistake in the options does not wait for


def make_need(given: dict[str, Any]) -> Need:
    """Check the options of `advise` and put them together; raises BadRequest and UnknownName."""
    producers, consumers = (whole(name, given[name], MOST_WORKERS) for name in ("producers", "consumers"))
    named = catalog.select_mechanisms(parts(given["mechanism"]))
    ask_plugins(named)
    questions = questions_of(given["need"], producers, consumers, catalog.questions())
    families = sorted({found.family for found in catalog.mechanisms()})
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


def _fitting(need: Need) -> list[str]:
    """The mechanisms that could answer; raises BadRequest where what was asked for leaves none."""
    reasons, fitting = {}, []
    for each in catalog.mechanisms():
        case = need.case(each.name)
        reason = ruled_out(each, need) or catalog.pattern(case.pattern).unfit(each, case)
        if reason:
            reasons[each.name] = reason
        else:
            fitting.append(each.name)
    if not fitting:
        said = [f"{name}: {reason}" for name, reason in reasons.items() if reason != NOT_ASKED]
        more = f"; and {len(said) - 3} more" if len(said) > 3 else ""
        raise BadRequest(f"no mechanism fits {need.questions[0]} with this: {'; '.join(said[:3])}{more}")
    return fitting


def source(text: str | None, folder: Path, need: Need, measure: bool) -> Path | None:
    """The results file to answer from; None where there is none and it will be measured."""
    files = sorted(path for path in folder.glob("*.json*") if path.name.endswith((".json", ".json.gz")))
    if text is None:
        if files:
            return max(files, key=lambda path: (path.stat().st_mtime, path.name))
        if measure:
            return None
        raise ResultError(f"{folder}: no results file: --measure measures this, and so does: {how(need)}")
    path = Path(text)
    if path.name != text or path.suffix in (".json", ".gz"):
        return path
    by_label = {found.name.removesuffix(".gz").removesuffix(".json"): found for found in files}
    if text not in by_label:
        raise UnknownName(f"label in {folder}", text, by_label)
    return by_label[text]


def answer(path: Path | None, need: Need) -> Advice | None:
    """What a results file says to this; None without a file. Raises ResultError, and UnknownName of a Python."""
    if path is None:
        return None
    from ipcbench.analysis.advise import advise
    from ipcbench.analysis.stats import summarise
    from ipcbench.results.frame import case_frame, visit_frame

    result = load(path)
    if need.python:
        _check_python(result, need.python, path)
    visits = visit_frame(result)
    return advise(result.ipcbench.mechanisms, summarise(case_frame(result), visits), visits, need)


def _check_python(result: ResultFile, tag: str, path: Path) -> None:
    tags = [python.tag for python in result.ipcbench.pythons]
    if tag not in tags:
        raise UnknownName(f"Python in {path}", tag, tags)


def lacking(found: Advice, need: Need) -> set[str]:
    """Which mechanisms could answer and have not been measured, and not failed either, in what is asked for."""
    from ipcbench.analysis.advise import NOT_MEASURED

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
    finish = measured("run", run.make_context("run", words).params)
    assert finish is not None  # only a dry run has none
    if given["style"] == "table" or finish.stopped:
        for line in summary_lines(finish.result, finish.path):
            say(line)
    return finish.path, finish.code


def _words(need: Need, mechanisms: list[str]) -> list[str]:
    """The options of `run` that measure a need."""
    words = ["--mechanism", ",".join(mechanisms)] if mechanisms else []
    words += ["--pattern", need.questions[0], "--size", size_name(need.size), "--workers", str(need.workers)]
    words += ["--payload", need.payload] if need.payload != "bytes" else []
    return words + (["--placement", need.placement] if need.placement else [])


def how(need: Need) -> str:
    """The command that measures a need."""
    return pasted("run", *_words(need, list(need.mechanisms)))
