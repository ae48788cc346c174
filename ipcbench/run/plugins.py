"""The facts of installed plug-ins, read in the custody of a warden: this process never imports one.

A plug-in that raises, exits, blocks, crashes, forks or talks nonsense is refused with the reason, and nothing else
notices.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from ipcbench.measure.payload import Carries
from ipcbench.measure.plugins import NAME
from ipcbench.measure.ports import CONTRACT, PORTS, Cell, Channel, Executor, Family, Many, Mechanism, Signal
from ipcbench.model import Failure, StartMethod
from ipcbench.run.lifeline import read_json
from ipcbench.run.visit import Errand, Visitor
from ipcbench.text import safe_text

SECONDS = 10.0  # that an import and one message may take
_PORTS = {"channel": Channel, "cell": Cell, "signal": Signal, "executor": Executor}
_LINE, _SENTENCE = 200, 600
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Text = Annotated[str, msgspec.Meta(max_length=_LINE)]
_Words = Annotated[tuple[_Text, ...], msgspec.Meta(max_length=100)]


class Facts(msgspec.Struct, forbid_unknown_fields=True):
    """A Mechanism as it comes out of the child: types and limits that its author cannot talk away."""

    name: Annotated[str, msgspec.Meta(pattern=rf"^{NAME.pattern}\Z")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=_LINE)]
    short: Annotated[str, msgspec.Meta(min_length=1, max_length=12)]
    family: Family
    carries: Carries
    bounded_by: Literal["messages", "bytes", "slots", "kernel", "receiver", "nothing"]
    channel: bool
    cell: bool
    signal: bool
    executor: bool
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


class Claims(msgspec.Struct):
    """What the child leaves, see measure.contract.claims."""

    refused: str = ""
    facts: Facts | None = None
    doc: str = ""
    pulled: list[str] = []
    missing: str | None = None
    broken: str | None = None


class Known(msgspec.Struct):
    """What is known of a mechanism once it was asked: its facts without its classes, and why it cannot be used here.

    mechanism is None where not even the facts could be had. missing is what it needs and this machine has not, which is
    then the reason; broken says that the reason is no more than one message that did not get through. pulled are the
    libraries that importing it brought in, printed whether it said something meanwhile.
    """

    mechanism: Mechanism | None
    reason: str | None
    doc: str = ""
    pulled: tuple[str, ...] = ()
    printed: bool = False
    missing: str | None = None
    broken: bool = False

    @property
    def usable(self) -> bool:
        """Whether it can be tried further: its facts fit, what it needs is here, and importing it does no harm."""
        return self.mechanism is not None and (self.reason is None or self.broken)


def read_facts(name: str, visitor: Visitor, python: str = "", seconds: float = SECONDS) -> Known:
    """Ask a mechanism for its facts in a child under one of the visitor's interpreters; raises Interrupted."""
    errand = visitor.errand(("-m", "ipcbench.measure.contract.claims", name), seconds, python)
    claims, doubt = _claims(errand)
    if claims is None or claims.facts is None:
        return Known(None, f"{name}: {doubt or 'it says nothing of itself'}")
    mechanism = mechanism_of(claims.facts)
    against = next(inconsistencies(mechanism), None) or doubt
    broken = bool(claims.broken) and against == _broken(claims)
    reason = f"{name}: {against}" if against else claims.missing
    printed = not isinstance(errand.report, Failure) and bool(errand.report.tail)
    return Known(mechanism, reason, claims.doc, tuple(claims.pulled), printed, claims.missing, broken)


def mechanism_of(facts: Facts) -> Mechanism:
    """The mechanism without its code: where it has a port stands the kind of port, which nobody here makes."""
    known = msgspec.structs.asdict(facts)
    known |= {port: _PORTS[port] if known[port] else None for port in PORTS}
    known["caveats"] = tuple(safe_text(text, _SENTENCE) for text in facts.caveats)
    return Mechanism(**known | {"title": safe_text(facts.title), "short": safe_text(facts.short, 12)})


def inconsistencies(found: Mechanism) -> Iterator[str]:
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


def _claims(errand: Errand) -> tuple[Claims | None, str]:
    """What the child left, and what speaks against using it, in words."""
    report = errand.report
    if isinstance(report, Failure):
        return None, report.detail
    claims = None
    doubt = ""
    if errand.left is not None:
        try:
            claims = read_json(errand.left, Claims)
            doubt = claims.refused
        except msgspec.ValidationError as error:
            return None, f"a fact is not as expected: {safe_text(error, _LINE)}"
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None, "what it says of itself cannot be read"
    stage = "importing it" if report.stage in ("start", "import") else report.stage
    if doubt:
        return claims, safe_text(doubt, _SENTENCE)
    if report.ending == "late":
        return claims, f"{stage} has no end after {report.waited:.0f} s"
    if report.status:
        return claims, f"{stage} ended with {_how(report.status)}"
    if report.stage != "exit":
        return claims, f"{stage} ends the process"
    processes = [leak for leak in report.leaks if leak.startswith("process")]
    if processes:  # other leaks are for visits to find
        return claims, f"left behind by importing it and sending one message: {safe_text(processes[0])}"
    return claims, _broken(claims) if claims and claims.broken else ""


def _broken(claims: Claims) -> str:
    return f"one message did not get through: {safe_text(claims.broken, _LINE)}"


def _how(status: int) -> str:
    return f"exit code {status}" if status > 0 else signal.Signals(-status).name
