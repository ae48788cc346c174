"""`ipcbench run`: measure a selection and keep the numbers."""

from __future__ import annotations

from typing import Any

import click

from ipcbench.cli.options import run_options
from ipcbench.cli.output import printing, say, say_prose


@click.command("run")
@run_options
def command(**given: Any) -> int:
    """Measure a selection of cases and write results/<label>.json.

    A case is a mechanism in a pattern at a payload size with so many workers. Without any choice it measures the suite
    "all". With --suite, the options --mechanism, --pattern, --size and --workers narrow the suite down; without it they
    choose from everything. Rounds default to 10 (5 with --fast, 25 with --rigorous).

    \b
    Examples:
      ipcbench run --mechanism queue,pipe --pattern ping-pong --size 64B,1MiB
      ipcbench run --mechanism queue --pattern task-queue --workers 1,4 --rounds 5 --label tq
      ipcbench run --suite state --placement spread,pack --budget 5m
      ipcbench run --mechanism 'manager-*' --pattern access --dry-run
      ipcbench run --mechanism queue,pipe --pattern ping-pong --precision 5%
      ipcbench run --resume tq

    The results go to stdout, progress to stderr. `ipcbench report results/<label>.json` makes the charts;
    `python -m pyperf stats results/<label>.json` reads the same file. A run that was stopped or killed leaves
    results/<label>.journal, and --resume continues it. To repeat a measurement another day, measure it under another
    label; 'ipcbench merge' joins both.
    """
    from ipcbench.run.execute import say_report
    from ipcbench.run.session import measured
    from ipcbench.cli.summary import cost_line, self_check_line, summary_lines

    finish = measured("run", given)
    if finish is None:
        return 0
    with printing(finish.code):
        for line in summary_lines(finish.result, finish.path):
            say_prose(line)
        if not finish.stopped:  # who stops a run wants the prompt back
            from ipcbench.report import said

            closing = [self_check_line(finish.result), cost_line(finish.result)]
            for line in [*said(finish.result), *closing]:
                say_prose(line)
            say_report(finish)
        if finish.resuming:
            say(f"to continue: {finish.resuming}")
    return finish.code
