"""`ipcbench scenario`: measure a situation that a file describes, and recommend a mechanism for it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import click

from ipcbench.cli.options import FORMATS, REPORTS, GroupedCommand, folder_option, known
from ipcbench.cli.output import say
from ipcbench.errors import BadRequest, ResultError
from ipcbench.results.store import check_label
from ipcbench.results.writing import write_whole
from ipcbench.shell import file_argument, kept, pasted

GROUPS = {"Measuring": ("budget", "force"), "Results": ("results", "reports", "style"), "A new scenario": ("new",)}


@click.command("scenario", cls=GroupedCommand, groups=GROUPS)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--new", metavar="NAME", help="Write NAME.toml, a scenario with a comment for each key, and end.")
@click.option("--budget", metavar="TIME", help="Answer after about this long. Default: that of the file, or 60s.")
@folder_option("Folder for the results file. Default: results.")
@folder_option("Folder for the report. Default: reports.", "--reports", REPORTS)
@click.option("--force", is_flag=True, help="Overwrite the results of an earlier run of this scenario.")
@click.option("--format", "style", default="table", metavar="FORMAT", help="table (default), markdown or json.")
def command(file: Path | None, new: str | None, **given: Any) -> int:
    """Measure a situation that a file describes, and recommend a mechanism for it.

    \b
    Examples:
      ipcbench scenario --new camera
      ipcbench scenario camera.toml
      ipcbench scenario camera.toml --budget 3m --force
      ipcbench scenario examples/scenarios/log-records.toml

    The file says in TOML what your processes do: how many there are, what they send, at which rate, and how long they
    work on each message. The command measures all mechanisms that fit, as 'ipcbench which' does, beside a plain loop in
    one process if there is work. It writes results/<name>.json and reports/<name>.
    """
    style = known("format", given.pop("style"), FORMATS)
    if (file is None) == (new is None):
        raise BadRequest("scenario takes a file to measure, or --new NAME to write one")
    if new is not None:
        return _write_new(new)
    from ipcbench.cli.answering.scenario import read_scenario
    from ipcbench.cli.measuring.which_session import measure_need

    assert file is not None
    asked = read_scenario(file) | {key: value for key, value in given.items() if value is not None}
    command = kept("scenario", file.name, *(["--budget", given["budget"]] if given["budget"] else []))
    instead = "--force overwrites it, or give the scenario another name"
    try:
        return measure_need(asked | {"command": command, "instead": instead}, style)
    except BadRequest as error:  # which names options, and keys are called alike
        raise BadRequest(f"{file}: {str(error).replace('--', '')}") from error


def _write_new(name: str) -> int:
    """Write a scenario with this name to the current folder."""
    path = Path(f"{check_label(name.removesuffix('.toml'))}.toml")
    if path.exists():
        raise ResultError(f"{path} exists: choose another name")
    template = resources.files("ipcbench.cli.answering").joinpath("scenario.toml").read_text(encoding="utf-8")
    write_whole(path, template.replace("NAME", path.stem).encode(), replace=False)
    say(f"{path}: edit it, then measure it with {pasted('scenario', file_argument(path))}")
    return 0
