"""Plug-ins: mechanisms of other packages, found by entry points of their packages and imported where they are used.

    [project.entry-points."ipcbench.mechanisms"]
    my-ring = "my_ring:MECHANISM"

Finding a plug-in reads metadata and imports nothing; `load` imports it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from ipcbench.errors import BadRequest
from ipcbench.measure.api.mechanism import CONTRACT, Mechanism
from ipcbench.text import safe_text

GROUP = "ipcbench.mechanisms"
LONGEST_NAME = 32
NAME = re.compile(rf"(?=.{{1,{LONGEST_NAME}}}\Z)[a-z0-9]+(-[a-z0-9]+)*")


class Plugin(NamedTuple):
    """An installed plug-in: its name, the place of its mechanism ("module:object"), and the package that brings it."""

    name: str
    target: str
    distribution: str
    version: str

    @property
    def origin(self) -> str:
        """The package and its version."""
        return f"{self.distribution} {self.version}".rstrip()


class Found(NamedTuple):
    """The usable plug-ins of this Python, and for each other one why it cannot be used, in words; both by name."""

    usable: dict[str, Plugin]
    refused: dict[str, str]


def find_plugins(built_in: Sequence[str]) -> Found:
    """Find the installed plug-ins without importing any; one with the name of a built-in mechanism is refused."""
    claimed: dict[str, dict[str, Plugin]] = {}
    for plugin in _installed():
        claimed.setdefault(plugin.name, {}).setdefault(plugin.distribution, plugin)
    found = Found({}, {})
    for name, by_package in sorted(claimed.items()):
        plugins = [by_package[package] for package in sorted(by_package)]
        reason = _why_not(name, plugins, built_in)
        if reason:
            found.refused[name] = reason
        else:
            found.usable[name] = plugins[0]
    return found


def load(plugin: Plugin) -> Mechanism:
    """Import a plug-in's mechanism; raises BadRequest, one line that names the package, on any failure."""
    import importlib

    module, _, attribute = plugin.target.partition(":")
    try:
        mechanism = functools.reduce(getattr, filter(None, attribute.split(".")), importlib.import_module(module))
    except (Exception, SystemExit) as error:  # a module may call sys.exit
        raise BadRequest(f"plug-in {plugin.name} of {plugin.origin} cannot be imported: {_said(error)}") from error
    reason = why_no_mechanism(plugin, mechanism)
    if reason:
        raise BadRequest(f"plug-in {plugin.name} of {plugin.origin}: {reason}")
    assert isinstance(mechanism, Mechanism)
    return mechanism._replace(**{fact: _spaced(getattr(mechanism, fact)) for fact in ("dead_peer", "ordering")})


def _spaced(fact: object) -> object:
    """Return a fact with spaces for hyphens: `advise --must` writes hyphens, and authors may do so too."""
    return fact.replace("-", " ") if isinstance(fact, str) else fact


def why_no_mechanism(plugin: Plugin, found: object) -> str | None:
    """Return why the object of an entry point is no mechanism of that name, in words; None if it is."""
    if not isinstance(found, Mechanism):
        return f"{plugin.target} is a {type(found).__name__}; expected a Mechanism of ipcbench.measure.api.mechanism"
    if not (isinstance(found.contract, int) and 1 <= found.contract <= CONTRACT):
        return f"written for contract {safe_text(found.contract)}, and this ipcbench knows contract {CONTRACT}"
    if found.name != plugin.name:
        return f"the mechanism calls itself {safe_text(found.name)!r}: expected the name of its entry point"
    wrong = found.wrong_fact()
    return safe_text(wrong, 400) if wrong else None


def _installed() -> list[Plugin]:
    # Imported here, so that visits of built-in mechanisms do not pay its 30 ms.
    from importlib.metadata import entry_points

    found = []
    for point in entry_points(group=GROUP):
        about = point.dist
        package, version = (about.name, about.version) if about else ("", "")
        texts = (point.name, point.value.partition("[")[0].strip(), package or "a package without a name", version)
        found.append(Plugin(*(safe_text(text) for text in texts)))
    return found


def _why_not(name: str, plugins: Sequence[Plugin], built_in: Sequence[str]) -> str | None:
    packages = " and ".join(plugin.origin for plugin in plugins)
    if not NAME.fullmatch(name):
        return (
            f"{name!r} of {packages} is no name for a mechanism: expected at most {LONGEST_NAME} small letters, digits "
            "and single hyphens"
        )
    if name in built_in:
        return f"{name!r} of {packages} is the name of a mechanism that ipcbench has itself"
    if len(plugins) > 1:
        return f"{name!r} is the name of a mechanism in {packages}: uninstall all but one"
    return None


def _said(error: BaseException) -> str:
    words = f"{type(error).__name__}: {error}"
    if isinstance(error, TypeError) and "unexpected keyword argument" in words:
        words += f"; contract {CONTRACT}, which this ipcbench knows, has no such fact"
    return safe_text(words, 400)
