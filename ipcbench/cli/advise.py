"""`ipcbench advise`: which mechanism for so many producers, consumers and bytes, from what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ipcbench.cli.options import RESULTS, known
from ipcbench.cli.output import LEAST_WIDTH, line_width, printing, say_prose
from ipcbench.errors import BadRequest

if TYPE_CHECKING:
    from ipcbench.analysis.advice.advise import Advice
    from ipcbench.report.content.advice import Source

FORMATS = ("table", "markdown", "json")


@click.command("advise")
@click.option("--producers", default="1", metavar="N", help="How many processes send. Default: 1.")
@click.option("--consumers", default="1", metavar="N", help="How many receive. Default: 1.")
@click.option("--size", metavar="SIZE", help="Payload, such as 64KiB. Default: 64B, and 8B of shared state.")
@click.option("--payload", default="bytes", metavar="KIND", help="bytes (default), object or array.")
@click.option(
    "--need",
    default="",
    metavar="WHAT",
    help="latency, throughput, tasks, state, read or write, or a pattern. Default: by the numbers of processes.",
)
@click.option(
    "--must",
    multiple=True,
    metavar="WHAT",
    help="block (default) or any, which lets spinning in; many-senders, many-receivers, many-to-many, end-of-file, "
    "cross-host, ordered, objects. Repeat, or separate by commas.",
)
@click.option("--family", default="", metavar="NAME", help="Only this family, such as queues.")
@click.option("--mechanism", multiple=True, metavar="NAME", help="Only these; globs work.")
@click.option("--stdlib", is_flag=True, help="Only the standard library: nothing to install.")
@click.option("--placement", default="", metavar="HOW", help="spread, pack or free. Default: what most cases have.")
@click.option("--python", default="", metavar="TAG", help="Of several Pythons in a file this one, such as py3.13.0.")
@click.option(
    "--from",
    "source",
    metavar="FILE",
    help="Results file or label. Default: the newest run of this machine that can answer.",
)
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Folder of results files.")
@click.option("--measure", is_flag=True, help="Measure first what the answer lacks, all that fits side by side.")
@click.option("--rounds", metavar="N", help="Rounds of --measure. Default: as of run.")
@click.option("--label", metavar="NAME", help="Name of the results file of --measure.")
@click.option("--format", "style", default="table", metavar="HOW", help="table (default), markdown or json.")
def command(**given: Any) -> int:
    """Say which mechanism fits, the fastest first, from a results file, and why the others do not.

    The newest run of this machine that can answer does so. What another machine measured, such as the file that comes
    with ipcbench, answers only if --from names it; every answer says whose machine it is about, and when.

    What blocks and what spins are never ranked together, unless --must any asks for it. Where the size or the number of
    workers was not measured, the nearest answers and the distance is said first. There is no answer from a size that is
    more than 4 times as large or small, nor from more than twice or less than half as many workers, nor from one worker
    for several.

    \b
    Examples:
      ipcbench advise
      ipcbench advise --consumers 4 --size 64KiB
      ipcbench advise --size 1MiB --payload array
      ipcbench advise --size 1MiB --need throughput --from laptop
      ipcbench advise --consumers 4 --need tasks --measure
      ipcbench advise --producers 8 --need state --format json
    """
    from ipcbench.cli.advising import first_answer, how, lacking, make_need, measure, sources

    style = known("format", given["style"], FORMATS)
    if not given["measure"] and (given["rounds"] or given["label"]):
        raise BadRequest("--rounds and --label are of what --measure measures: add it")
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
        raise BadRequest(f"{of.file}: no case of this fits; to measure it, add --measure, or: {how(need)}")

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
