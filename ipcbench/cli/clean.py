"""`ipcbench clean`: remove what killed runs have left, and nothing else."""

from __future__ import annotations

import click

from ipcbench.cli.output import say, tell


@click.command("clean")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def command(dry_run: bool) -> int:
    """Remove what killed runs have left: processes, shared memory, semaphores and temporary folders.

    ipcbench cleans up after itself however it ends. Only when it and its warden are killed in the same moment can
    something stay; its names tell which run it belongs to. A run that is under way is left alone, and so is everything
    that does not carry the name of a run that is over. Journals and results are never touched.

    \b
    Examples:
      ipcbench clean --dry-run
      ipcbench clean
    """
    from ipcbench.run.containment.leftovers import find_leftovers, live_runs, remove_leftover

    code = 0
    found = find_leftovers()
    for leftover in found:
        text = (
            f"{leftover.folder}: {_count(len(leftover.processes), 'process', 'processes')}, "
            f"{_count(len(leftover.names), 'shared name', 'shared names')}"
        )
        if dry_run:
            say(f"would remove {text}")
            continue
        survivors = remove_leftover(leftover)
        if survivors:
            code = 6
            tell(f"ipcbench: {text}: process {survivors[0].pid} would not end; its folder stays")
        else:
            say(f"removed {text}")
    if not found:
        say("nothing is left of any killed run")
    live = live_runs()
    if live:
        say(f"left alone: {_count(len(live), 'run', 'runs')} under way")
    return code


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
