"""`ipcbench clean`: remove what killed runs left behind, and nothing else."""

from __future__ import annotations

import click

from ipcbench.cli.exit_codes import NOT_SAVED
from ipcbench.cli.output import say, tell
from ipcbench.text import count


@click.command("clean")
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
def command(dry_run: bool) -> int:
    """Remove what killed runs left behind.

    \b
    Examples:
      ipcbench clean --dry-run
      ipcbench clean

    A run removes its processes, shared memory, semaphores and temporary folders, however it ends. Something stays only
    if the run and its warden are killed at the same moment. Names tell which run owns what, and the command removes
    only what belongs to a run that is over. It never removes journals and results.
    """
    from ipcbench.run.containment.leftovers import find_leftovers, live_runs, remove_leftover

    code = 0
    found = find_leftovers()
    for leftover in found:
        text = (
            f"{leftover.folder}: {count(len(leftover.processes), 'process')}, "
            f"{count(len(leftover.names), 'shared name')}"
        )
        if dry_run:
            say(f"would remove {text}")
            continue
        survivors = remove_leftover(leftover)
        if survivors:
            code = NOT_SAVED
            tell(f"ipcbench: {text}: process {survivors[0].pid} does not end, and the folder stays; end it and repeat")
        else:
            say(f"removed {text}")
    if not found:
        say("killed runs left nothing behind")
    live = live_runs()
    if live:
        say(f"left alone: {count(len(live), 'run')} in progress")
    return code
