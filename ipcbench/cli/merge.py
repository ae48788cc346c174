"""`ipcbench merge`: merge results files of one machine into one, as repeats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ipcbench.cli.options import folder_option

if TYPE_CHECKING:
    from ipcbench.results.schema import ResultFile


@click.command("merge")
@click.argument("files", nargs=-1, metavar="FILE|LABEL...")
@click.option("--label", metavar="NAME", help="Name of the new results file; required.")
@folder_option("Folder of the new file, and where labels are looked up. Default: results.")
@click.option("--force", is_flag=True, help="Overwrite the results file of this label.")
def command(files: tuple[str, ...], label: str | None, results: Path, force: bool) -> int:
    """Merge results files of one machine as repeats.

    \b
    Example:
      ipcbench merge monday tuesday --label week

    The files were measured on one machine with the same settings at different times. An argument is a path, a label, or
    - for standard input. The new file numbers the rounds in the order of measurement. Comparisons inside it pair cases
    that were measured together, and the interval of a case includes the change from one repeat to the next. A case that
    only some files have keeps its rounds; a case that failed in any file has no number.
    """
    from ipcbench.cli.measuring.summary import summary_lines
    from ipcbench.cli.output import say, say_prose
    from ipcbench.errors import BadRequest
    from ipcbench.results.store import check_label, check_writable, find, save
    from ipcbench.run.save import refuse_existing
    from ipcbench.shell import file_argument, pasted
    from ipcbench.text import count

    if len(files) < 2:
        raise BadRequest("merge needs at least two files or labels")
    if label is None:
        raise BadRequest("merge writes a new results file: name it with --label")
    path = results / f"{check_label(label)}.json"
    refuse_existing(path, force)
    result = merged([find(text, results) for text in files], label)
    check_writable(results)
    save(result, path, force)
    for line in summary_lines(result, path):
        say_prose(line)
    say(f"{count(len(result.ipcbench.repeats), 'repeat')} from {count(len(files), 'file')}")
    say(f"to report: {pasted('report', file_argument(path))}")
    return 0


def merged(files: Sequence[Path], label: str) -> ResultFile:
    """Merge files in the order of measurement; raises ResultError that names two files that do not fit."""
    from ipcbench.errors import ResultError
    from ipcbench.results.merge import joined, why_apart
    from ipcbench.results.store import load

    known = sorted(((load(path), path) for path in files), key=lambda pair: pair[0].ipcbench.started)
    for place, (result, path) in enumerate(known):
        for earlier, other in known[:place]:
            found = why_apart(earlier, result)
            if found:
                raise ResultError(f"{other} and {path} cannot be merged: {'; '.join(found)}")
    whole = known[0][0]
    for result, _ in known[1:]:
        whole = joined(whole, result)
    whole.ipcbench.label = label
    return whole
