"""`ipcbench fleet`: measure one plan on many hosts at once, through a Dask cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ipcbench.cli.options import GROUPS, GroupedCommand, comparison_options, options, run_options

CLUSTER = {"Cluster": ("scheduler", "tls_ca", "tls_cert", "tls_key", "trusted_network", "grace")}
_FILE = click.Path(exists=True, dir_okay=False)

cluster_options = options(
    click.option(
        "--scheduler",
        required=True,
        metavar="ADDRESS",
        help="Address of the Dask scheduler, such as tcp://10.0.0.5:8786 or tls://…",
    ),
    click.option("--tls-ca", type=_FILE, metavar="FILE", help="Certificate of the certificate authority."),
    click.option("--tls-cert", type=_FILE, metavar="FILE", help="Certificate of this client."),
    click.option("--tls-key", type=_FILE, metavar="FILE", help="Key of this client."),
    click.option(
        "--trusted-network",
        is_flag=True,
        help="Allow a scheduler without TLS: all networks of its machine are private.",
    ),
    click.option(
        "--grace",
        metavar="TIME",
        default="1m",
        help="How long to wait for a host that stopped answering. Default: 1m.",
    ),
)


def without(function: click.Command, *names: str) -> None:
    """Hide options that a fleet refuses from the help."""
    for option in function.params:
        if option.name in names and isinstance(option, click.Option):
            option.hidden = True


@click.group("fleet")
def command() -> None:
    """Measure on many hosts at once, through a Dask cluster.

    \b
    Examples:
      ipcbench fleet plan --scheduler tcp://10.0.0.5:8786 --suite all
      ipcbench fleet run --scheduler tcp://10.0.0.5:8786 --suite all --label lab
      ipcbench fleet run --scheduler tcp://10.0.0.5:8786 --resume lab
      ipcbench fleet report lab

    You start the cluster, with one Dask worker on each host; each host makes one visit at a time. A program that
    reaches a port of Dask can run code on all hosts, so use TLS or a private network. docs/fleet.md describes the
    set-up.
    """


@command.command(
    "plan",
    cls=GroupedCommand,
    groups=CLUSTER | GROUPS,
    short_help="Show the hosts and their plans; measure nothing.",
)
@cluster_options
@run_options
def plan(**given: Any) -> int:
    """Show the hosts of a cluster and what each would run; measure nothing.

    \b
    Example:
      ipcbench fleet plan --scheduler tcp://10.0.0.5:8786 --suite all

    If hosts cannot be measured, the command prints a line for each reason and ends with code 2.
    """
    from ipcbench.cli.measuring.fleet_session import show

    return show(given)


@command.command(
    "run",
    cls=GroupedCommand,
    groups=CLUSTER | GROUPS,
    short_help="Measure on every host; write a results file for each.",
)
@cluster_options
@run_options
def run(**given: Any) -> int:
    """Measure selected cases on every host, and write results/<label>-<host>.json for each.

    \b
    Examples:
      ipcbench fleet run --scheduler tcp://10.0.0.5:8786 --suite all --label lab
      ipcbench fleet run --scheduler tcp://10.0.0.5:8786 --resume lab

    The options are those of 'ipcbench run'. Every host has its own schedule, journal and results file, and values of
    different hosts are never mixed; 'ipcbench fleet report' compares the hosts. If a host stops answering, the command
    reports it and the other hosts finish; --resume continues incomplete hosts.
    """
    from ipcbench.cli.measuring.fleet_session import measure

    return measure(given)


@command.command(
    "report",
    short_help="Show which hosts differ and where the winner changes.",
)
@click.argument("files", nargs=-1, required=True, metavar="LABEL|FILE...")
@comparison_options("Show all hosts, cases and winners.", "page", "<LABEL>-fleet")
def report(files: Sequence[str], **shared: Any) -> int:
    """Show which hosts differ from the rest, by how much, and where the winner changes.

    \b
    Examples:
      ipcbench fleet report lab
      ipcbench fleet report results/lab-*.json --charts

    LABEL is that of 'ipcbench fleet run' and stands for results/<LABEL>-<host>.json of every host. A file that cannot
    be read or compared is named and left out, and the exit code is then 2. The command needs no cluster.
    """
    from ipcbench.cli.comparison import Wanted, survey

    return survey(files, Wanted(**shared))


without(plan, "python", "resume", "dry_run")
without(run, "python", "dry_run")
