"""`ipcbench list`: what can be measured, one line each."""

from __future__ import annotations

import json
import shutil
import textwrap

import click

from ipcbench.measure.ports import PORTS
from ipcbench.plan import catalog
from ipcbench.plan.suites import SUITES
from ipcbench.text import safe_text


@click.command("list", short_help="What can be measured: mechanisms, patterns, suites.")
@click.option("--json", "as_json", is_flag=True, help="The same, with every declared fact, as JSON.")
def command(as_json: bool) -> None:
    """List mechanisms, patterns and suites with their one-line meanings.

    Use the names with `ipcbench run --mechanism … --pattern … --suite …`.
    """
    if as_json:
        click.echo(json.dumps(_facts(), indent=2))
        return
    width, _ = shutil.get_terminal_size((100, 24))
    for heading, rows in _sections():
        click.echo(heading)
        longest = max(len(name) for name, _ in rows)
        for name, meaning in rows:
            lines = textwrap.wrap(meaning, max(width - longest - 4, 30))
            click.echo(f"  {name:{longest}}  " + f"\n{'':{longest + 4}}".join(lines))
        click.echo()


def _sections() -> list[tuple[str, list[tuple[str, str]]]]:
    mechanisms = [
        (found.name, f"{found.title} ({found.family}, carries {found.carries})") for found in catalog.mechanisms()
    ]
    patterns = [(found.name, f"{found.question} One operation: {found.operation}.") for found in catalog.patterns()]
    suites = [(suite.name, suite.question) for suite in SUITES.values()]
    sections = [("Mechanisms", mechanisms), ("Patterns", patterns), ("Suites", suites)]
    return [(heading, [(safe_text(name), safe_text(what, 1000)) for name, what in rows]) for heading, rows in sections]


def _facts() -> dict[str, object]:
    return {
        "mechanisms": [
            {key: value for key, value in found._asdict().items() if key not in PORTS} | {"ports": found.ports}
            for found in catalog.mechanisms()
        ],
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
