"""The need of a user, from the options that `advise` and `which` share, and the command that measures it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from ipcbench.analysis.advice.need import MEASURES, NOT_ASKED, WORDS, Need, check, questions_of, ruled_out, usual_size
from ipcbench.cli.options import NEED_GROUPS, USUAL_NEED, known, parts, whole
from ipcbench.errors import BadRequest
from ipcbench.measure.api.load import NO_WORK, with_load
from ipcbench.measure.api.own import WORK_NAME
from ipcbench.model import CPUS, MOST_WORKERS, PAYLOADS, PLACEMENTS, names_payload
from ipcbench.plan import catalog
from ipcbench.report.content.words import listing
from ipcbench.shell import pasted
from ipcbench.text import count
from ipcbench.units import parse_rate, parse_size, parse_work, work_name

MOST_OTHERS = 6  # names
_LISTS = ("must", "mechanism")  # options that are repeatable


def make_need(given: dict[str, Any]) -> Need:
    """Check the options of a need and combine them; raises BadRequest and UnknownName."""
    producers, consumers = (whole(name, given[name], MOST_WORKERS) for name in ("producers", "consumers"))
    named = catalog.select_mechanisms(parts(given["mechanism"]))
    _check_word(given["need"])
    work, rate = _work(given["work"]), parse_rate(given["rate"])
    loaded = work != NO_WORK or rate > 0
    word = given["need"] or ("throughput" if loaded and producers == consumers == 1 else "")
    questions = _loaded(questions_of(word, producers, consumers, catalog.questions()), work, rate)
    families = sorted({found.family for found in catalog.mechanisms(named)})
    need = Need(
        questions=questions,
        producers=producers,
        consumers=consumers,
        workers=max(producers, consumers),
        size=parse_size(given["size"]) if given["size"] is not None else usual_size(questions[0]),
        payload=text if names_payload(text := given["payload"]) else known("payload", text, PAYLOADS),
        musts=parts(given["must"]),
        family=known("family", given["family"], families) if given["family"] else "",
        mechanisms=tuple(named),
        placement=known("placement", given["placement"], PLACEMENTS) if given["placement"] else "",
        cpus=known("CPUs", given["cpus"], CPUS) if given["cpus"] else "",
        python=given.get("python", ""),
        stdlib=given["stdlib"],
        by=known("measure", given["rank_by"], tuple(MEASURES)) if given["rank_by"] else "p99" if rate else "time",
    )
    if need.by == "p99" and not rate and need.pattern != "tail":
        raise BadRequest("--rank-by p99 needs --rate: only messages at a rate are timed one by one")
    check(need)
    fitting(need)
    return need


def _work(text: str) -> str:
    """Return work as case ids name it; raises BadRequest."""
    return text if re.fullmatch(WORK_NAME, text) else work_name(parse_work(text))


def _loaded(questions: Sequence[str], work: str, rate: float) -> tuple[str, ...]:
    """Return the questions with a load, without those that cannot have it; raises BadRequest if none can."""
    found = []
    for question in questions:
        pattern = catalog.pattern(question.partition(":")[0])
        if (pattern.works or work == NO_WORK) and (pattern.rated or not rate):
            found.append(with_load(question, work, rate))
    if not found:
        pattern = catalog.pattern(questions[0].partition(":")[0])
        option = "--rate" if pattern.works or work == NO_WORK else "--work"
        raise BadRequest(f"{option} is not for {questions[0]}: choose --need throughput or tasks")
    return tuple(found)


def _check_word(word: str) -> None:
    """Raise BadRequest if a word is neither a need nor a question."""
    known = [*WORDS, *catalog.questions()]
    if word and word not in known:
        alike = difflib.get_close_matches(word, known, n=1)
        hint = f"did you mean {alike[0]!r}? " if alike else ""
        expected = f"expected {', '.join(WORDS)}, or a pattern; to see all patterns: {pasted('list')}"
        raise BadRequest(f"unknown need {word!r}: {hint}{expected}")


def reasons(need: Need) -> dict[str, str | None]:
    """Return, for each installed mechanism by name, why it does not fit the need; None if it fits."""
    found = {}
    for each in catalog.mechanisms(need.mechanisms):
        case = need.case(each.name)
        found[each.name] = ruled_out(each, need) or catalog.pattern(case.pattern).unfit(each, case)
    return found


def fitting(need: Need) -> list[str]:
    """Return the names of the mechanisms that fit the need; raises BadRequest if none does."""
    found = reasons(need)
    names = [name for name, reason in found.items() if reason is None]
    if not names:
        by_reason: dict[str, list[str]] = {}
        for name, reason in found.items():
            if reason is not None and reason != NOT_ASKED:
                by_reason.setdefault(reason.removeprefix(f"{name} "), []).append(name)
        said = [f"{listing(who, MOST_OTHERS)}: {reason}" for reason, who in by_reason.items()]
        more = f"; and {count(len(said) - 3, 'more reason')}" if len(said) > 3 else ""
        raise BadRequest(f"no mechanism fits {need.questions[0]} with these options: {'; '.join(said[:3])}{more}")
    return names


def words_of(given: dict[str, Any]) -> list[str]:
    """Return the options of a need as they were given, to repeat them in a command."""
    words: list[str] = []
    for name in (name for group in NEED_GROUPS.values() for name in group):
        value = given[name]
        if value in (None, "", (), False, USUAL_NEED.get(name)):
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words.append(",".join(parts(value)) if name in _LISTS else value)
    return words


def how(given: dict[str, Any]) -> str:
    """Return the command that measures a need."""
    return pasted("which", *words_of(given))
