"""`ipcbench fleet`: measure on many hosts at once, through a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ipcbench.cli.options import FORMATS, RESULTS, run_options


def cluster_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the cluster and how to reach it."""
    options = [
        click.option("--scheduler", required=True, metavar="ADDRESS", help="Such as tcp://10.0.0.5:8786 or tls://…"),
        click.option("--tls-ca", type=click.Path(exists=True, dir_okay=False), help="Certificate of the authority."),
        click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False), help="Certificate of this client."),
        click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="Its key."),
        click.option(
            "--trusted-network", is_flag=True, help="All networks of the scheduler's machine are private: need no TLS."
        ),
        click.option(
            "--grace",
            metavar="TIME",
            default="1m",
            help="How long a lost host may take to come back. Default: 1m.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def without(function: click.Command, *names: str) -> None:
    """Hide options that a fleet refuses from the help."""
    for option in function.params:
        if option.name in names and isinstance(option, click.Option):
            option.hidden = True


@click.group("fleet")
def command() -> None:
    """Measure on many hosts at once, one visit per host at a time.

    The hosts are the workers of a Dask cluster, which you start: one worker on each host. Anyone who reaches a port of
    Dask can run any program on all hosts: use TLS or a private network. docs/fleet.md says how, and what a host needs.

    \b
    Examples:
      ipcbench fleet plan --scheduler tcp://10.0.0.5:8786 --suite all
      ipcbench fleet run --scheduler tcp://10.0.0.5:8786 --suite all --label lab
      ipcbench fleet run --scheduler tcp://10.0.0.5:8786 --resume lab
    """


@command.command("plan")
@cluster_options
@run_options
def plan(**given: Any) -> int:
    """Show the hosts of a cluster and what each would run; nothing is measured.

    Prints a line for each problem that keeps the hosts from being measured; the exit code is then 2.
    """
    from ipcbench.cli.fleet_session import show

    return show(given)


@command.command("run")
@cluster_options
@run_options
def run(**given: Any) -> int:
    """Measure a selection on every host, and write results/<label>-<host>.json for each.

    The options are those of `ipcbench run`. Every host has a schedule, a journal and a results file of its own, and no
    two hosts' numbers are ever put together: `ipcbench compare` sets them side by side. A host that goes and does not
    come back is reported, and the others finish; --resume continues what is not complete.
    """
    from ipcbench.cli.fleet_session import measure

    return measure(given)


@command.command("report")
@click.argument("files", nargs=-1, required=True, metavar="LABEL|FILE ...")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Where labels are. Default: results.")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE,…", help="Only these; may be repeated.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="table", help="Default: table.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to a file what would be printed.")
@click.option("--all", "everything", is_flag=True, help="Show all hosts, cases and winners.")
@click.option("--charts", is_flag=True, help="Also write a page with charts, to reports/<LABEL>-fleet.")
@click.option("--report", type=click.Path(path_type=Path), metavar="FOLDER", help="The same, to this folder.")
def report(
    files: Sequence[str],
    results: Path,
    filters: Sequence[str],
    kind: str,
    output: Path | None,
    everything: bool,
    charts: bool,
    report: Path | None,
) -> int:
    """Show which hosts differ from the rest, by how much, and where the winner changes.

    LABEL is that of `fleet run`, and stands for results/<LABEL>-<host>.json of every host. A file that cannot be read
    or compared is named and left out, and the exit code is then 2. Needs no cluster.
    """
    from ipcbench.cli.surveying import Wanted, survey

    return survey(files, results, filters, Wanted(kind, output, everything, charts, report))


without(plan, "python", "resume", "dry_run")
without(run, "python", "dry_run")
