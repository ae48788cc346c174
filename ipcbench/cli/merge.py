"""`ipcbench merge`: several results files of one machine become one, as repeats of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ipcbench.cli.options import RESULTS

if TYPE_CHECKING:
    from ipcbench.results.schema import ResultFile


@click.command("merge")
@click.argument("files", nargs=-1)
@click.option("--label", metavar="NAME", help="Name of the new results file.")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Its folder, and where labels are.")
@click.option("--force", is_flag=True, help="Overwrite the results of an existing label.")
def command(files: tuple[str, ...], label: str | None, results: Path, force: bool) -> int:
    """Join FILES, which were measured on one machine with the same settings at different times, as repeats.

    A file is a path or a label; - reads one from standard input. The rounds are numbered on in the order in which the
    files were measured. Comparisons inside the file pair what was measured together, and the interval of a case
    includes what changed from one repeat to the next. A case that only some files have keeps the rounds it has; one
    that failed in any has no number.

    \b
    Example:
      ipcbench merge monday tuesday --label week
    """
    from ipcbench.cli.output import say, say_prose
    from ipcbench.cli.summary import count, summary_lines
    from ipcbench.errors import BadRequest
    from ipcbench.results.store import check_label, check_writable, find, save
    from ipcbench.run.save import refuse_existing

    if len(files) < 2:
        raise BadRequest("merge joins two files or more")
    if label is None:
        raise BadRequest("merge writes a new file: give it a --label")
    path = results / f"{check_label(label)}.json"
    refuse_existing(path, force)
    result = merged([find(text, results) for text in files], label)
    check_writable(results)
    save(result, path, force)
    for line in summary_lines(result, path):
        say_prose(line)
    say(f"{count(len(result.ipcbench.repeats), 'repeat')} of {count(len(files), 'file')}")
    return 0


def merged(files: Sequence[Path], label: str) -> ResultFile:
    """One result of several files, in the order of their time; raises ResultError, with the two that do not fit."""
    from ipcbench.errors import ResultError
    from ipcbench.results.merge import joined, why_apart
    from ipcbench.results.store import load

    known = sorted(((load(path), path) for path in files), key=lambda pair: pair[0].ipcbench.started)
    for place, (result, path) in enumerate(known):
        for earlier, other in known[:place]:
            found = why_apart(earlier, result)
            if found:
                raise ResultError(f"{other} and {path} do not belong together: {'; '.join(found)}")
    whole = known[0][0]
    for result, _ in known[1:]:
        whole = joined(whole, result)
    whole.ipcbench.label = label
    return whole
