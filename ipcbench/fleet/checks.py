"""Check the workers of a cluster: return a line for each problem that prevents measuring, and for each doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import ipcbench
from ipcbench.errors import BadRequest
from ipcbench.fleet.client import Absence, Fleet, Presence
from ipcbench.results.schema import PROTOCOL

MOST_OFF = 2.0  # seconds between the clocks of a host and the client


def refuse_open(fleet: Fleet, trusted: bool) -> None:
    """Raise BadRequest for a scheduler that accepts code from every network, unless the networks are trusted."""
    everywhere = fleet.listens_everywhere()
    if everywhere and not trusted:
        raise BadRequest(
            f"the scheduler listens to every network without TLS ({everywhere[0]}), and anyone who reaches it can run "
            "any program on every host: start it with --host and an address of a private network, or with TLS; "
            "--trusted-network says that all networks of its machine are private"
        )


def hosts(present: Sequence[Presence], absent: Sequence[Absence]) -> list[Presence]:
    """Return the hosts, one worker each; raises BadRequest with the first problem."""
    for line in problems(present, absent):
        raise BadRequest(line)
    return list(present)


def problems(present: Sequence[Presence], absent: Sequence[Absence]) -> Iterator[str]:
    """Yield a line for each problem that keeps these workers from being measured as hosts."""
    if not present and not absent:
        yield "the Dask scheduler has no worker: start one 'dask worker' on each host"
    for missing in absent:
        yield f"worker {missing.address}: {missing.reason}"
    for found in present:
        if (found.version, found.protocol) != (ipcbench.__version__, PROTOCOL):
            yield (
                f"host {found.name} ({found.address}) has ipcbench {found.version} with measurement protocol "
                f"{found.protocol}, but this client has {ipcbench.__version__} with {PROTOCOL}: install one version "
                "everywhere"
            )
    yield from _twice(
        present,
        [found.boot for found in present],
        "are on one machine, where two visits would measure each other: stop all but one",
    )
    alone = [found for found in present if Counter(other.boot for other in present)[found.boot] == 1]
    yield from _twice(
        alone,
        [found.name for found in alone],
        "are on machines with one machine id, as after copying a disk: give each an /etc/machine-id of its own",
    )


def doubts(present: Sequence[Presence]) -> Iterator[str]:
    """Yield a line for each doubt that does not keep a host from being measured."""
    for found in present:
        if abs(found.off) > MOST_OFF:
            yield (
                f"host {found.name}: its clock is {abs(found.off):.0f} s {'ahead' if found.off > 0 else 'behind'}: "
                "the dates in its results are wrong, its times are not"
            )
        if found.loud:
            yield f"host {found.name}: its Dask worker works during visits: set {', '.join(found.loud)} to false"


def _twice(present: Sequence[Presence], keys: Sequence[str], what: str) -> Iterator[str]:
    for key, many in sorted(Counter(keys).items()):
        if many > 1:
            both = [found.address for found, other in zip(present, keys, strict=True) if other == key]
            yield f"{many} workers ({', '.join(both)}) {what}"
