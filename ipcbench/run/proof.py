"""The judge: did what the receivers digested come from the nonce they were told, every byte and every message?

The measured processes only report digests; the payloads are made again here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ipcbench.measure.pattern import Proof
from ipcbench.measure.payload import digests, make_payloads
from ipcbench.model import Case
from ipcbench.plan import catalog


def why_unproven(case: Case, proofs: Sequence[Proof], pids: Sequence[int]) -> str | None:
    """What the proofs of a visit fail to show, in words; None if they show that every byte moved."""
    parts = 1 if catalog.mechanism(case.mechanism).peers == "nobody" else 1 + case.workers
    if len(set(pids)) != parts:
        return f"{len(set(pids))} processes took part instead of {parts}"
    if len(proofs) < 2:
        return "there was no verification before and after timing"
    for proof in proofs:
        reason = _why_wrong(case, proof)
        if reason:
            return reason
    return None


def _why_wrong(case: Case, proof: Proof) -> str | None:
    wanted = catalog.pattern(case.pattern).rule
    if proof.rule != wanted:
        return f"the proof is of the kind {proof.rule} where {case.pattern} needs {wanted}"
    if proof.rule == "total":
        lost = proof.expected - proof.found
        return f"lost {lost:,} of the increments of a verification turn" if lost else None
    if proof.rule == "ordered":
        in_order = f"{proof.found:,} of {proof.expected:,} hand-overs were in order"
        early = f"{in_order}, in the others a wait returned before its notification"
        return None if proof.found == proof.expected > 0 else early
    receivers = 1 if catalog.pattern(case.pattern).port == "executor" else case.workers  # a pool shares as it likes
    if proof.size != case.size or proof.messages < 1 or len(proof.received) < receivers:
        return (
            f"the verification turn was of {proof.messages} messages of {proof.size} B to {len(proof.received)} peers"
        )
    expected = {stream: _expected(proof, stream) for stream in set(proof.streams)}
    if proof.rule == "shared":
        arrived = Counter(digest for received in proof.received for digest in received)
        return None if arrived == Counter(expected[0]) else _difference(arrived, Counter(expected[0]))
    for stream, received in zip(proof.streams, proof.received, strict=True):
        if list(received) != expected[stream]:
            return _difference(Counter(received), Counter(expected[stream]))
    return None


def _expected(proof: Proof, stream: int) -> list[str]:
    return digests(make_payloads(proof.content, proof.nonce, proof.size, proof.messages, stream))


def _difference(arrived: Counter[str], expected: Counter[str]) -> str:
    lost, strange = (expected - arrived).total(), (arrived - expected).total()
    if not lost and not strange:
        return "messages arrived out of order"
    return f"of {expected.total()} messages {lost} did not arrive intact, and {strange} arrived that were not sent"
