"""Gather hosts for a survey: which files can be compared, and their numbers as tables of hosts and cases.

Samples of two hosts are never pooled: a mean over machines describes no machine. Each host has its own time for a case,
and the fleet's centre of a case is the median of those times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ipcbench.analysis.compare.side import LONGEST_COLUMN
from ipcbench.analysis.fleet.host import About, BoolArray, Host, Numbers, fact
from ipcbench.analysis.stats import FloatArray
from ipcbench.errors import BadRequest
from ipcbench.text import told_apart

LEAST_HOSTS = 2
CLASS = ("CPU", "CPUs", "kernel", "Python")  # hosts with equal values of these are one class
TOLD = (  # noted if they differ
    *("Python", "ipcbench", "placement", "idle or awake CPUs", "start method"),
    *("values per visit", "shortest value"),
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts in the order given, and their results; the tables of numbers have the shape (hosts, cases).

    about and numbers of each host are emptied to save memory. left_out has one line per file left out, with the reason.
    """

    hosts: list[Host]
    about: list[About]
    numbers: Numbers
    left_out: list[str]

    @property
    def classes(self) -> list[tuple[str, ...]]:
        """The class of each host: its facts of CLASS."""
        return [tuple(fact(host, name) for name in CLASS) for host in self.hosts]

    @property
    def ranked(self) -> BoolArray:
        """Whether the mechanism of each case is ranked; shape (cases,)."""
        return np.array([each.ranked for each in self.about], dtype=bool)


NOTHING = Numbers(*np.empty((6, 0)))


def gather(read: Iterable[Host | str]) -> Fleet:
    """Gather hosts; a string in place of a host is the reason why its file could not be read.

    Files that cannot be compared are left out, with a line each: copies, files that share rounds with another file,
    files with another protocol than most, files without a case in common with any other. Raises BadRequest if two
    hosts have one name, or if fewer than two hosts are left.
    """
    hosts, left_out, door = [], [], _Door()
    about: dict[str, int] = {}
    facts: list[About] = []
    rows: list[tuple[list[int], FloatArray]] = []
    for found in read:
        reason = found if isinstance(found, str) else door.refuses(found)
        if isinstance(found, str) or reason:
            left_out.append(reason)
            continue
        for each in found.about:
            if about.setdefault(each.case, len(facts)) == len(facts):
                facts.append(each)
        rows.append(([about[each.case] for each in found.about], np.array(found.numbers)))
        hosts.append(replace(found, about=(), numbers=NOTHING))  # memory: a thousand hosts have the same cases
    names = told_apart([host.name for host in hosts], LONGEST_COLUMN)
    hosts = [replace(host, name=name) for host, name in zip(hosts, names, strict=True)]
    kept = _comparable(hosts, [places for places, _ in rows], left_out)
    if len(kept) < LEAST_HOSTS:
        why = f": {left_out[0]}" if left_out else "; 'ipcbench report FILE' is about one"
        raise BadRequest(f"a report over many hosts needs two files that can be compared, and has {len(kept)}{why}")
    table = np.full((6, len(kept), len(facts)), np.nan)
    for row, host in enumerate(kept):
        table[:, row, rows[host][0]] = rows[host][1]
    known = np.flatnonzero(~np.isnan(table[0]).all(axis=0))
    return Fleet(
        [hosts[host] for host in kept], [facts[case] for case in known], Numbers(*table[:, :, known]), left_out
    )


def _comparable(hosts: Sequence[Host], cases: Sequence[Sequence[int]], left_out: list[str]) -> list[int]:
    """Return the indices of the hosts of one protocol that have a case in common with another host."""
    kept = _of_one_protocol(hosts, left_out)
    counts = Counter(case for host in kept for case in cases[host])
    alone = [host for host in kept if not any(counts[case] > 1 for case in cases[host])]
    left_out += [f"{hosts[host].name}: no case in common with any other file" for host in alone]
    return [host for host in kept if host not in alone]


class _Door:
    """Refuse copies of a host and files that share rounds."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.digests: dict[str, str] = {}
        self.repeats: dict[tuple[str, int], list[tuple[str, str]]] = {}

    def refuses(self, host: Host) -> str:
        """Return why a host cannot be compared with those before it; empty if it can. Raises BadRequest."""
        if host.digest and host.digest in self.digests:
            return f"{host.file or host.name}: the same file as {self.digests[host.digest]}, or a copy"
        if host.name in self.names:
            raise BadRequest(f"two files are called {host.name!r}: name one of them, as in other=FILE")
        for repeat in sorted(host.repeats):
            for machine, name in self.repeats.get(repeat, []):
                if machine == host.machine or not (machine and host.machine):
                    when = repeat[0][:16].replace("T", " ")
                    return f"{host.name}: shares with {name} what was measured at {when}"
        if not host.about:
            return f"{host.name}: no case in it has a number"
        self.names.add(host.name)
        self.digests[host.digest] = host.name
        for repeat in host.repeats:
            self.repeats.setdefault(repeat, []).append((host.machine, host.name))
        return ""


def _of_one_protocol(hosts: Sequence[Host], left_out: list[str]) -> list[int]:
    """Return the indices of the hosts with the most common protocol or an unknown one, and note those left out."""
    known = Counter(host.protocol for host in hosts if host.protocol)
    if len(known) < 2:
        return list(range(len(hosts)))
    most = max(known, key=lambda protocol: known[protocol])  # if several are as common, the first one
    left_out += [
        f"{host.name}: measured by protocol {host.protocol}, most others by {most}: what was timed differs"
        for host in hosts
        if host.protocol not in (None, most)
    ]
    return [place for place, host in enumerate(hosts) if host.protocol in (None, most)]


def notes(fleet: Fleet) -> list[str]:
    """Return what a reader must know before the numbers: differing conditions, repeated machines, partial files."""
    said = []
    for name in TOLD:
        values = Counter(fact(host, name) for host in fleet.hosts)
        if len(values) > 1:
            most = sorted(values.items(), key=lambda item: (-item[1], item[0]))
            each = [f"{value} on {many:,}" for value, many in most[:4]]
            said.append(f"{name} differs: {', '.join(each)}{', …' if len(most) > 4 else ''}.")
    machines = Counter(host.machine for host in fleet.hosts if host.machine)
    counts = {
        "of machines that are here already: each file counts as a host": sum(many - 1 for many in machines.values()),
        "plain pyperf's: whether anything was moved, and how, is not known": sum(host.plain for host in fleet.hosts),
        "of runs that were interrupted": sum(host.facts.get("complete") == "no" for host in fleet.hosts),
        "mixed: made in part under other conditions": sum(bool(host.facts.get("mixed")) for host in fleet.hosts),
    }
    return said + [f"{many:,} of the files are {what}." for what, many in counts.items() if many]
