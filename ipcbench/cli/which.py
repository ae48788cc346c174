"""`ipcbench which`: measure the candidates for a need, and recommend one."""

from __future__ import annotations

from typing import Any

import click

from ipcbench.cli.options import FORMATS, NEED_GROUPS, GroupedCommand, folder_option, known, need_options, trust_option

GROUPS = NEED_GROUPS | {"Measuring": ("budget", "save", "results")}


@click.command("which", cls=GroupedCommand, groups=GROUPS)
@need_options
@click.option("--budget", default="14s", metavar="TIME", help="Answer after about this long. Default: 14s.")
@click.option("--save", metavar="LABEL", help="Keep the run as results/<label>.json. Default: keep no file.")
@trust_option
@folder_option("Folder for --save. Default: results.")
def command(**given: Any) -> int:
    """Measure which mechanism is best for your processes and payload, in about 15 seconds.

    \b
    Examples:
      ipcbench which
      ipcbench which --size 64KiB --consumers 4
      ipcbench which --size 1MiB --payload array --stdlib
      ipcbench which --need throughput --must ordered --budget 30s
      ipcbench which --need state --producers 8 --format json
      ipcbench which --consumers 4 --work 5ms --rate 100/s
      ipcbench which --size 64KiB --consumers 4 --save four

    The command measures all mechanisms that fit, side by side and in several rounds, ranks them and gives the reason
    against the others. The default candidates are all mechanisms that are installed, without controls and baselines.
    If they are too many for the budget, those that take more than 4 times as long as the fastest in a first trial are
    ruled out.

    No file is kept, except with --save: 'ipcbench report', 'advise' and 'compare' read that one. After Ctrl-C the
    answer comes from the complete rounds, if there are 3.
    """
    from ipcbench.cli.measuring.which_session import measure_need

    return measure_need(given, known("format", given["style"], FORMATS))
