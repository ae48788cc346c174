"""Check the proofs of a visit: every message, and every byte of it, must derive from the nonce.

The measured processes report digests only; the payloads are made again here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ipcbench.measure.api.digest import digests
from ipcbench.measure.api.pattern import Proof
from ipcbench.measure.api.payload import content, make_payloads, places
from ipcbench.model import Case
from ipcbench.plan import catalog


def why_unproven(case: Case, proofs: Sequence[Proof], pids: Sequence[int], known: Sequence[str] = ()) -> str | None:
    """Return what the proofs of a visit fail to show; None if they show that every byte moved.

    known are the digests of all messages, if they are of a payload of the user's.
    """
    peers = catalog.pattern(case.pattern).peers(case.workers)
    parts = 1 if catalog.mechanism(case.mechanism).peers == "nobody" else 1 + peers
    if len(set(pids)) != parts:
        return f"{len(set(pids))} processes took part instead of {parts}"
    if len(proofs) < 2:
        return "there was no verification before and after timing"
    for proof in proofs:
        reason = _why_wrong(case, proof, known)
        if reason:
            return reason
    return None


def _why_wrong(case: Case, proof: Proof, known: Sequence[str]) -> str | None:
    pattern = catalog.pattern(case.pattern)
    if proof.rule != pattern.rule:
        return f"the proof is of the kind {proof.rule} where {case.pattern} needs {pattern.rule}"
    if proof.rule == "total":
        lost = proof.expected - proof.found
        return f"lost {lost:,} of the increments of a verification turn" if lost else None
    if proof.rule == "ordered":
        in_order = f"{proof.found:,} of {proof.expected:,} hand-overs were in order"
        early = f"{in_order}, in the others a wait returned before its notification"
        return None if proof.found == proof.expected > 0 else early
    receivers = 1 if pattern.port == "executor" else case.workers  # a pool may leave a worker without tasks
    if proof.size != case.size or proof.messages < 1 or len(proof.received) < receivers:
        return (
            f"the verification turn was of {proof.messages} messages of {proof.size} B to {len(proof.received)} peers"
        )
    wanted = pattern.streams(case.operation, case.workers)
    if catalog.mechanism(case.mechanism).peers == "nobody":
        wanted = wanted[:1]  # the driver alone
    if list(proof.streams) != wanted or (proof.rule == "each" and len(proof.received) != len(wanted)):
        return f"the verification turn was of {len(proof.received)} lists of the streams {proof.streams}, not {wanted}"
    expected = {stream: _expected(case, proof, stream, known) for stream in wanted}
    if proof.rule == "shared":
        return _why_not_shared(proof, expected, catalog.mechanism(case.mechanism).ordering != "none")
    for stream, received in zip(proof.streams, proof.received, strict=True):
        if list(received) != expected[stream]:
            return _difference(Counter(received), Counter(expected[stream]))
    return None


def _why_not_shared(proof: Proof, expected: Mapping[int, Sequence[str]], ordered: bool) -> str | None:
    arrived = Counter(digest for received in proof.received for digest in received)
    sent = Counter(digest for stream in expected.values() for digest in stream)
    if arrived != sent:
        return _difference(arrived, sent)
    if not ordered or max(sent.values()) > 1:  # payloads of 5 B and less do not identify their stream
        return None
    places = {digest: (stream, i) for stream, known in expected.items() for i, digest in enumerate(known)}
    for received in proof.received:
        seen: dict[int, int] = {}
        for stream, i in map(places.__getitem__, received):
            if i < seen.setdefault(stream, i):
                return "messages arrived out of order"
            seen[stream] = i
    return None


def _expected(case: Case, proof: Proof, stream: int, known: Sequence[str]) -> list[str]:
    if known:
        return [known[place] for place in places(len(known), proof.nonce, proof.messages, stream)]
    what = content(catalog.mechanism(case.mechanism).carries, case.payload)
    return digests(make_payloads(what, proof.nonce, proof.size, proof.messages, stream))


def _difference(arrived: Counter[str], expected: Counter[str]) -> str:
    lost, strange = (expected - arrived).total(), (arrived - expected).total()
    if not lost and not strange:
        return "messages arrived out of order"
    return f"of {expected.total()} messages {lost} did not arrive intact, and {strange} arrived that were not sent"
