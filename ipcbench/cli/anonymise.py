"""`ipcbench anonymise`: copy a results file without host names, user names and paths."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ipcbench.cli.options import results_option


@click.command("anonymise")
@click.argument("file", metavar="FILE|LABEL")
@results_option
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Path of the copy. Default: <name>.anonymous.json beside FILE.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing copy.")
def command(file: str, results: Path, out: Path | None, force: bool) -> int:
    """Copy a results file without host names, user names and paths.

    \b
    Example:
      ipcbench anonymise laptop

    The argument is a path, a label, or - for standard input, which needs --out. The copy keeps only metadata on an
    allow-list, like files measured without --full-metadata. In errors and stacks <path> replaces paths, and <name>
    replaces host and user names, both those of this machine and those in the file. Names of mechanisms stay, since
    cases contain them.
    """
    from ipcbench.cli.output import say
    from ipcbench.errors import BadRequest, ResultError
    from ipcbench.machine.names import local_names
    from ipcbench.results.folder import stem_of
    from ipcbench.results.privacy import anonymous
    from ipcbench.results.reading import STDIN
    from ipcbench.results.store import find, load, save

    source = find(file, results)
    if out is None and (source == STDIN or (source.exists() and not (source.is_file() or source.is_dir()))):
        raise BadRequest(f"{file}: standard input and pipes have no folder for the copy: name one with --out")
    clean = anonymous(load(source), local_names())
    path = out or source.with_name(f"{stem_of(source)}.anonymous.json")
    if os.path.exists(path) and not force:
        raise ResultError(f"{path} exists: choose another --out, or overwrite it with --force")
    save(clean, path, force)
    say(f"anonymous copy: {path}")
    return 0
