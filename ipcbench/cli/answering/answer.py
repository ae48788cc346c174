"""An answer to a need: computed from a result, and printed. Importing it takes a second, since it needs pandas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import click

from ipcbench.analysis.advice.advise import NOT_MEASURED, Advice, Out, advise, in_order
from ipcbench.analysis.advice.need import NOT_ASKED, Need
from ipcbench.analysis.stats import summarise
from ipcbench.cli.answering.need import reasons
from ipcbench.cli.output import LEAST_WIDTH, line_width, printing, say_prose
from ipcbench.model import Case
from ipcbench.report.content.advice import Source, as_json, as_markdown, excluded, sentences, tables
from ipcbench.report.page.terminal import printed
from ipcbench.results.frame import case_frame, visit_frame
from ipcbench.results.schema import ResultFile


def answer(result: ResultFile, need: Need, left_out: Mapping[str, str]) -> Advice:
    """Return the advice from a result; left_out has reasons why mechanisms are not in it, by name."""
    record, visits = result.ipcbench, visit_frame(result)
    found = advise(record.mechanisms, summarise(case_frame(result), visits), visits, need)
    unfit = reasons(replace(need, questions=(found.question,)))
    unknown = set(unfit) - {each.name for each in record.mechanisms}
    cases = [(Case.parse(skip.id), skip.reason) for skip in record.skips]
    skipped = {case.mechanism: reason for case, reason in cases if case.question == found.question}
    beyond = {name: unfit[name] or skipped.get(name) or left_out.get(name, NOT_MEASURED) for name in unknown}
    out = [*found.out, *(Out(name, reason.removeprefix(f"{name} ")) for name, reason in beyond.items())]
    out = [each for each in out if each.reason != NOT_ASKED]
    return replace(found, out=in_order(out))


def print_answer(found: Advice, source: Source, style: str, code: int) -> None:
    """Print the answer of a command that ends with this code, as a table, Markdown or JSON."""
    with printing(code):
        if style == "json":
            click.echo(as_json(found, source))
        elif style == "markdown":
            click.echo(as_markdown(found, source))
        else:
            _print(found, source)


def _print(found: Advice, source: Source) -> None:
    for line in sentences(found, source):
        say_prose(line)
    for table in tables(found):
        click.echo()
        say_prose(table.caption)
        if table.rows:
            click.echo(printed([replace(table, caption="")], line_width(LEAST_WIDTH)))
    out = excluded(found)
    if out:
        click.echo("\nRuled out:")
        for line in out:
            say_prose(f"- {line}")
