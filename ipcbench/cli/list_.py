"""`ipcbench list`: tables of mechanisms, patterns, payloads and suites, or all declared facts of one mechanism."""

from __future__ import annotations

import itertools
import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence

import click

from ipcbench.measure.api.kind import Kind
from ipcbench.measure.api.mechanism import Mechanism, is_installed
from ipcbench.measure.api.payload import load_kind
from ipcbench.measure.api.ports import PORTS
from ipcbench.measure.registry import installed, mechanism_doc
from ipcbench.model import PAYLOADS
from ipcbench.plan import catalog
from ipcbench.plan.suites import SUITES
from ipcbench.shell import pasted
from ipcbench.text import count, safe_text
from ipcbench.units import format_size, format_time

_WIDE = 99  # characters per line; narrower tables of mechanisms have no column "carries"
_PORTS = {
    "channel": "over a channel",
    "cell": "with shared state",
    "signal": "with a signal",
    "executor": "with a pool of workers",
}
_WAITS = {
    "block": "sleeps in the kernel until data arrive",
    "spin": "spins and uses a whole CPU",
}
_DEAD = {
    "end of file": "if a sender is killed, a receiver sees the end of file",
    "an error": "if a worker is killed, the waiting process gets an error",
    "nothing": "if a peer is killed, the others wait forever: use a deadline",
}


@click.command("list")
@click.argument("mechanism", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print every declared fact as JSON.")
def command(mechanism: str | None, as_json: bool) -> None:
    """List mechanisms, patterns, payloads and suites, or describe one MECHANISM.

    \b
    Examples:
      ipcbench list
      ipcbench list shared-memory
      ipcbench list --json

    Use the names with 'ipcbench run --mechanism … --pattern … --suite …'. The list names plug-ins, which are mechanisms
    of other packages, without importing them; 'ipcbench list PLUG-IN' imports that plug-in.
    """
    if mechanism is not None:
        _one(catalog.mechanism(mechanism), as_json)
    elif as_json:
        click.echo(json.dumps(_facts(), indent=2))
    else:
        width = _width()
        for lines in (_mechanisms(width), _plugins(width), _patterns(width), _payloads(width), _suites(width)):
            for line in lines:
                click.echo(line)


def _one(found: Mechanism, as_json: bool) -> None:
    """Print all facts of one mechanism."""
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
    """Return what to know about a mechanism besides its speed, in one line."""
    who = {
        ("one", "one"): "one sender, one receiver",
        ("many", "one"): "many senders, one receiver",
        ("one", "many"): "one sender, many receivers",
        ("many", "many"): "many senders, many receivers",
    }[found.senders, found.receivers]
    order = {"total": "in order", "per sender": "in order per sender", "none": "in no order"}[found.ordering]
    reach = "also between hosts" if found.scope == "network" else "on one host"
    wait = f"checks every {format_time(found.poll_interval)}" if found.wait == "poll" else _WAITS[found.wait]
    if found.control:
        return "a control: it stays in one process and communicates nothing"
    parts = [reach, f"a waiting process {wait}", _DEAD[found.dead_peer]]
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
        yield "library", f"{', '.join(found.requires)} ({found.licence or 'licence unknown'}){how}"
    if found.needs_server:
        yield "server", f"{found.needs_server}, started for each visit and ended with it"
    missing = catalog.missing(found.name)
    if missing:
        yield "here", f"cannot run: {missing}"
    for caveat in found.caveats:
        yield "beware", caveat


def _mechanisms(width: int) -> Iterator[str]:
    """Yield mechanisms by family: name, title, what it carries (if the line is wide enough), library."""
    found = catalog.mechanisms()
    rows = [
        (each.name, safe_text(each.title), *([each.carries] if width >= _WIDE else []), _library(each))
        for each in found
    ]
    columns = _columns(rows, width)
    yield from _row(("MECHANISMS", "", *(["carries"] if width >= _WIDE else []), "library"), columns, indent="")
    for family, group in itertools.groupby(zip(found, rows, strict=True), key=lambda pair: pair[0].family):
        yield family
        for _, row in group:
            yield from _row(row, columns)
    absent = [library.removesuffix(" *") for *_, library in rows if library.endswith(" *")]
    if absent:
        yield f"* not installed here, such as {absent[0]}: pip install 'ipcbench[{absent[0]}]'"
    yield ""


def _plugins(width: int) -> Iterator[str]:
    """Yield plug-ins with their package, or with the reason why they are unusable."""
    rows = [
        (name, f"a mechanism of the package {found.origin}; to describe it: {pasted('list', name)}")
        for name, found in installed().usable.items()
    ]
    rows += [(name, f"cannot be used: {reason}") for name, reason in installed().refused.items()]
    if rows:
        yield "PLUG-INS"
        yield from _table([(safe_text(name), safe_text(text, 1000)) for name, text in rows], width)
        yield ""


def _patterns(width: int) -> Iterator[str]:
    """Yield patterns by port: name, question, operation, and the names of the variants."""
    found = catalog.patterns()
    rows = [(each.name, each.question, each.operation) for each in found]
    columns = _columns(rows, width, wide=(1, 2))
    yield from _row(("PATTERNS", "", "one operation is"), columns, indent="")
    for port, group in itertools.groupby(zip(found, rows, strict=True), key=lambda pair: pair[0].port):
        yield _PORTS[port]
        for each, row in group:
            yield from _row(row, columns)
            variants = ", ".join(f"{each.name}:{name}" for name in each.operations if name)
            if variants:
                yield from _row(("", f"variants: {variants}"), (columns[0], width - columns[0] - 4))
    yield ""


def _payloads(width: int) -> Iterator[str]:
    """Yield built-in kinds of payload: name, and how a channel of bytes carries them."""
    kinds = list(map(load_kind, PAYLOADS))
    yield "PAYLOADS"
    own = ("your own", "module:function, a file, or a folder of files; docs/your-workload.md describes it")
    yield from _table([*((kind.name, _payload(kind)) for kind in kinds), own], width)
    yield ""


def _payload(kind: Kind) -> str:
    coded = f"; a channel of bytes carries it {kind.codec}" if kind.coded else ""
    lacking = [name for name in kind.requires if not is_installed(name)]
    return f"{kind.title}{coded}{f'; needs {lacking[0]}, which is not installed' if lacking else ''}"


def _suites(width: int) -> Iterator[str]:
    """Yield suites: name and question."""
    yield "SUITES"
    yield from _table([(suite.name, suite.question) for suite in SUITES.values()], width)


def _table(rows: Sequence[tuple[str, ...]], width: int) -> Iterator[str]:
    columns = _columns(rows, width)
    for row in rows:
        yield from _row(row, columns)


def _columns(rows: Sequence[tuple[str, ...]], width: int, wide: tuple[int, ...] = (1,)) -> list[int]:
    """Return the width of each column; the wide ones share the rest of the line."""
    columns = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rest = width - sum(2 + size for place, size in enumerate(columns) if place not in wide)
    for place in wide:
        columns[place] = max(rest // len(wide) - 2, 20)
    return columns


def _row(cells: Sequence[str], columns: Sequence[int], indent: str = "  ") -> Iterator[str]:
    """Yield the lines of one row, with wrapped cells; the indent does not move the columns after the first."""
    first, *others = columns
    sizes = (2 + first - len(indent), *others)
    wrapped = [_wrapped(cell, size) for cell, size in zip(cells, sizes, strict=True)]
    for line in itertools.zip_longest(*wrapped, fillvalue=""):
        yield (indent + "  ".join(f"{cell:{size}}" for cell, size in zip(line, sizes, strict=True))).rstrip()


def _wrapped(cell: str, size: int) -> list[str]:
    if len(cell) <= size:
        return [cell]  # wrapping every cell of the list would take 10 ms
    return textwrap.wrap(cell, size, break_long_words=False, break_on_hyphens=False)


def _library(found: Mechanism) -> str:
    """Return the extra that installs the libraries of a mechanism, marked * if they are not installed."""
    return f"{found.extra}{' *' if found.missing() else ''}" if found.third_party else ""


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
        "payloads": list(PAYLOADS),
        "suites": [{"name": suite.name, "question": suite.question} for suite in SUITES.values()],
    }


def _width() -> int:
    width, _ = shutil.get_terminal_size((100, 24))
    return max(width - 1, 40)
