"""`ipcbench advise`: recommend a mechanism for a number of producers, consumers and bytes, from results."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ipcbench.cli.options import GroupedCommand, folder_option, known
from ipcbench.cli.output import LEAST_WIDTH, line_width, printing, say_prose
from ipcbench.errors import BadRequest

if TYPE_CHECKING:
    from ipcbench.analysis.advice.advise import Advice
    from ipcbench.report.content.advice import Source

FORMATS = ("table", "markdown", "json")


GROUPS = {
    "What you need": ("producers", "consumers", "size", "payload", "need", "must"),
    "Which mechanisms": ("family", "mechanism", "stdlib", "placement", "cpus"),
    "Which measurements": ("source", "results", "python", "measure", "rounds", "label"),
}


@click.command("advise", cls=GroupedCommand, groups=GROUPS)
@click.option("--producers", default="1", metavar="N", help="Number of processes that send. Default: 1.")
@click.option("--consumers", default="1", metavar="N", help="Number of processes that receive. Default: 1.")
@click.option("--size", metavar="SIZE", help="Payload size, such as 64KiB. Default: 64B, or 8B for shared state.")
@click.option("--payload", default="bytes", metavar="KIND", help="bytes (default), object or array.")
@click.option(
    "--need",
    default="",
    metavar="WHAT",
    help="latency, throughput, tasks, state, read, write, or a pattern such as pipeline. Default: derived from "
    "--producers and --consumers.",
)
@click.option(
    "--must",
    multiple=True,
    metavar="WHAT",
    help="block (default: no spinning) or any (spinning too); many-senders, many-receivers, many-to-many, end-of-file, "
    "cross-host, ordered, objects. Repeatable; commas work.",
)
@click.option("--family", default="", metavar="NAME", help="Only this family, such as queues.")
@click.option("--mechanism", multiple=True, metavar="NAME", help="Only these mechanisms; globs work.")
@click.option("--stdlib", is_flag=True, help="Only mechanisms of the standard library.")
@click.option("--placement", default="", metavar="HOW", help="spread, pack or free. Default: that of most cases.")
@click.option("--cpus", default="", metavar="HOW", help="idle or awake. Default: that of most cases.")
@click.option("--python", default="", metavar="TAG", help="Which Python, if the file has several, such as py3.13.0.")
@click.option(
    "--from",
    "source",
    metavar="FILE|LABEL",
    help="Results file. Default: the newest run of this machine that answers the question.",
)
@folder_option("Folder of results files. Default: results.")
@click.option("--measure", is_flag=True, help="First measure all mechanisms that fit, if the answer lacks any.")
@click.option("--rounds", metavar="N", help="Number of rounds for --measure. Default: that of 'ipcbench run'.")
@click.option("--label", metavar="NAME", help="Name of the results file of --measure.")
@click.option("--format", "style", default="table", metavar="FORMAT", help="table (default), markdown or json.")
def command(**given: Any) -> int:
    """Recommend a mechanism for your processes and payload, from measured results.

    \b
    Examples:
      ipcbench advise
      ipcbench advise --consumers 4 --size 64KiB
      ipcbench advise --size 1MiB --payload array
      ipcbench advise --size 1MiB --need throughput --from laptop
      ipcbench advise --consumers 4 --need tasks --measure
      ipcbench advise --producers 8 --need state --format json

    The command ranks the mechanisms that fit and gives the reason against the others. The answer comes from the newest
    run of this machine that measured the question; results of another machine, such as the file that comes with
    ipcbench, are used only if --from names them. Every answer names the machine and the date.

    Blocking and spinning mechanisms are never ranked together, except with --must any. If the size or the number of
    workers was not measured, the command uses the nearest and says so first. It gives no answer from a size more than 4
    times larger or smaller, from more than twice or fewer than half as many workers, or from one worker for several.
    """
    from ipcbench.cli.advising import first_answer, how, lacking, make_need, measure, sources

    style = known("format", given["style"], FORMATS)
    if not given["measure"] and (given["rounds"] or given["label"]):
        raise BadRequest("--rounds and --label belong to --measure: add --measure, or leave them out")
    need = make_need(given)
    paths = sources(given["source"], given["results"], need, given["measure"])
    answered, code = first_answer(paths, need), 0
    if given["measure"] and (answered is None or lacking(answered[0], need)):
        path, code = measure(need, given)
        answered = first_answer([path], need) if code < 128 else None
    if answered is None:
        return code
    from ipcbench.report.content import advice as shown

    found, of = answered
    if found.far:
        raise BadRequest(f"{shown.too_far(found, of)}; to measure it, add --measure, or: {how(need)}")
    if not found.options:
        raise BadRequest(f"{of.file}: no measured case fits; to measure it, add --measure, or: {how(need)}")

    with printing(code):
        if style == "json":
            click.echo(shown.as_json(found, of))
        elif style == "markdown":
            click.echo(shown.as_markdown(found, of))
        else:
            _print(found, of)
    return code


def _print(found: Advice, source: Source) -> None:
    from ipcbench.report.content import advice as shown
    from ipcbench.report.page.terminal import printed

    for line in shown.sentences(found, source):
        say_prose(line)
    for table in shown.tables(found):
        click.echo()
        say_prose(table.caption)
        if table.rows:
            click.echo(printed([replace(table, caption="")], line_width(LEAST_WIDTH)))
    out = shown.excluded(found)
    if out:
        click.echo("\nRuled out:")
        for line in out:
            say_prose(f"- {line}")
