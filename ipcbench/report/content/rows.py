"""The tables of the report as rows of text, for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import pandas as pd

from ipcbench.analysis.difference import paired
from ipcbench.analysis.stats import BLOCK
from ipcbench.measure.api.load import offered
from ipcbench.report.content.findings import OPERATIONS, Choice, choices, ratio, sparse, ties
from ipcbench.report.content.setting import in_setting
from ipcbench.report.content.study import Study
from ipcbench.report.content.tables import Table, records
from ipcbench.report.content.words import absence, interval, rate_word
from ipcbench.results.schema import UNKNOWN, Condition, RunRecord
from ipcbench.text import count, safe_text
from ipcbench.units import format_bandwidth, format_rate, format_ratio, format_size, format_time


def which_one(study: Study) -> list[Table]:
    """Return one table per question: winner, its time, ties and the next one, by size and number of workers."""
    tables = []
    for question, asked in groupby(choices(study.summary), key=lambda choice: choice.question):
        blocks = list(asked)
        crowd = any(choice.workers != 1 for choice in blocks)
        rows = [_choice_row(choice, crowd) for choice in blocks]
        keep = [column for column in range(len(CHOICE)) if column not in (3, 4, 6) or any(row[column] for row in rows)]
        tables.append(
            Table(
                caption=_caption(study, question),
                header=[CHOICE[column] for column in keep],
                rows=[[row[column] for column in keep] for row in rows],
                strong=frozenset((row, 1) for row in range(len(rows))),
                values={(row, 2): float(choice.best.seconds) for row, choice in enumerate(blocks)},
            )
        )
    return tables


CHOICE = [
    "For",
    "Take",
    "Time (95 % interval)",
    "Rate",
    "Tied, or no clear difference",
    "Next (times as long)",
    "Notes",
]


WAITS = {"spin": "spinning", "poll": "polling"}  # ranked separately from blocking


def _choice_row(choice: Choice, crowd: bool) -> list[str]:
    parts = [format_size(choice.size), count(choice.workers, "worker") if crowd else "", choice.setting]
    parts += [WAITS[choice.wait]] if choice.wait in WAITS else []
    behind = choice.runner_up
    return [
        ", ".join(part for part in parts if part),
        choice.best.mechanism,
        choice.time,
        choice.rate,
        ties(choice),
        f"{behind.mechanism}, {ratio(behind)}" if behind is not None else "none" if choice.tied else "nothing else ran",
        choice.best.notes,
    ]


def _caption(study: Study, question: str) -> str:
    pattern = question.partition(":")[0]
    facts = [facts for facts in study.record.patterns if facts.name in (question, pattern)]
    asks = safe_text(facts[0].question, 120) if facts else ""
    operation = OPERATIONS.get(question) or (safe_text(facts[0].operation, 120) if facts else question)
    return f"{question}: {asks} Time of {operation}." if asks else f"{question}: time of {operation}."


def by_size(study: Study) -> Table | None:
    """Return mechanism by payload size, for round trips: time, and how many times that of the best; None without any.

    Sparse sizes are left out, as in the chart.
    """
    from_summary = study.summary
    chosen = (
        (from_summary["question"] == "ping-pong") & in_setting(from_summary, study.setting) & from_summary["ranked"]
    )
    cases = from_summary[chosen]
    if cases["seconds"].notna().sum() == 0:
        return None
    cases = cases[cases["workers"] == cases["workers"].min()].drop_duplicates(["mechanism", "size"])
    cases = cases[~cases["size"].isin(sparse(cases))]
    sizes = sorted(cases["size"].unique())
    standing = cases.groupby("mechanism")["slowdown"].agg(["count", "mean"])
    order = sorted(standing.index, key=lambda name: (-standing.loc[name, "count"], standing.loc[name, "mean"], name))
    cells = {(row.mechanism, row.size): row for row in records(cases)}
    rows, strong, muted = [], set(), set()
    for place, name in enumerate(order):
        carried = {size for size in sizes if _has_time(cells.get((name, size)))}
        waits = {row.wait for (other, _), row in cells.items() if other == name}
        row = [f"{name} (spins)" if waits & {"spin", "poll"} else name]
        for column, size in enumerate(sizes, start=1):
            cell = cells.get((name, size))
            row.append(_size_cell(cell, carried))
            if cell is not None and cell.best:
                strong.add((place, column))
            if not _has_time(cell):
                muted.add((place, column))
        rows.append(row)
    header = ["Mechanism", *(format_size(size) for size in sizes)]
    caption = "Time of one round trip, and how many times that of the best. Bold: the best. ≈: a tie with the best."
    return Table(caption, header, rows, frozenset(strong), frozenset(muted))


def delay_words(row: Any) -> list[str]:
    """Return the delays p50, p90, p99, p99.9 and the slowest of single messages, empty if too few were slower."""
    delays = (row.p50, row.p90, row.p99, row.p999, row.most)
    return [format_time(delay) if delay == delay else "" for delay in delays]


def tails(study: Study) -> Table | None:
    """Return the percentiles of single messages that have enough samples, and the rates achieved and offered."""
    cases = {row.case: row for row in records(study.summary)}
    rows = []
    for found in records(study.tails):
        case = cases[found.case]
        if not _has_time(case):
            continue
        due = offered(case.question)
        rate = f"{format_rate(1 / case.seconds)} of {rate_word(due)}" if due else ""
        question = case.operation if case.pattern == "tail" else f"{case.question}, {count(case.workers, 'worker')}"
        name = f"{case.mechanism}, {question}, {format_size(case.size)}"
        rows.append([name, *delay_words(found), f"{found.samples:,}", rate])
    header = ["Case", "50 %", "90 %", "99 %", "99.9 %", "Slowest", "Messages", "Rate achieved"]
    caption = (
        "Single messages: a percentile is given if at least 10 messages were slower. closed: each message waits for "
        "the answer to the last. open-1k: 1,000 messages are due per second. returned: until the sending call returns. "
        "delivered: until the message is received."
    )
    return Table(caption, header, sorted(rows)) if rows else None


def pythons(study: Study) -> Table | None:
    """Return each case under several interpreters: times, and ratios paired by round; None for one interpreter."""
    tags = [python.tag for python in study.record.pythons]
    if len(tags) < 2:
        return None
    cases = study.summary[study.summary["seconds"].notna()]
    where = [column for column in (*BLOCK, "mechanism") if column != "python"]
    rows = []
    for _, same in cases.groupby(where, sort=False):
        by_tag = {row.python: row for row in records(same)}
        first = by_tag.get(tags[0])
        if first is None or len(by_tag) < 2:
            continue
        row = [first.case.removesuffix(f"/{tags[0]}"), format_time(first.seconds)]
        for tag in tags[1:]:
            other = by_tag.get(tag)
            row.append(_against(study, other, first) if other is not None else "")
        rows.append(row)
    header = ["Case", tags[0], *(f"{tag} (times as long)" for tag in tags[1:])]
    return Table(f"Pythons compared: times as long as under {tags[0]}, paired by round.", header, rows)


def _against(study: Study, other: Any, first: Any) -> str:
    found = paired(study.series[other.key], study.series[first.key])
    around = interval(found.low, found.high, format_ratio)
    tie = "≈ " if found.tied else ""
    return f"{format_time(other.seconds)} ({tie}{format_ratio(found.ratio)}{f', {around}' if around else ''})"


def _has_time(cell: Any | None) -> bool:
    return cell is not None and cell.seconds == cell.seconds


def _size_cell(cell: Any | None, carried: Iterable[int]) -> str:
    if cell is None or not _has_time(cell):
        return absence(cell.verdict, carried) if cell is not None else "not run"
    tie = "≈ " if cell.tied else ""
    return f"{format_time(cell.seconds)} ({tie}{format_ratio(cell.slowdown)}){'*' if cell.notes else ''}"


EXACT = ["Case", "Median", "95 % interval", "× the best", "its 95 % interval", "CPU per operation", "Rounds", "Notes"]


def exact(table: pd.DataFrame, caption: str) -> Table:
    """Return the whole table of a chart or a run: a row per case, with a word and a reason for a missing number.

    `values` and `muted` name cells by column: a new column belongs before the notes.
    """
    rate = next((name for name in ("bandwidth", "rate") if name in table), None)
    write = format_bandwidth if rate == "bandwidth" else format_rate
    rows, muted, values = [], set(), {}
    for place, cell in enumerate(records(table)):
        row = _exact_row(cell)
        if rate:
            row.insert(3, write(getattr(cell, rate)))
            values[place, 3] = float(getattr(cell, rate))
        if not _has_time(cell):
            muted.add((place, 1))
        values |= {(place, 1): float(cell.seconds), (place, 2): float(cell.low)}
        values[place, 4 if rate else 3] = float(cell.slowdown)
        rows.append(row)
    header = [*EXACT[:3], "Rate", *EXACT[3:]] if rate else EXACT
    return Table(caption, header, rows, muted=frozenset(muted), values=values)


def _exact_row(cell: Any) -> list[str]:
    name = cell.case or f"{cell.question}/{cell.mechanism}, {format_size(cell.size)}"
    if not _has_time(cell):
        return [name, cell.verdict, "", "", "", "", "", cell.reason]
    return [
        name,
        format_time(cell.seconds),
        interval(cell.low, cell.high),
        "best" if cell.best else f"{'≈ ' if cell.tied else ''}{format_ratio(cell.slowdown)}" if cell.rivals else "",
        "" if cell.best else interval(cell.slowdown_low, cell.slowdown_high, format_ratio),
        format_time(cell.cpu) if cell.cpu == cell.cpu else "",
        str(cell.rounds),
        "; ".join(filter(None, (cell.notes, cell.shape))),
    ]


def mechanisms(study: Study) -> Table:
    """Return what each mechanism declares of itself."""
    rows = [
        [
            safe_text(facts.name, 60),
            safe_text(f"{facts.title} (plug-in of {facts.package})" if facts.package else facts.title, 200),
            safe_text(facts.family, 40),
            safe_text(facts.carries, 40),
            {"block": "blocks", "spin": "spins"}.get(facts.wait, safe_text(facts.wait, 40)),
            " ".join(safe_text(caveat, 300) for caveat in facts.caveats),
        ]
        for facts in sorted(study.record.mechanisms, key=lambda facts: (facts.family, facts.name))
    ]
    return Table("Mechanisms of this run", ["Name", "What it is", "Family", "Carries", "Waits", "Caveats"], rows)


def _conditions(record: RunRecord) -> list[list[str]]:
    """Return a row per condition of the machine that is not good, and one row for those that could not be read.

    What other rows of the table say, the number of usable CPUs and a hypervisor without a name, is left out.
    """
    unread = [one.name for one in record.conditions if one.value == UNKNOWN]
    told = [one for one in record.conditions if one.level != "good" and one.value != UNKNOWN and not _said(one)]
    rows = [[f"{'Warning: ' if one.level == 'warning' else ''}{safe_text(one.name, 60)}", one.value] for one in told]
    return [*rows, *([["Could not be read", ", ".join(unread)]] if unread else [])]


def _said(one: Condition) -> bool:
    """Return whether another row of the table says this already."""
    return one.level == "note" and (one.name == "usable CPUs" or one.value == "of unknown kind")


def environment(study: Study) -> Table:
    """Return the machine and the settings, line by line."""
    machine, settings, record = study.record.machine, study.record.settings, study.record
    several = len(record.repeats) > 1
    usable = "all" if machine.usable_cpus == machine.cpus else machine.usable_cpus
    limit = f"{settings.rounds} rounds" if settings.rounds else f"{settings.budget or 0:g} s budget"
    limit += " in the first repeat" if several else ""
    rows = [
        ["CPU", f"{machine.cpu_model}, {machine.architecture}"],
        ["CPUs", f"{machine.cpus}, {usable} usable"],
        ["Memory", UNKNOWN if machine.memory is None else format_size(machine.memory)],
        ["System", f"{machine.system} {machine.kernel}{', virtual machine' if machine.virtual else ''}"],
        ["Python", f"{machine.interpreter}, pyperf {machine.pyperf}"],
        *([["Measured under", ", ".join(python.written for python in record.pythons)]] if record.pythons else []),
        *([["Own payloads", "; ".join(payload.written for payload in record.payloads)]] if record.payloads else []),
        ["Pickle protocol", str(machine.pickle_protocol)],
        ["Switch interval", format_time(machine.switch_interval)],
        ["Payload, start method, placement, CPUs", ", ".join(filter(None, study.setting))],
        ["Values and warm-ups per visit", f"{settings.values} and {settings.warmups}"],
        ["Shortest value", format_time(settings.min_time)],
        ["Interpreters started", "for each visit" if settings.fresh or record.protocol == 1 else "for each round"],
        ["Rounds", f"{record.rounds} ({limit} asked for)"],
        *([["Rounds of the repeats", ", ".join(str(repeat.rounds) for repeat in record.repeats)]] if several else []),
        *([["Precision asked for", f"±{100 * settings.precision:.3g} %"]] if settings.precision else []),
        ["Seed", str(settings.seed)],
        ["Visits contained by", record.isolation],
        *([["Continued elsewhere", "; ".join(record.mixed)]] if record.mixed else []),
        *_conditions(record),
        ["Run", f"{record.label}, {study.date}, took {study.duration}, ipcbench {record.ipcbench}"],
    ]
    return Table("Machine and settings", ["", ""], [[name, safe_text(value, 200)] for name, value in rows])
