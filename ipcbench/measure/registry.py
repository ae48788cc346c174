"""Find and load mechanisms and patterns by name: each is one module in a folder, imported on request.

Mechanisms of other packages are found by the metadata of their packages, see plugins.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import sys

from ipcbench.errors import BadRequest, UnknownName
from ipcbench.measure import mechanisms, patterns, plugins
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Pattern


def mechanism_names() -> list[str]:
    """Return the names of all built-in mechanisms, without importing any."""
    return [*_names(*mechanisms.__path__)]


def pattern_names() -> list[str]:
    """Return the names of all patterns, without importing any."""
    return [*_names(*patterns.__path__)]


@functools.cache
def installed() -> plugins.Found:
    """Find the mechanisms of other packages in this Python, without importing any; looks once per process."""
    return plugins.find_plugins(mechanism_names())


def find_plugin(name: str) -> plugins.Plugin:
    """Return a plug-in by name; raises UnknownName if there is none, BadRequest if it cannot be used."""
    found = installed()
    if name in found.refused:
        raise BadRequest(f"plug-in {found.refused[name]}")
    if name not in found.usable:
        raise UnknownName("mechanism", name, [*mechanism_names(), *found.usable])
    return found.usable[name]


def load_mechanism(name: str) -> Mechanism:
    """Import one mechanism; raises UnknownName if there is none, BadRequest for a broken plug-in."""
    if name not in mechanism_names():
        return plugins.load(find_plugin(name))
    mechanism = importlib.import_module(mechanism_module(name)).MECHANISM
    if not isinstance(mechanism, Mechanism) or mechanism.name != name:
        found = getattr(mechanism, "name", mechanism)
        raise BadRequest(f"{mechanism_module(name)} defines {found!r}: expected name={name!r}, as its file is called")
    return mechanism


def mechanism_doc(name: str) -> str:
    """Return the docstring of a mechanism's module; an empty text if it has not been imported."""
    module = sys.modules.get(mechanism_module(name))
    return inspect.cleandoc(module.__doc__ or "") if module else ""


def mechanism_module(name: str) -> str:
    """Return the name of a mechanism's module; raises UnknownName, and BadRequest for a refused plug-in."""
    if name not in mechanism_names():
        return find_plugin(name).target.partition(":")[0]
    return f"{mechanisms.__name__}.{name.replace('-', '_')}"


def load_pattern(name: str) -> Pattern:
    """Import one pattern; raises UnknownName if there is none."""
    if name not in pattern_names():
        raise UnknownName("pattern", name, pattern_names())
    pattern = importlib.import_module(f"{patterns.__name__}.{name.replace('-', '_')}").PATTERN
    if not isinstance(pattern, Pattern) or pattern.name != name:
        found = getattr(pattern, "name", pattern)
        raise BadRequest(f"{type(pattern).__module__} defines {found!r}: expected name={name!r}, as its file is called")
    return pattern


@functools.cache  # a plan asks for names once for each mechanism
def _names(*folders: str) -> list[str]:
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(folders))
