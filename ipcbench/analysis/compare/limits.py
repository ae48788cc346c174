"""Conditions under which a comparison counts as failed, for CI: 'slower>10%', 'missing', 'memory>10%'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ipcbench.analysis.compare.contrast import Contrast
from ipcbench.errors import BadRequest

Kind = Literal["slower", "faster", "different", "missing", "blind", "memory"]
KINDS: tuple[Kind, ...] = ("slower", "faster", "different", "missing", "blind", "memory")
SIZED: tuple[Kind, ...] = ("blind", "memory")  # of no use without a limit
LARGEST = 1_000_000.0  # per cent

_CONDITION = re.compile(r"([a-z]+)\s*(?:>\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*%)?", re.IGNORECASE)
_ACCEPTED = (
    "expected 'slower', 'faster', 'different' (either), each alone or as in 'slower>10%', 'missing', 'memory>10%' for "
    "cases that take more memory, or 'blind>10%' for cases in which a difference of 10 % could not have been seen; "
    "several separated by commas or 'or'"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """One condition; share is the difference to exceed, or for blind the difference to detect: 0.1 for 10 %."""

    kind: Kind
    share: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind}>{self.share * 100:g}%" if self.share else self.kind


def parse_limits(text: str) -> tuple[Limit, ...]:
    """Read conditions such as 'slower>10%, missing' or 'slower>10% or missing'; raises BadRequest."""
    return tuple(_parse(part.strip(), text) for part in re.split(r",|\s+or\s+", text, flags=re.IGNORECASE))


def _parse(part: str, text: str) -> Limit:
    match = _CONDITION.fullmatch(part)
    for kind in KINDS:
        if match and match[1].lower() == kind and not (kind == "missing" and match[2]):
            per_cent = float(match[2] or 0)
            if per_cent <= LARGEST and (per_cent or kind not in SIZED):
                return Limit(kind, per_cent / 100)
    raise BadRequest(f"--fail-if {text!r}: {_ACCEPTED}")


def exceeded(limit: Limit, contrast: Contrast) -> list[str]:
    """Return the rows for which a condition is true; inconclusive rows are neither slower nor faster.

    10 % slower means that the row takes 1.1 times as long as the base, 10 % faster that the base takes 1.1 times as
    long as the row. Missing means that the base has a number and another column has none. Blind means that a difference
    of that size would have been seen less than four times out of five, or that the rounds are too few to tell. Raises
    BadRequest for memory if no row has it on both sides.
    """
    if limit.kind == "missing":
        lacks = contrast.missing
        return list(dict.fromkeys(lacks.loc[lacks["column"] != contrast.base, "case"]))
    rows = contrast.table
    if limit.kind == "blind":
        return list(rows.loc[~(rows["visible"] <= limit.share), "row"])
    if limit.kind == "memory":
        more = rows["memory"] / rows["base_memory"]
        if not more.notna().any():
            raise BadRequest(f"--fail-if {limit}: no case has its memory on both sides; measure both again")
        return list(rows.loc[more > 1 + limit.share, "row"])
    beyond = pd.Series(False, rows.index)
    if limit.kind in ("slower", "different"):
        beyond |= (rows["verdict"] == "slower") & (rows["ratio"] > 1 + limit.share)
    if limit.kind in ("faster", "different"):
        beyond |= (rows["verdict"] == "faster") & (1 / rows["ratio"] > 1 + limit.share)
    return list(rows.loc[beyond, "row"])
