"""Asking plug-ins for their facts, before anything else needs them; none of them is imported in this process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing

from ipcbench.cli.output import tell
from ipcbench.measure.ports import Mechanism
from ipcbench.measure.registry import find_plugin, installed
from ipcbench.model import Interpreter, Timing
from ipcbench.plan import catalog
from ipcbench.run.interrupt import Stop
from ipcbench.run.plugins import read_facts
from ipcbench.run.visit import Visitor


def ask_plugins(names: Iterable[str], pythons: Sequence[Interpreter] = ()) -> None:
    """Have the catalog know those of these mechanisms that are plug-ins, under each Python that was chosen.

    Takes about half a second for each; a plug-in that cannot be used is known with the reason. Raises Interrupted.
    """
    wanted = [name for name in dict.fromkeys(names) if catalog.is_plugin(name) and not catalog.plugin(name)]
    if not wanted:
        return
    with Stop() as stop, closing(Visitor(Timing(), stop, pythons=pythons)) as visitor:
        for name in wanted:
            _ask(name, [python.tag for python in pythons] or [""], visitor)


def _ask(name: str, tags: Sequence[str], visitor: Visitor) -> None:
    mechanism: Mechanism | None = None
    reasons, doc = {}, ""
    for tag in tags:
        known = read_facts(name, visitor, tag)
        mechanism, doc = mechanism or known.mechanism, doc or known.doc
        if known.reason:
            reasons[tag] = f"{known.reason} (under {tag})" if tag else known.reason
    catalog.learn(find_plugin(name), mechanism, reasons, doc)


def warn_of_refused() -> None:
    """Say which plug-ins are left out, because nothing can name them."""
    for reason in installed().refused.values():
        tell(f"ipcbench: plug-in {reason}")
