"""`ipcbench anonymise`: a copy of a results file that can be given to anybody."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command("anonymise")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="Default: <name>.anonymous.json beside FILE.",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(file: Path, out: Path | None, force: bool) -> int:
    """Copy FILE without what names a host, a user or a path.

    Only metadata on the allow-list stay, as in files made without --full-metadata. Paths in errors and stacks become
    <path>; this machine's host and user names, and those the file tells, become <name>. Mechanism names stay: the
    cases are named by them.

    \b
    Example:
      ipcbench anonymise results/laptop.json
    """
    from ipcbench.cli.output import say
    from ipcbench.errors import ResultError
    from ipcbench.machine.names import local_names
    from ipcbench.results.privacy import anonymous
    from ipcbench.results.store import load, save

    clean = anonymous(load(file), local_names())
    path = out or file.with_name(f"{file.name.removesuffix('.gz').removesuffix('.json')}.anonymous.json")
    if os.path.exists(path) and not force:
        raise ResultError(f"{path} exists: choose another --out, or --force to overwrite")
    save(clean, path, force)
    say(f"anonymous copy: {path}")
    return 0
