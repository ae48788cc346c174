"""`ipcbench run`: measure selected cases and save the values."""

from __future__ import annotations

from typing import Any

import click

from ipcbench.cli.options import GROUPS, GroupedCommand, run_options


@click.command("run", cls=GroupedCommand, groups=GROUPS)
@run_options
def command(**given: Any) -> int:
    """Measure selected cases and write results/<label>.json.

    \b
    Examples:
      ipcbench run --mechanism queue,pipe --pattern ping-pong --size 64B,1MiB
      ipcbench run --mechanism queue --pattern task-queue --workers 1,4
      ipcbench run --suite state --placement spread,pack --budget 5m
      ipcbench run --mechanism 'manager-*' --pattern access --dry-run
      ipcbench run --mechanism queue,pipe --pattern ping-pong --precision 5%
      ipcbench run --resume laptop

    A case is a mechanism in a pattern with a payload size and a number of workers. Without a selection the command
    measures the suite "all". The options --mechanism, --pattern, --size and --workers narrow a given --suite down;
    without --suite they select from everything. The default is 10 rounds, 5 with --fast and 25 with --rigorous.

    Results go to stdout, progress goes to stderr. 'ipcbench report' draws charts from the results file, and 'python -m
    pyperf stats' reads it too. A run that was stopped or killed leaves results/<label>.journal, and --resume continues
    it. To repeat a measurement later, measure under another label and join both files with 'ipcbench merge'.
    """
    from ipcbench.cli.measuring.session import measure

    return measure("run", given)
