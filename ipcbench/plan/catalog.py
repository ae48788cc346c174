"""Names to mechanisms and patterns, with globs and helpful refusals.

Mechanisms of ipcbench are loaded. Those of other packages never are, in this process: their facts are read in a child
(run.plugins) and told here by whoever plans, and from then on they are like any other.
"""

from __future__ import annotations

import fnmatch
import functools
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ipcbench.errors import BadRequest, UnknownName
from ipcbench.measure.faults import PREFIX
from ipcbench.measure.pattern import Pattern
from ipcbench.measure.plugins import Plugin
from ipcbench.measure.ports import FAMILIES, PORTS, Cell, Channel, Executor, Mechanism, Signal
from ipcbench.measure.registry import (
    find_plugin,
    installed,
    load_mechanism,
    load_pattern,
    mechanism_names,
    pattern_names,
)


class Asked(NamedTuple):
    """What a plug-in has said of itself; reasons why it cannot be used, by the tag of each Python where it cannot."""

    plugin: Plugin
    mechanism: Mechanism
    reasons: Mapping[str, str]
    doc: str = ""
    silent: bool = False  # it would not say, and its mechanism is one to skip


_asked: dict[str, Asked] = {}


def learn(plugin: Plugin, mechanism: Mechanism | None, reasons: Mapping[str, str], doc: str = "") -> None:
    """Take note of what a plug-in says of itself; None where it would not say, and every Python has a reason."""
    _asked[plugin.name] = Asked(plugin, mechanism or _silent(plugin), reasons, doc, mechanism is None)


def plugin(name: str) -> Asked | None:
    """What is known of a plug-in that was asked; None for every other mechanism."""
    return _asked.get(name)


def packages(names: Iterable[str]) -> list[str]:
    """The packages, with their versions, that brought those of these mechanisms that are plug-ins and were asked."""
    return sorted({_asked[name].plugin.origin for name in names if name in _asked})


def is_plugin(name: str) -> bool:
    """Whether this names an installed plug-in, asked or not."""
    return name not in mechanism_names() and name in installed().usable


def mechanism(name: str) -> Mechanism:
    """The mechanism of that name; raises UnknownName, and BadRequest for a plug-in that cannot be used at all."""
    if name in _asked:
        return _asked[name].mechanism
    if name.startswith(PREFIX):
        return _faulty(name)
    return _own(name)


def missing(name: str, python: str = "", number: tuple[int, int] = sys.version_info[:2]) -> str | None:
    """What a mechanism needs and has not here, under the Python of that tag and version; None where it can be used."""
    if name in _asked:
        return _asked[name].reasons.get(python)
    return mechanism(name).missing(number)


@functools.cache
def _own(name: str) -> Mechanism:
    """One of ipcbench's own mechanisms; a plan asks for each a thousand times."""
    if name not in mechanism_names():
        raise BadRequest(f"plug-in {find_plugin(name).name} was not asked for its facts")
    return load_mechanism(name)


@functools.cache
def _faulty(name: str) -> Mechanism:
    from ipcbench.measure.faulty import load_fault  # only selftest, conformance and tests ask for one

    return load_fault(name, mechanism)


def _silent(plugin: Plugin) -> Mechanism:
    """Something to skip every case of, with the reason: it claims to be able to do anything."""
    return Mechanism(
        name=plugin.name,
        title=f"a plug-in of {plugin.origin} that cannot be used",
        short=plugin.name[:12].strip("-"),
        family="controls",
        carries="objects",
        bounded_by="nothing",
        channel=Channel,
        cell=Cell,
        signal=Signal,
        executor=Executor,
        control=True,
        senders="many",
        receivers="many",
    )


@functools.cache
def pattern(name: str) -> Pattern:
    """The pattern of that name; raises UnknownName."""
    return load_pattern(name)


def names() -> list[str]:
    """The names of all mechanisms, those of installed plug-ins last."""
    return [*mechanism_names(), *installed().usable]


def mechanisms() -> list[Mechanism]:
    """All mechanisms of ipcbench and all plug-ins that were asked, families together in the order people ask."""
    found = [*map(mechanism, mechanism_names()), *(known.mechanism for _, known in sorted(_asked.items()))]
    return sorted(found, key=lambda one: (FAMILIES.index(one.family), one.name))


def patterns() -> list[Pattern]:
    """All patterns, in the order of their ports."""
    return sorted(map(pattern, pattern_names()), key=lambda found: (PORTS.index(found.port), found.name))


def questions() -> list[str]:
    """Every pattern with each of its operations: 'ping-pong', 'access:read', 'access:write'."""
    return [
        f"{found.name}:{operation}" if operation else found.name
        for found in patterns()
        for operation in found.operations
    ]


def select_mechanisms(texts: Sequence[str]) -> list[str]:
    """The mechanisms that names and globs choose, in the order given.

    Raises UnknownName for one that chooses none, and BadRequest for the name of a plug-in that cannot be used at all.
    """
    own = mechanism_names()
    if all(text in own for text in texts):
        return list(dict.fromkeys(texts))
    for text in texts:
        if text in installed().refused and text not in own:
            raise BadRequest(f"plug-in {installed().refused[text]}")
    return _select("mechanism", texts, names())


def select_questions(texts: Sequence[str]) -> list[str]:
    """The questions that names and globs choose.

    A pattern's plain name chooses the operation without a name if it has one, such as `counter`, and else all of them.
    """
    chosen: list[str] = []
    for text in texts:
        of_pattern = [name for name in questions() if name.partition(":")[0] == text]
        if text in questions():
            chosen.append(text)
        elif of_pattern:
            chosen += of_pattern
        elif any(fnmatch.fnmatchcase(name, text) for name in questions()):
            chosen += fnmatch.filter(questions(), text)
        else:
            raise UnknownName("pattern", text, {*questions(), *pattern_names()})
    return list(dict.fromkeys(chosen))


def _select(kind: str, texts: Sequence[str], known: Sequence[str]) -> list[str]:
    chosen: list[str] = []
    for text in texts:
        found = fnmatch.filter(known, text)
        if not found:
            raise UnknownName(kind, text, known)
        chosen += found
    return list(dict.fromkeys(chosen))
