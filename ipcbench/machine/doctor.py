"""What about this machine decides numbers: all findings, and what of them a results file keeps.

Read from /proc and /sys below `root`, so that tests can make up a machine. What cannot be read is a finding "unknown"
and never an error; on systems without these files that is most of it.
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
    """Everything that is known of this machine, warnings first; takes a fifth of a second to see who else is busy."""
    tree = Tree(root)
    found = [*processors(tree, in_use), *memory(tree), *system(tree), *interpreter()]
    return sorted(found, key=lambda finding: WORST_FIRST.index(finding.level))


def conditions(findings: Iterable[Finding]) -> tuple[Condition, ...]:
    """The findings as a results file keeps them."""
    return tuple(Condition(finding.name, finding.value, finding.level) for finding in findings)


def warnings(findings: Iterable[Finding]) -> list[Finding]:
    """Those that should be seen before anything is measured."""
    return [finding for finding in findings if finding.level == "warning"]
