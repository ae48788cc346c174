"""`ipcbench advise`: recommend a mechanism for a number of producers, consumers and bytes, from results."""

from __future__ import annotations

from typing import Any

import click

from ipcbench.cli.options import FORMATS, NEED_GROUPS, GroupedCommand, folder_option, known, need_options
from ipcbench.errors import BadRequest

GROUPS = NEED_GROUPS | {"Which measurements": ("source", "results", "python")}


@click.command("advise", cls=GroupedCommand, groups=GROUPS)
@need_options
@click.option("--python", default="", metavar="TAG", help="Which Python, if the file has several, such as py3.13.0.")
@click.option(
    "--from",
    "source",
    metavar="FILE|LABEL",
    help="Results file. Default: the newest run of this machine that answers the question.",
)
@folder_option("Folder of results files. Default: results.")
def command(**given: Any) -> int:
    """Recommend a mechanism for your processes and payload, from a results file.

    \b
    Examples:
      ipcbench advise
      ipcbench advise --consumers 4 --size 64KiB
      ipcbench advise --size 1MiB --payload array
      ipcbench advise --size 1MiB --need throughput --from laptop
      ipcbench advise --consumers 4 --need tasks
      ipcbench advise --producers 8 --need state --format json

    The command ranks the mechanisms that fit and gives the reason against the others. The answer comes from the newest
    run of this machine that measured the question; results of another machine, such as the file that comes with
    ipcbench, are used only if --from names them. Every answer names the machine and the date. 'ipcbench which' takes
    the same questions and measures.

    Blocking and spinning mechanisms are never ranked together, except with --must any. If the size or the number of
    workers was not measured, the command uses the nearest and says so first. It gives no answer from a size more than 4
    times larger or smaller, from more than twice or fewer than half as many workers, or from one worker for several.
    """
    from ipcbench.cli.answering.need import how, make_need
    from ipcbench.cli.answering.sources import first_answer, sources

    style, need = known("format", given["style"], FORMATS), make_need(given)
    found, of = first_answer(sources(given["source"], given["results"], how(given)), need)

    from ipcbench.cli.answering.answer import print_answer  # pandas, which errors above need not wait for
    from ipcbench.report.content.advice import too_far

    if found.far:
        raise BadRequest(f"{too_far(found, of)}; to measure it: {how(given)}")
    if not found.options:
        raise BadRequest(f"{of.file}: no measured case fits; to measure it: {how(given)}")
    print_answer(found, of, style, 0)
    return 0
