"""Plug-ins for planning: imported, with their facts checked, or with the reason why they are unusable."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Annotated, NamedTuple

import msgspec

from ipcbench.errors import BadRequest
from ipcbench.measure.api.mechanism import CHOICES, CONTRACT, Mechanism
from ipcbench.measure.api.ports import PORTS, Cell, Channel, Executor, Signal
from ipcbench.measure.plugins import NAME, Plugin, load
from ipcbench.measure.registry import load_mechanism, mechanism_names
from ipcbench.model import StartMethod
from ipcbench.text import safe_text

_LINE, _SENTENCE = 200, 600
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Text = Annotated[str, msgspec.Meta(max_length=_LINE)]
_Words = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=100)]
_CHECKED = {*PORTS, *CHOICES} - {"start_methods"}  # not in Facts: wrong_fact knows all values of the latter


class Facts(msgspec.Struct, forbid_unknown_fields=True):
    """The types and limits of those facts of a Mechanism that have no closed list of values."""

    name: Annotated[str, msgspec.Meta(pattern=rf"^{NAME.pattern}\Z")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=_LINE)]
    short: Annotated[str, msgspec.Meta(min_length=1, max_length=12)]
    operations: _Words
    least_workers: Annotated[int, msgspec.Meta(ge=1, le=1024)]
    control: bool
    baseline: bool
    duplex: bool
    poll_interval: Annotated[float, msgspec.Meta(ge=0, le=3600)]
    holds: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None
    copies: _Count | None
    smallest: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    largest: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None
    arrays: bool
    exact: bool
    shared_memory: bool
    semaphores: bool
    start_methods: Annotated[tuple[StartMethod, ...], msgspec.Meta(min_length=1, max_length=3)]
    systems: _Words
    machines: _Words
    min_python: tuple[int, int]
    module: _Text
    requires: _Words
    extra: _Text
    licence: _Text
    needs_server: _Text
    only_patterns: _Words
    background_threads: _Count
    background_processes: _Count
    caveats: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=_SENTENCE)], ...], msgspec.Meta(max_length=100)]
    contract: Annotated[int, msgspec.Meta(ge=1, le=CONTRACT)]


class Known(NamedTuple):
    """A plug-in and its mechanism. If the plug-in is unusable, reason says why and the mechanism is a placeholder."""

    plugin: Plugin
    mechanism: Mechanism
    reason: str | None = None


def read_plugin(plugin: Plugin) -> Known:
    """Import a plug-in and check its facts; an error becomes the reason in the result."""
    try:
        # Otherwise its output would appear in that of ipcbench, such as the JSON of a list.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            found = load(plugin)
    except BadRequest as error:
        return Known(plugin, _placeholder(plugin), str(error))
    try:
        return Known(plugin, checked(found))
    except BadRequest as error:
        return Known(plugin, _placeholder(plugin), f"plug-in {plugin.name} of {plugin.origin}: {error}")


def checked(found: Mechanism) -> Mechanism:
    """Return a mechanism with its texts cleaned; raises BadRequest if a fact is invalid."""
    if wrong := found.wrong_fact():
        raise BadRequest(safe_text(wrong, _LINE))
    told = {fact: value for fact, value in found._asdict().items() if fact not in _CHECKED}
    try:
        facts = msgspec.convert(told, Facts)
    except msgspec.ValidationError as error:
        raise BadRequest(f"invalid fact: {safe_text(error, _LINE)}") from error
    found = found._replace(**msgspec.structs.asdict(facts))
    for against in _inconsistencies(found):
        raise BadRequest(against)
    owner = labels().setdefault(found.short, found.name)
    if owner != found.name:
        raise BadRequest(f"short is {found.short!r}, as in {owner}: expected a label that no other mechanism has")
    caveats = tuple(safe_text(text, _SENTENCE) for text in found.caveats)
    return found._replace(title=safe_text(found.title), short=safe_text(found.short, 12), caveats=caveats)


@functools.cache
def labels() -> dict[str, str]:
    """Return the owner of each label in charts: of all built-in mechanisms, and of the plug-ins checked so far."""
    return {load_mechanism(name).short: name for name in mechanism_names()}


def _inconsistencies(found: Mechanism) -> Iterator[str]:
    """Yield the contradictions in the facts of a mechanism."""
    if not found.ports:
        yield "it has no port: expected a channel, a cell, a signal or an executor"
    if bool(found.executor) != bool(found.operations):
        yield "operations and executor belong together: declare both or neither"
    if (found.wait == "poll") != bool(found.poll_interval):
        yield "poll_interval belongs to wait='poll': declare it there, above 0, and nowhere else"
    if found.largest is not None and found.largest < found.smallest:
        yield f"largest is {found.largest:,}, below smallest, which is {found.smallest:,}"
    if not all(text.strip() for text in (found.title, found.short, *found.caveats)):
        yield "title, short and caveats must not be blank"


def _placeholder(plugin: Plugin) -> Mechanism:
    """Return a placeholder for an unusable plug-in, with all ports, so that every case is skipped with its reason."""
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
