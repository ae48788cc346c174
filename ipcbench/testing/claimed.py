"""Judge the proofs that the contract's program recorded in verification turns, by the same rules as any visit."""

from __future__ import annotations

from typing import Any

import msgspec

from ipcbench.measure.api.pattern import Proof
from ipcbench.model import Case
from ipcbench.run.verdict.judge import ProofRecord
from ipcbench.run.verdict.proof import why_unproven


def unproven(case: Case, found: dict[str, Any]) -> str | None:
    """Return why the proofs in an observation are not enough; None if they show that every byte moved."""
    try:
        records = msgspec.convert(found["proofs"], list[ProofRecord])
    except (msgspec.ValidationError, KeyError) as error:
        return f"its proofs cannot be read: {error}"
    return why_unproven(case, [Proof(*msgspec.structs.astuple(record)) for record in records], found["pids"])
