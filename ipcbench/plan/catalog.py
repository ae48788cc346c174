"""Names to mechanisms and patterns, with globs and helpful refusals."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Sequence

from ipcbench.errors import UnknownName
from ipcbench.measure.pattern import Pattern
from ipcbench.measure.ports import FAMILIES, PORTS, Mechanism
from ipcbench.measure.registry import load_mechanism, load_pattern, mechanism_names, pattern_names


@functools.cache
def mechanism(name: str) -> Mechanism:
    """The mechanism of that name; raises UnknownName."""
    return load_mechanism(name)


@functools.cache
def pattern(name: str) -> Pattern:
    """The pattern of that name; raises UnknownName."""
    return load_pattern(name)


def mechanisms() -> list[Mechanism]:
    """All mechanisms, families together in the order people ask for them."""
    return sorted(map(mechanism, mechanism_names()), key=lambda found: (FAMILIES.index(found.family), found.name))


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
    """The mechanisms that names and globs choose, in the order given; raises UnknownName for one that chooses none."""
    return _select("mechanism", texts, mechanism_names())


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
