"""`ipcbench all`: measure, then report."""

from __future__ import annotations

from typing import Any

import click

from ipcbench.cli.options import GROUPS, REPORTS, GroupedCommand, folder_option, run_options


@click.command("all", cls=GroupedCommand, groups=GROUPS)
@run_options
@folder_option("Folder for reports. Default: reports.", "--reports", REPORTS)
def command(**given: Any) -> int:
    """Measure a curated selection and write a report.

    \b
    Examples:
      ipcbench all --fast
      ipcbench all --label laptop
      ipcbench all --resume laptop
      ipcbench all --budget 5m --mechanism 'manager-*,queue'

    \b
    Default      about 10 minutes on 2 CPUs, at least 5 rounds
    --fast       about 2 minutes, at least 5 rounds
    --rigorous   about 40 minutes, at least 15 rounds

    The command first prints the warnings of 'ipcbench doctor'. It writes results/<label>.json and the folder
    reports/<label>/ with report.html, summary.md, cases.csv and charts/. It takes all options of 'ipcbench run', and
    --resume continues a run that either command began.
    """
    from ipcbench.cli.measuring.session import measure

    return measure("all", given)
