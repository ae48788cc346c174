"""`ipcbench report`: a results file becomes a report."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the report. Default: reports/<name of FILE>.")
def command(file: Path, out: Path | None) -> int:
    """Read FILE and write report.html, summary.md, cases.csv and charts/ (SVG, PNG and CSV).

    \b
    Example:
      ipcbench report results/laptop.json
    """
    from ipcbench.cli.output import say
    from ipcbench.cli.summary import self_check_line
    from ipcbench.report import said, write
    from ipcbench.results.store import folder_name, load_with_digest

    result, digest = load_with_digest(file)
    page = write(result, out or Path("reports") / folder_name(file), (file.name, digest))
    for line in [*said(result), self_check_line(result)]:
        say(line)
    say(f"report: {page}")
    return 0
