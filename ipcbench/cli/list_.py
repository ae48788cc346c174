"""`ipcbench list`: what can be measured, one line each, or one mechanism with all that it says of itself."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator

import click

from ipcbench.cli.summary import count
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Pattern
from ipcbench.measure.api.ports import PORTS
from ipcbench.measure.registry import installed, mechanism_doc
from ipcbench.plan import catalog
from ipcbench.plan.suites import SUITES
from ipcbench.shell import pasted
from ipcbench.text import safe_text
from ipcbench.units import format_size, format_time

_WAITS = {
    "block": "sleeps in the kernel until there is something",
    "spin": "looks again and again, on a CPU of its own",
}
_DEAD = {
    "end of file": "a receiver sees the end of a killed sender",
    "an error": "a killed worker is an error for whoever waits",
    "nothing": "nobody notices a killed peer: use a deadline",
}


@click.command("list")
@click.argument("mechanism", required=False)
@click.option("--json", "as_json", is_flag=True, help="The same, with every declared fact, as JSON.")
def command(mechanism: str | None, as_json: bool) -> None:
    """List mechanisms, patterns and suites, or say what one MECHANISM is, promises and traps you with.

    Plug-ins, mechanisms that other packages bring, are named without being imported; one that you name is imported
    for what it says of itself.

    Use the names with `ipcbench run --mechanism … --pattern … --suite …`.
    """
    if mechanism is not None:
        _one(catalog.mechanism(mechanism), as_json)
        return
    if as_json:
        click.echo(json.dumps(_facts(), indent=2))
        return
    width = _width()
    for heading, rows in _sections():
        if not rows:
            continue
        click.echo(heading)
        longest = max(len(name) for name, _ in rows)
        for name, meaning in rows:
            lines = textwrap.wrap(meaning, max(width - longest - 4, 30))
            click.echo(f"  {name:{longest}}  " + f"\n{'':{longest + 4}}".join(lines))
        click.echo()


def _one(found: Mechanism, as_json: bool) -> None:
    """Say everything about one mechanism."""
    if as_json:
        click.echo(json.dumps(_mechanism(found) | {"semantics": semantics(found)}, indent=2))
        return
    width = _width()
    click.echo(f"{safe_text(found.name)}: {safe_text(found.title)}\n")
    doc = mechanism_doc(found.name)
    for paragraph in doc.split("\n\n") if doc else []:
        click.echo(textwrap.fill(safe_text(" ".join(paragraph.split()), 4000), width) + "\n")
    for name, text in _said(found):
        click.echo(textwrap.fill(safe_text(text, 1000), width, initial_indent=f"{name:14}", subsequent_indent=" " * 14))


def semantics(found: Mechanism) -> str:
    """What a chooser needs to know beside the speed, in one line."""
    who = {
        ("one", "one"): "one sender, one receiver",
        ("many", "one"): "many senders, one receiver",
        ("one", "many"): "one sender, many receivers",
        ("many", "many"): "many senders, many receivers",
    }[found.senders, found.receivers]
    order = {"total": "in order", "per sender": "in order per sender", "none": "in no order"}[found.ordering]
    reach = "also between hosts" if found.scope == "network" else "on one host"
    wait = f"looks every {format_time(found.poll_interval)}" if found.wait == "poll" else _WAITS[found.wait]
    if found.control:
        return "stays in one process: nothing is communicated"
    parts = [reach, f"who waits {wait}", _DEAD[found.dead_peer]]
    return "; ".join([f"{who}, {order}", *parts] if "channel" in found.ports else parts)


def _said(found: Mechanism) -> Iterator[tuple[str, str]]:
    known = catalog.plugin(found.name)
    if known:
        yield "plug-in of", known.plugin.origin
    if known and known.reason:
        yield "here", f"cannot run: {known.reason}"
        return
    yield "semantics", semantics(found)
    yield (
        "family",
        found.family
        + {(True, False): ", a control", (False, True): ", a baseline"}.get((found.control, found.baseline), ""),
    )
    yield "offers", ", ".join(found.ports) + (f" ({', '.join(found.operations)})" if found.operations else "")
    limit = f", at most {format_size(found.largest)}" if found.largest else ""
    yield "carries", f"{found.carries}{limit}; bounded by {found.bounded_by}"
    if found.copies:
        yield "copies", f"{count(found.copies, 'copy')} of the payload on its way"
    if found.background_threads:
        yield "background", f"{count(found.background_threads, 'thread')} in each process that uses it"
    if found.background_processes:
        yield "background", f"{count(found.background_processes, 'process')} of its own"
    yield "starts under", ", ".join(found.start_methods)
    if found.third_party:
        how = f', by pip install "ipcbench[{found.extra}]"' if found.extra else ""
        yield "library", f"{', '.join(found.requires)} ({found.licence or 'licence not said'}){how}"
    if found.needs_server:
        yield "server", f"{found.needs_server}, started for each visit and ended with it"
    missing = catalog.missing(found.name)
    if missing:
        yield "here", f"cannot run: {missing}"
    for caveat in found.caveats:
        yield "beware", caveat


def _sections() -> list[tuple[str, list[tuple[str, str]]]]:
    mechanisms = [
        (found.name, f"{found.title} ({found.family}, carries {found.carries}{_extra(found)})")
        for found in catalog.mechanisms()
    ]
    plugins = [(name, _origin(found.origin, name)) for name, found in installed().usable.items()]
    plugins += [(name, f"cannot be used: {reason}") for name, reason in installed().refused.items()]
    patterns = [
        (found.name, f"{found.question} One operation: {found.operation}.{_variants(found)}")
        for found in catalog.patterns()
    ]
    suites = [(suite.name, suite.question) for suite in SUITES.values()]
    sections = [("Mechanisms", mechanisms), ("Plug-ins", plugins), ("Patterns", patterns), ("Suites", suites)]
    return [(heading, [(safe_text(name), safe_text(what, 1000)) for name, what in rows]) for heading, rows in sections]


def _origin(origin: str, name: str) -> str:
    return f"a mechanism of the package {origin}; to ask it what it is: {pasted('list', name)}"


def _extra(found: Mechanism) -> str:
    """What brings the libraries of a mechanism, and whether they are here."""
    return f"; extra {found.extra}{', absent here' if found.missing() else ''}" if found.third_party else ""


def _variants(found: Pattern) -> str:
    named = [f"{found.name}:{name}" for name in found.operations if name]
    return f" Variants: {', '.join(named)}." if named else ""


def _mechanism(found: Mechanism) -> dict[str, object]:
    facts = {key: value for key, value in found._asdict().items() if key not in PORTS}
    return facts | {"ports": found.ports}


def _facts() -> dict[str, object]:
    return {
        "mechanisms": [_mechanism(found) for found in catalog.mechanisms()],
        "plugins": [
            {"name": found.name, "distribution": found.distribution, "version": found.version}
            for found in installed().usable.values()
        ],
        "refused_plugins": [{"name": name, "reason": reason} for name, reason in installed().refused.items()],
        "patterns": [
            {
                "name": found.name,
                "question": found.question,
                "operation": found.operation,
                "operations": [name for name in found.operations if name],
                "port": found.port,
                "sizes": found.sizes,
                "workers": found.workers,
            }
            for found in catalog.patterns()
        ],
        "suites": [{"name": suite.name, "question": suite.question} for suite in SUITES.values()],
    }


def _width() -> int:
    width, _ = shutil.get_terminal_size((100, 24))
    return max(width - 1, 40)
