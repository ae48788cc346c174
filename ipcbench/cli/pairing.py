"""What `fleet pair` does: choose two hosts and an address, and measure between them as `run` measures here."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipcbench.cli.finishing import Finish
from ipcbench.cli.fleeting import again, connected, refuse_alone, site_of
from ipcbench.cli.measuring import begin, resume
from ipcbench.cli.options import Order, Resumption, make_order, make_resumption, surplus_of
from ipcbench.cli.output import printing, say, say_prose, tell
from ipcbench.cli.progress import Lines, Quiet
from ipcbench.cli.saving import refuse_existing
from ipcbench.cli.summary import self_check_line, summary_lines
from ipcbench.errors import BadRequest, ResultError
from ipcbench.fleet import half
from ipcbench.fleet.checks import doubts, hosts
from ipcbench.fleet.client import Fleet, Presence
from ipcbench.fleet.pair import PairSite
from ipcbench.fleet.visitor import Ledger
from ipcbench.plan.between import cases_between
from ipcbench.results.store import check_label
from ipcbench.run.entry import Planned, read_entries
from ipcbench.run.interrupt import Stop
from ipcbench.run.journal import SUFFIX
from ipcbench.text import safe_text

_HOSTS = r"([0-9a-f]{8})-([0-9a-f]{8})"
_LOCAL = ("suite", "workers", "placement", "start_method", "full", "dry_run")


def measure(given: dict[str, Any]) -> int:
    """Measure between two hosts and say what it came to; the exit code."""
    refuse_alone(given, ())
    if surplus := surplus_of(given, _LOCAL):
        raise BadRequest(f"a pair is one fresh process on each host, and writes new files: leave out {surplus}")
    order = None if given["resume"] is not None else make_order("run", given)
    if order:
        cases_between(order.request)  # what makes no sense is said before anybody is asked
    with connected(given) as fleet, Stop() as stop:
        present = hosts(*fleet.survey())
        if not given["quiet"]:
            for line in doubts(present):
                tell(line)
        finish = _begun(given, order, fleet, present, stop) if order else _continued(given, fleet, present, stop)
        with printing(finish.code):
            closing = [] if finish.stopped else [self_check_line(finish.result)]
            for line in [*summary_lines(finish.result, finish.path), *closing]:
                say_prose(line)
            if finish.resuming:
                say(f"to continue: {finish.resuming}")
        return finish.code


def _begun(given: dict[str, Any], order: Order, fleet: Fleet, present: Sequence[Presence], stop: Stop) -> Finish:
    """A new run between the hosts that were chosen."""
    server, client = _ends(given["server"], given["client"], present)
    site = _site(fleet, server, client, given["interface"], given["trusted_network"], stop)
    label = order.label if order.label is not None else f"pair-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    keeping = replace(order.keeping, again=again(given, "pair", label))
    full = check_label(f"{label}-{server.name}-{client.name}")
    refuse_existing(keeping.results / f"{full}.json", keeping.force)
    command = order.command.replace("ipcbench run", "ipcbench fleet pair")
    if not given["quiet"]:
        tell(f"server {server.name} at {site.link.address} ({site.link.name}), client {client.name}")
    return begin(replace(order, label=full, command=command, keeping=keeping), site)


def _continued(given: dict[str, Any], fleet: Fleet, present: Sequence[Presence], stop: Stop) -> Finish:
    """What is left of a run, between the same hosts at the same address; raises ResultError if that cannot be."""
    if surplus := surplus_of(given, ("server", "client", "interface")):
        raise BadRequest(f"--resume continues between the same hosts, as they were: leave out {surplus}")
    wanted = make_resumption("run", given)
    label, results = check_label(wanted.label), wanted.keeping.results
    begun = {path: found for path in sorted(results.glob(f"{label}-*{SUFFIX}")) if (found := _named(path, label))}
    if len(begun) != 1:
        what = f"{len(begun)} runs" if begun else "no run"
        raise ResultError(f"{what} to continue: expected one {results}/{label}-<server>-<client>{SUFFIX}")
    ((path, (server, client)),) = begun.items()
    ends = _ends(server, client, present)
    site = _site(fleet, *ends, _interface(path), given["trusted_network"], stop)
    keeping = replace(wanted.keeping, again=again(given, "pair", label))
    return resume(Resumption(path.stem, keeping), site)


def _named(path: Path, label: str) -> tuple[str, str] | None:
    """Server and client of a file's name; None where it has none."""
    found = re.fullmatch(rf"{re.escape(label)}-{_HOSTS}", path.stem)
    return (found[1], found[2]) if found else None


def _interface(path: Path) -> str:
    """The address at which the run of a journal was begun; raises ResultError."""
    try:
        with open(path, "rb") as file:
            entries, _ = read_entries(file)
    except OSError as error:
        raise ResultError(f"{path}: cannot read: {error.strerror}") from error
    first = entries[0] if entries else None
    if not isinstance(first, Planned) or not first.interface:
        raise ResultError(f"{path}: no run between two hosts in it that this ipcbench can read")
    return first.interface


def _ends(server: str | None, client: str | None, present: Sequence[Presence]) -> tuple[Presence, Presence]:
    """The two hosts that were chosen, or that there are; raises BadRequest."""
    known = {found.name: found for found in present}
    for name in (server, client):
        if name is not None and name not in known:
            raise BadRequest(f"unknown host {name!r}: expected one of {', '.join(known)}")
    if len(known) < 2:
        raise BadRequest("a pair needs two hosts, and the fleet has one: start a 'dask worker' on another")
    if server is not None and server == client:
        raise BadRequest(f"server and client are both {server}: a pair needs two hosts; 'ipcbench run' measures in one")
    left = [name for name in known if name not in (server, client)]
    if len(known) > 2 and (server is None or client is None):
        raise BadRequest(f"--server and --client: say which two of {', '.join(known)}")
    first = server if server is not None else left.pop(0)
    second = client if client is not None else left.pop(0)
    return known[first], known[second]


def _site(fleet: Fleet, server: Presence, client: Presence, wanted: str | None, trusted: bool, stop: Stop) -> PairSite:
    """The place between two hosts; raises BadRequest for an address that the server has not, or that is public."""
    ledger = Ledger()
    serving, calling = (site_of(fleet, found.name, stop, ledger) for found in (server, client))
    there = serving.call(half.interfaces)
    own = server.address.partition("://")[2].rpartition(":")[0]
    chosen = next((one for one in there if one.address == (wanted or own)), None)
    if chosen is None:
        listed = ", ".join(f"{one.address} ({one.name})" for one in there)
        asked = f"interface {safe_text(wanted or own, 60)!r}"
        raise BadRequest(f"{asked} is not an IPv4 address of host {server.name}: expected one of {listed}")
    if ipaddress.ip_address(chosen.address).is_global and not trusted:
        raise BadRequest(
            f"interface {chosen.address} is a public address, and nothing that is sent is encrypted: choose another "
            "--interface; --trusted-network says that nobody else is on it"
        )
    return PairSite(serving, calling, chosen, stop, lambda quiet: Quiet() if quiet else Lines())
