"""`ipcbench run`: measure a selection and keep the numbers."""

from __future__ import annotations

from typing import Any

import click

from ipcbench.cli.options import make_order, run_options


@click.command("run", short_help="Measure a selection; writes results/<label>.json.")
@run_options
def command(**given: Any) -> int:
    """Measure a selection of cases and write results/<label>.json.

    A case is a mechanism in a pattern at a payload size with so many workers. Without --suite, --mechanism and
    --pattern choose from everything and --size and --workers say at which; with it, they narrow the suite down. Rounds
    default to 10 (5 with --fast, 25 with --rigorous).

    \b
    Examples:
      ipcbench run --mechanism queue,pipe --pattern ping-pong --size 64B,1MiB
      ipcbench run --mechanism queue --pattern task-queue --workers 1,4 --rounds 5 --label tq
      ipcbench run --suite state --placement spread,pack --budget 5m
      ipcbench run --mechanism 'manager-*' --pattern access --dry-run

    The results go to stdout, progress to stderr. `ipcbench report results/<label>.json` makes the charts;
    `python -m pyperf stats results/<label>.json` reads the same file.
    """
    from ipcbench.cli.measuring import cost_line, dry_run, measure_and_save, summary_lines
    from ipcbench.cli.printing import say

    order = make_order("run", given)
    if order.dry_run:
        dry_run(order)
        return 0
    result, path, code = measure_and_save(order)
    from ipcbench.report import headlines

    for line in [*summary_lines(result, path), *headlines(result), cost_line(result)]:
        say(line)
    return code
