"""Proofs of verification turns, as a program of the contract left them, before the judge of all visits."""

from __future__ import annotations

from typing import Any

import msgspec

from ipcbench.measure.api.pattern import Proof
from ipcbench.model import Case
from ipcbench.run.verdict.judge import ProofRecord
from ipcbench.run.verdict.proof import why_unproven


def unproven(case: Case, found: dict[str, Any]) -> str | None:
    """What the proofs among these observations fail to show, in words; None if they show that every byte moved."""
    try:
        records = msgspec.convert(found["proofs"], list[ProofRecord])
    except (msgspec.ValidationError, KeyError) as error:
        return f"no proof that can be read: {error}"
    return why_unproven(case, [Proof(*msgspec.structs.astuple(record)) for record in records], found["pids"])
