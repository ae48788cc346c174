"""Decide which sides may be compared, and what a reader must know: refusals, notes, and differences of the sides."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ipcbench.analysis.compare.side import Side
from ipcbench.errors import BadRequest
from ipcbench.results.schema import PYTHON_MODE

# Facts besides the code that cause differences, each with the consequence of a difference.
CAUSES = {
    "Python": "code and Python are compared together",
    PYTHON_MODE: "it changes the cost of every operation of the interpreter",
    "ipcbench": "the changelog says under Measurement whether that moves numbers",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact about machine or settings, with its value on each side, empty if unknown."""

    name: str
    values: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the value is known and equal on all sides."""
        return len(set(self.values)) == 1


def refuse(sides: Sequence[Side]) -> None:
    """Raise BadRequest for sides that cannot be compared: copies, equal names, shared rounds, another protocol."""
    for first, second in itertools.combinations(sides, 2):
        if first.digest and first.digest == second.digest:
            raise BadRequest(f"{first.name} and {second.name} are the same file, or copies: nothing to compare")
        if first.name == second.name:
            raise BadRequest(
                f"two files are called {first.name!r}: name them, as in before=old/{first.name}.json "
                f"after=new/{first.name}.json"
            )
        if shared := first.repeats & second.repeats:
            when = min(shared)[0][:16].replace("T", " ")
            both = f"{first.name} and {second.name} share what was measured at {when}"
            raise BadRequest(f"{both}: compare files that were measured apart")
        if first.protocol and second.protocol and first.protocol != second.protocol:
            raise BadRequest(
                f"{first.name} was measured by protocol {first.protocol}, {second.name} by {second.protocol}: what was "
                "timed differs, so the numbers must not be compared; measure both with one ipcbench"
            )


def facts(sides: Sequence[Side]) -> list[Fact]:
    """Return all facts known of any side, in the order of the first side that has them."""
    names = dict.fromkeys(name for side in sides for name in side.facts)
    return [Fact(name, tuple(side.facts.get(name, "") for side in sides)) for name in names]


def other_machine(first: Side, second: Side) -> bool:
    """Return whether two sides come from different machines, as far as that is known."""
    models = first.facts.get("CPU", ""), second.facts.get("CPU", "")
    if all(models) and models[0] != models[1]:
        return True
    return bool(first.machine and second.machine and first.machine != second.machine)


def notes(sides: Sequence[Side]) -> list[str]:
    """Return what a reader must know before the numbers, in sentences."""
    said = []
    known = {fact.name: fact for fact in facts(sides)}
    for name, why in CAUSES.items():
        if name in known and len(set(known[name].values) - {""}) > 1:
            each = ", ".join(
                f"{value} in {side.name}" for value, side in zip(known[name].values, sides, strict=True) if value
            )
            said.append(f"{name} differs ({each}): {why}.")
    if any(other_machine(sides[0], side) for side in sides[1:]):
        said.append(
            "These are different machines: a ratio says how fast each is, not which code is "
            "better. Compare winners and order."
        )
    for side in sides:
        if side.plain:
            said.append(f"{side.name} is a plain pyperf file: whether its data was verified is unknown.")
        if side.facts.get("mixed"):
            said.append(
                f"{side.name} is mixed: parts of it were measured under other conditions: {side.facts['mixed']}."
            )
    return said


def nothing_common(sides: Sequence[Side]) -> str:
    """Say in one line why two files have no case in common, and what to do."""
    tagged = [side for side in sides if side.pythons]
    if tagged and len(tagged) < len(sides):
        side = tagged[0]
        return (
            f"no case in common: the cases of {side.name} were measured under {', '.join(side.pythons)}; compare them "
            "inside that file, with --column python"
        )
    return f"no case in common: {'; '.join(f'{side.name} has {_some(side)}' for side in sides)}"


def _some(side: Side) -> str:
    cases = list(side.cases["case"])
    return f"{', '.join(cases[:2])}{f' and {len(cases) - 2} more' if len(cases) > 2 else ''}" if cases else "none"
