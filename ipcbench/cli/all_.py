"""`ipcbench all`: measure, then report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ipcbench.cli.options import make_order, run_options


@click.command("all", short_help="Measure the curated selection and write the report.")
@run_options
@click.option(
    "--reports", type=click.Path(path_type=Path), default=Path("reports"), help="Folder for reports. Default: reports."
)
def command(**given: Any) -> int:
    """Measure the mechanisms people choose between, and write the report.

    Takes ten minutes on two CPUs and makes at least 7 rounds; with --fast two and 5, with --rigorous forty and 15.
    Writes results/<label>.json and reports/<label>/ with report.html, summary.md, cases.csv and charts/. Everything
    `run` takes, `all` takes.

    \b
    Examples:
      ipcbench all --fast
      ipcbench all --label laptop
      ipcbench all --budget 5m --mechanism 'manager-*,queue'
    """
    from ipcbench.cli.measuring import cost_line, dry_run, measure_and_save, summary_lines
    from ipcbench.cli.printing import say

    order = make_order("all", given)
    if order.dry_run:
        dry_run(order)
        return 0
    result, path, code = measure_and_save(order)
    for line in summary_lines(result, path):
        say(line)
    from ipcbench.report import headlines, write

    page = write(result, given["reports"] / result.ipcbench.label)
    for line in headlines(result):
        say(line)
    say(cost_line(result))
    say(f"report: {page}")
    return code
