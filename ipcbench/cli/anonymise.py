"""`ipcbench anonymise`: a copy of a results file that can be given to anybody."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ipcbench.cli.options import RESULTS


@click.command("anonymise")
@click.argument("file")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Where labels are. Default: results.")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="Default: <name>.anonymous.json beside FILE.",
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(file: str, results: Path, out: Path | None, force: bool) -> int:
    """Copy FILE without what names a host, a user or a path.

    FILE is a path or a label; - reads from standard input, and then --out says where the copy goes. Only metadata on
    the allow-list stay, as in files made without --full-metadata. Paths in errors and stacks become <path>; this
    machine's host and user names, and those the file tells, become <name>. Mechanism names stay: the cases are named
    by them.

    \b
    Example:
      ipcbench anonymise laptop
    """
    from ipcbench.cli.output import say
    from ipcbench.errors import BadRequest, ResultError
    from ipcbench.machine.names import local_names
    from ipcbench.results.newest import stem_of
    from ipcbench.results.privacy import anonymous
    from ipcbench.results.reading import STDIN
    from ipcbench.results.store import find, load, save

    source = find(file, results)
    if out is None and (source == STDIN or (source.exists() and not (source.is_file() or source.is_dir()))):
        raise BadRequest(f"{file}: a pipe has no folder to put the copy into: say with --out where it goes")
    clean = anonymous(load(source), local_names())
    path = out or source.with_name(f"{stem_of(source)}.anonymous.json")
    if os.path.exists(path) and not force:
        raise ResultError(f"{path} exists: choose another --out, or --force to overwrite")
    save(clean, path, force)
    say(f"anonymous copy: {path}")
    return 0
