"""All findings on this machine, and the part of them that a results file keeps.

Findings are read from /proc and /sys below `root`, so that tests can invent a machine. A value that cannot be read is
"unknown", never an error; on systems without these files most values are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ipcbench.machine.finding import Finding, Level, Tree
from ipcbench.machine.interpreter import interpreter
from ipcbench.machine.memory import memory
from ipcbench.machine.processors import cpus_in_use, processors
from ipcbench.machine.system import system
from ipcbench.results.schema import Condition

WORST_FIRST: tuple[Level, ...] = ("warning", "note", "good")


def examine(root: Path = Path("/"), in_use: Callable[[Sequence[int]], float | None] = cpus_in_use) -> list[Finding]:
    """Return all findings on this machine, warnings first; sampling the load of other processes takes 0.2 s."""
    tree = Tree(root)
    found = [*processors(tree, in_use), *memory(tree), *system(tree), *interpreter()]
    return sorted(found, key=lambda finding: WORST_FIRST.index(finding.level))


def conditions(findings: Iterable[Finding]) -> tuple[Condition, ...]:
    """Return the findings as a results file keeps them."""
    return tuple(Condition(finding.name, finding.value, finding.level) for finding in findings)
