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
    from ipcbench.cli.session import code_of, measured, say_report
    from ipcbench.cli.summary import cost_line, self_check_line, summary_lines

    finished = measured("run", given)
    if finished is None:
        return 0
    code = code_of(finished)
    with printing(code):
        for line in summary_lines(finished.result, finished.path):
            say_prose(line)
        if not finished.stopped_by:  # the user wants the prompt back
            from ipcbench.report import said

            closing = [self_check_line(finished.result), cost_line(finished.result)]
            for line in [*said(finished.result), *closing]:
                say_prose(line)
            say_report(finished)
        if finished.resuming:
            say(f"to continue: {finished.resuming}")
    return code
