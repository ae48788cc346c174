"""Advice as sentences and tables, as Markdown and as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import NamedTuple

import msgspec

from ipcbench.analysis.advice.advise import Advice, Baseline, Option
from ipcbench.analysis.advice.need import LOOP
from ipcbench.analysis.models import Estimate
from ipcbench.measure.api.load import KEPT_UP
from ipcbench.report.content.setting import brief
from ipcbench.report.content.tables import Table
from ipcbench.report.content.words import estimate, listing, markdown, rate_word
from ipcbench.report.page.markdown import table as markdown_table
from ipcbench.results.schema import RunRecord
from ipcbench.text import count, safe_text
from ipcbench.units import format_duration, format_rate, format_ratio, format_size, format_time

_MOST_NAMES = 40
_MOST_OUT = 100  # names behind one reason: more than there are mechanisms, a bound for untrusted files
_ORDER = {"total": "in order", "per sender": "in order per sender", "none": "in no order"}
_REACH = {"host": "one host", "network": "also between hosts"}
_WAIT = {"block": "blocks", "spin": "spins", "poll": "polls"}
_DEAD = {"end of file": "sees the end", "an error": "gets an error", "nothing": "notices nothing"}


class _Measure(NamedTuple):
    """How an answer names what it ranks by: over a column, and after a value."""

    title: str
    after: str


_MEASURES = {
    "time": _Measure("Time", " per operation"),
    "p99": _Measure("99 % of messages within", ", which 99 % of the messages do not exceed"),
    "cpu": _Measure("CPU per operation", " of CPU time per operation"),
    "memory": _Measure("Memory", " in all processes"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """What an answer was measured by: a results file, its machine and time, or the run of this command.

    file is empty if the run was not kept. here: whether it was measured on this machine; since and until: the days of
    the first and the last repeat, ISO 8601. seconds is how long the run of this command took, 0 for an earlier run.
    """

    file: str
    machine: str
    cpus: int
    since: str
    until: str
    here: bool
    rounds: int
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """File, machine and date, such as 'from results/laptop.json, measured on this machine, 2026-01-15'."""
        if self.seconds:
            rounds = f"{count(self.rounds, 'round')} in {format_duration(self.seconds)}"
            return f"measured just now on this machine, {rounds}"
        return f"from {self.file}, {self.origin}"

    @property
    def origin(self) -> str:
        """Machine and date."""
        when = self.since if self.since == self.until else f"{self.since} to {self.until}"
        if self.here:
            return f"measured on this machine, {when}"
        return f"measured on {self.machine} with {count(self.cpus, 'CPU')}, {when}, not on this machine"


def source_of(file: str, record: RunRecord, here: bool, seconds: float = 0.0) -> Source:
    """Return where the numbers of a run come from; seconds is the duration of one that was made for this answer."""
    days = sorted(safe_text(started, 60)[:10] for started in (record.started, *(r.started for r in record.repeats)))
    machine = safe_text(record.machine.cpu_model, 60), record.machine.usable_cpus
    return Source(file, *machine, days[0], days[-1], here, record.rounds, seconds)


def sentences(advice: Advice, source: Source) -> list[str]:
    """Return the answer in sentences: how far off it is, what was asked, where it was measured, what to take."""
    need = advice.need
    asked = f"{count(need.producers, 'producer')}, {count(need.consumers, 'consumer')}, {format_size(need.size)}"
    where = brief((advice.placement, advice.cpus, advice.start_method, advice.python))
    lines = [] if advice.exact else [_near(advice)]
    lines.append(
        f"{asked} as {need.payload}: {_at(advice.question, advice.size, advice.workers)}, "
        f"{', '.join(where)}, {source.words}."
    )
    if need.uneven:
        lines.append("Cases have as many producers as consumers: this one has the larger of your two numbers.")
    best, *others = advice.options
    ties = [option.mechanism for option in others if option.tied]
    tie = f", tie with {listing(ties, _MOST_NAMES)}" if ties else ""
    alone = ", the only mechanism measured that fits" if not others else ""
    lines.append(f"Take {best.mechanism}: {_value(best.value, need.by)}{_MEASURES[need.by].after}{tie}{alone}.")
    if not advice.keeps_up:
        lines.append(f"None of them keeps up with {rate_word(need.load.rate)}.")
    lines += [_of_baseline(baseline, best.mechanism, need.load.rate) for baseline in advice.baselines]
    if len({option.wait for option in advice.options}) > 1:
        lines.append("The list mixes blocking and spinning: a mechanism that spins keeps a CPU busy while it waits.")
    return [safe_text(text, 1000) for text in lines]


def _value(value: Estimate, by: str) -> str:
    return estimate(value, format_size if by == "memory" else format_time)


def _of_baseline(baseline: Baseline, best: str, rate: float) -> str:
    """Compare with one process that does the same work."""
    takes = estimate(baseline.seconds, format_time)
    if baseline.mechanism == LOOP:
        said, instead = f"A plain loop in one process takes {takes} for the work of each message", "no other process"
    else:
        said, instead = (
            f"Threads ({baseline.mechanism}) take {takes} for each message",
            "no other process, only threads",
        )
    if baseline.gain is None:
        enough = 1 / baseline.seconds.value >= KEPT_UP * rate
        return f"{said}, {'which is enough for' if enough else 'too long for'} {rate_word(rate)}."
    gain = estimate(baseline.gain, format_ratio)
    if baseline.gain.low > 1 or (math.isnan(baseline.gain.low) and baseline.gain.value > 1):
        return f"{said}: {best} is {gain} as fast."
    return f"{said}: {best}, {gain} as fast, is not clearly faster, so you may need {instead}."


def too_far(advice: Advice, source: Source) -> str:
    """Say why a file that measured the question has no answer."""
    asked = f"{format_size(advice.need.size)} with {count(advice.need.workers, 'worker')}"
    words = f"{source.file}, {source.origin}: {advice.question} was measured at {_measured(advice)}"
    return f"{words}, too far from {asked} for an answer"


def tables(advice: Advice) -> list[Table]:
    """Return the ranking, and what its mechanisms promise."""
    return [_ranking(advice), *_differences(advice.options)]


def excluded(advice: Advice) -> list[str]:
    """Return one line per reason, with the mechanisms ruled out for it."""
    return [
        safe_text(f"{reason}: {listing((each.mechanism for each in group), _MOST_OUT)}", 4000)
        for reason, group in groupby(advice.out, key=lambda each: each.reason)
    ]


def as_markdown(advice: Advice, source: Source) -> str:
    """Return the advice as Markdown."""
    parts = ["\n".join(f"- {markdown(text, 1000)}" for text in sentences(advice, source))]
    parts += [markdown_table(found) if found.rows else markdown(found.caption, 1000) for found in tables(advice)]
    out = excluded(advice)
    if out:
        parts.append("Ruled out:\n\n" + "\n".join(f"- {markdown(text, 4000)}" for text in out))
    return "\n\n".join(parts)


def as_json(advice: Advice, source: Source) -> str:
    """Return the advice as JSON, in seconds and bytes, null for no number; ASCII, so no control character is in it."""
    return json.dumps({"source": asdict(source)} | json.loads(msgspec.json.encode(advice)), indent=2)


def _at(question: str, size: int, workers: int) -> str:
    return f"{question} of {format_size(size)} with {count(workers, 'worker')}"


def _measured(advice: Advice) -> str:
    workers = count(1, "worker") if advice.counts == (1,) else f"{listing(map(str, advice.counts), 12)} workers"
    return f"{listing(map(format_size, advice.sizes), 12)} with {workers}"


def _near(advice: Advice) -> str:
    need = advice.need
    asked, found = need.size + 1, advice.size + 1
    factor = f"{max(asked, found) / min(asked, found):.2g} {'larger' if found > asked else 'smaller'}"
    nearest = f"{format_size(advice.size)}{f', by a factor of {factor}' if asked != found else ''}"
    workers = count(advice.workers, "worker")
    modelled = " Modelled times lie between measured ones." if any(o.modelled for o in advice.options) else ""
    return (
        f"No two mechanisms were measured at {_at(advice.question, need.size, need.workers)}. This answer is for the "
        f"nearest case: {nearest}, with {workers}. The run has {_measured(advice)}.{modelled}"
    )


def _ranking(advice: Advice) -> Table:
    need, modelled = advice.need, any(option.modelled for option in advice.options)
    measure, rated = _MEASURES[need.by], need.load.rate > 0
    rows = [
        [
            option.mechanism + ("" if option.wait == "block" else f" ({_WAIT.get(option.wait, option.wait)})"),
            _value(option.value, need.by),
            "best" if option.best else ("≈ " if option.tied else "") + estimate(option.slowdown, format_ratio),
            format_rate(1 / option.seconds.value) if rated and not advice.keeps_up else "",
            format_time(option.seconds.value) if need.by != "time" and not rated else "",
            format_time(option.cpu) if option.cpu == option.cpu and need.by != "cpu" else "",
            format_size(option.memory) if option.memory == option.memory and need.by != "memory" else "",
            f"modelled {estimate(option.modelled, format_time)}"
            if option.modelled
            else "not modelled"
            if modelled
            else "",
            option.notes,
        ]
        for option in advice.options
    ]
    header = [
        "Mechanism",
        f"{measure.title} (95 % interval)",
        "× best",
        "Rate achieved",
        "Time",
        "CPU per operation",
        "Memory",
        f"At {format_size(need.size)}",
        "Notes",
    ]
    if need.workers != advice.workers:
        header[7] += f", {count(need.workers, 'worker')}"
    keep = [column for column in range(len(header)) if column < 3 or any(row[column] for row in rows)]
    cells = [[safe_text(row[column], 200) for column in keep] for row in rows]
    return Table(f"{_at(advice.question, advice.size, advice.workers)}:", [header[column] for column in keep], cells)


def _differences(options: tuple[Option, ...]) -> list[Table]:
    """Return what the mechanisms promise: a table of what differs, under a caption of what they share."""
    header = ["Mechanism", "Carries", "Order", "Bounded by", "If the sender is killed", "Reach", "Waits"]
    rows = [
        [
            option.mechanism,
            option.facts.carries,
            _ORDER.get(option.facts.ordering, option.facts.ordering),
            option.facts.bounded_by,
            _DEAD.get(option.facts.dead_peer, option.facts.dead_peer),
            _REACH.get(option.facts.scope, option.facts.scope),
            _WAIT.get(option.wait, option.wait),
        ]
        for option in options
    ]
    differ = [column for column in range(1, len(header)) if len({row[column] for row in rows}) > 1]
    named = [
        "",
        "carries {}",
        "{}",
        "bounded by {}",
        "a receiver {} if the sender is killed",
        "reach: {}",
        "{} while it waits",
    ]
    agree = [named[c].format(rows[0][c]) for c in range(1, len(header)) if c not in differ and rows[0][c]]
    caption = safe_text(f"{'All of them' if len(rows) > 1 else rows[0][0]}: {', '.join(agree)}.", 1000) if agree else ""
    if not differ:
        return [Table(caption, [], [])] if caption else []
    cells = [[safe_text(row[column], 60) for column in (0, *differ)] for row in rows]
    return [Table(caption or "What they promise:", [header[column] for column in (0, *differ)], cells)]
