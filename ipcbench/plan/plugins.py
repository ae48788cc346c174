"""Plug-ins as a plan knows them: imported, their facts checked, or else the reason why one cannot be used."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Annotated, Literal, NamedTuple

import msgspec

from ipcbench.errors import BadRequest
from ipcbench.measure.api.mechanism import CONTRACT, Family, Many, Mechanism
from ipcbench.measure.api.payload import Carries
from ipcbench.measure.api.ports import PORTS, Cell, Channel, Executor, Signal
from ipcbench.measure.plugins import NAME, Plugin, load
from ipcbench.model import StartMethod
from ipcbench.text import safe_text

_LINE, _SENTENCE = 200, 600
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Text = Annotated[str, msgspec.Meta(max_length=_LINE)]
_Words = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=100)]


class Facts(msgspec.Struct, forbid_unknown_fields=True):
    """The facts of a Mechanism, all but its classes, with their types and limits."""

    name: Annotated[str, msgspec.Meta(pattern=rf"^{NAME.pattern}\Z")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=_LINE)]
    short: Annotated[str, msgspec.Meta(min_length=1, max_length=12)]
    family: Family
    carries: Carries
    bounded_by: Literal["messages", "bytes", "slots", "kernel", "receiver", "nothing"]
    operations: _Words
    least_workers: Annotated[int, msgspec.Meta(ge=1, le=1024)]
    peers: Literal["processes", "threads", "interpreters", "own", "nobody"]
    control: bool
    baseline: bool
    senders: Many
    receivers: Many
    duplex: bool
    ordering: Literal["total", "per sender", "none"]
    wait: Literal["block", "spin", "poll"]
    poll_interval: Annotated[float, msgspec.Meta(ge=0, le=3600)]
    holds: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None
    copies: _Count | None
    dead_peer: Literal["end of file", "nothing", "an error"]
    scope: Literal["host", "network"]
    smallest: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    largest: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None
    arrays: bool
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
    """A plug-in and its mechanism, which is a placeholder where reason says in one line why it cannot be used."""

    plugin: Plugin
    mechanism: Mechanism
    reason: str | None = None


def read_plugin(plugin: Plugin) -> Known:
    """Import a plug-in and check its facts."""
    try:
        # What it prints would stand between our own lines, or in the JSON of a list.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            found = load(plugin)
    except BadRequest as error:
        return Known(plugin, _placeholder(plugin), str(error))
    try:
        return Known(plugin, checked(found))
    except BadRequest as error:
        return Known(plugin, _placeholder(plugin), f"plug-in {plugin.name} of {plugin.origin}: {error}")


def checked(found: Mechanism) -> Mechanism:
    """Return a mechanism with its texts made safe to show; raises BadRequest if a fact is not as it must be."""
    told = {fact: value for fact, value in found._asdict().items() if fact not in (*PORTS, "far")}
    try:
        facts = msgspec.convert(told, Facts)
    except msgspec.ValidationError as error:
        raise BadRequest(f"a fact is not as expected: {safe_text(error, _LINE)}") from error
    found = found._replace(**msgspec.structs.asdict(facts))
    for against in _inconsistencies(found):
        raise BadRequest(against)
    caveats = tuple(safe_text(text, _SENTENCE) for text in found.caveats)
    return found._replace(title=safe_text(found.title), short=safe_text(found.short, 12), caveats=caveats)


def _inconsistencies(found: Mechanism) -> Iterator[str]:
    """What cannot be true of a mechanism, in words."""
    if not found.ports:
        yield "offers no port: expected a channel, a cell, a signal or an executor"
    if bool(found.executor) != bool(found.operations):
        yield "operations are the ways of an executor: both or neither"
    if (found.wait == "poll") != bool(found.poll_interval):
        yield "poll_interval belongs to wait='poll', and is not 0 there"
    if found.largest is not None and found.largest < found.smallest:
        yield f"largest is {found.largest:,} and smallest {found.smallest:,}"
    if not all(text.strip() for text in (found.title, found.short, *found.caveats)):
        yield "title, short and caveats say something"


def _placeholder(plugin: Plugin) -> Mechanism:
    """Return a mechanism that claims to do anything, so that every case of it is skipped for the plug-in's reason."""
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
