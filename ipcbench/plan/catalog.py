"""Mechanisms and patterns by name and glob, including plug-ins."""

from __future__ import annotations

import fnmatch
import functools
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ipcbench.errors import BadRequest, UnknownName
from ipcbench.measure.api.mechanism import FAMILIES, Mechanism
from ipcbench.measure.api.pattern import Pattern
from ipcbench.measure.api.ports import PORTS
from ipcbench.measure.registry import (
    find_plugin,
    installed,
    load_mechanism,
    load_pattern,
    mechanism_names,
    pattern_names,
)

if TYPE_CHECKING:
    from ipcbench.plan.plugins import Known


@functools.cache
def plugin(name: str) -> Known | None:
    """Import a plug-in and return its facts; None for a built-in mechanism."""
    if not is_plugin(name):
        return None
    from ipcbench.plan.plugins import read_plugin  # imported here, because only plug-ins need it

    return read_plugin(find_plugin(name))


def packages(names: Iterable[str]) -> list[str]:
    """Return the packages, with versions, of those mechanisms that are plug-ins."""
    return sorted({known.plugin.origin for name in names if (known := plugin(name))})


def is_plugin(name: str) -> bool:
    """Return whether this is the name of an installed plug-in, without importing it."""
    return name not in _built_in() and name in installed().usable


@functools.cache
def _built_in() -> frozenset[str]:
    return frozenset(mechanism_names())


@functools.cache
def mechanism(name: str) -> Mechanism:
    """Return the mechanism of that name; raises UnknownName, and BadRequest for an unusable plug-in."""
    known = plugin(name)
    return known.mechanism if known else load_mechanism(name)


def missing(name: str, python: tuple[int, int] = sys.version_info[:2]) -> str | None:
    """Return why a mechanism cannot be used under a Python of that version; None if it can."""
    known = plugin(name)
    return (known.reason if known else None) or mechanism(name).missing(python)


@functools.cache
def pattern(name: str) -> Pattern:
    """Return the pattern of that name; raises UnknownName."""
    return load_pattern(name)


def names() -> list[str]:
    """Return the names of all mechanisms, installed plug-ins last."""
    return [*mechanism_names(), *installed().usable]


def mechanisms(plugins: Iterable[str] = ()) -> list[Mechanism]:
    """Return all built-in mechanisms and these plug-ins, sorted by family and name."""
    found = map(mechanism, dict.fromkeys([*mechanism_names(), *plugins]))
    return sorted(found, key=lambda one: (FAMILIES.index(one.family), one.name))


def patterns() -> list[Pattern]:
    """Return all patterns, sorted by port and name."""
    return sorted(map(pattern, pattern_names()), key=lambda found: (PORTS.index(found.port), found.name))


def questions() -> list[str]:
    """Return every pattern with each of its operations: 'ping-pong', 'access:read', 'access:write'."""
    return [
        f"{found.name}:{operation}" if operation else found.name
        for found in patterns()
        for operation in found.operations
    ]


def select_mechanisms(texts: Sequence[str]) -> list[str]:
    """Return the mechanisms that names and globs select, in the given order.

    Raises UnknownName for a text that selects none, and BadRequest for the name of an unusable plug-in.
    """
    own = mechanism_names()
    if all(text in own for text in texts):
        return list(dict.fromkeys(texts))
    for text in texts:
        if text in installed().refused and text not in own:
            raise BadRequest(f"plug-in {installed().refused[text]}")
    return _select("mechanism", texts, names())


def select_questions(texts: Sequence[str]) -> list[str]:
    """Return the questions that names and globs select; raises UnknownName.

    The name of a pattern selects its operation without a name if there is one, such as `counter`, otherwise all.
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
