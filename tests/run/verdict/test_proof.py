"""The judge takes proofs that every byte moved, and no others."""

from __future__ import annotations

import pickle
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.pattern import Proof
from ipcbench.measure.api.payload import load_kind, make_payloads
from ipcbench.measure.api.pool import pool_count, proof_count, window_for
from ipcbench.model import Case
from ipcbench.plan import catalog
from ipcbench.run.verdict.proof import why_unproven

PING = Case("ping-pong", "queue", 64)
TASKS = Case("task-queue", "queue", 64, 3)
COUNTER = Case("counter", "value", 8, 2)
HAND_OVER = Case("hand-over", "semaphore", 0)
FAN_IN = Case("fan-in", "queue", 64, 3)
MANY = Case("many-to-many", "queue", 64, 3)
PAIRS = Case("pairs", "pipe", 64, 2)
PIPELINE = Case("pipeline", "pipe", 64, 2)
EXCHANGE = Case("exchange", "pipe", 64)
BROADCAST = Case("broadcast", "pipe", 64, 2)


def honest(nonce: int = 5, size: int = 64, messages: int = 4, content: str = "bytes", stream: int = 0) -> list[str]:
    return digests(make_payloads(content, nonce, size, messages, stream))


def each(received: Sequence[Sequence[str]], nonce: int = 5, size: int = 64, messages: int = 4) -> Proof:
    return Proof("each", nonce, size, messages, received, [0] * len(received))


def pids(case: Case) -> list[int]:
    return list(range(100, 101 + catalog.pattern(case.pattern).peers(case.workers)))


def judged(case: Case, *proofs: Proof) -> str | None:
    return why_unproven(case, proofs, pids(case))


@given(
    nonce=st.integers(0, 2**56 - 1),
    size=st.integers(1, 5000),
    messages=st.integers(1, 16),
    workers=st.integers(1, 4),
    payload=st.sampled_from(["bytes", "str", "object", "dataclass", "array", "dataframe"]),
)
def test_honest_proofs_are_accepted(nonce: int, size: int, messages: int, workers: int, payload: str) -> None:
    kind = load_kind(payload)
    size = max(kind.least, size) // kind.unit * kind.unit
    case = Case("access", "manager-list", size, workers, "write", payload)
    streams = list(range(workers))
    received = [honest(nonce, size, messages, payload, stream) for stream in streams]
    proof = Proof("each", nonce, size, messages, received, streams)
    assert judged(case, proof, proof) is None


@given(st.data())
def test_shared_tasks_may_be_split_in_any_way(data: st.DataObject) -> None:
    whole = honest(messages=16)
    owners = data.draw(st.lists(st.integers(0, 2), min_size=16, max_size=16))
    received = [[task for task, owner in zip(whole, owners, strict=True) if owner == i] for i in range(3)]
    proof = Proof("shared", 5, 64, 16, received, [0])
    assert judged(TASKS, proof, proof) is None


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (honest()[:-1], "1 did not arrive intact, and 0 arrived"),
        ([*honest(), honest()[0]], "0 did not arrive intact, and 1 arrived"),
        ([honest()[1], honest()[0], *honest()[2:]], "out of order"),
        ([*honest()[:-1], digest(b"something else")], "1 did not arrive intact, and 1 arrived"),
        ([*honest()[:-1], honest()[0]], "1 did not arrive intact, and 1 arrived"),
        (honest(nonce=6), "4 did not arrive intact, and 4 arrived"),
        ([], "4 did not arrive intact"),
        (["not a payload: NoneType"] * 4, "4 did not arrive intact"),
    ],
    ids=["lost", "doubled", "reordered", "corrupted", "one twice", "of another turn", "nothing", "no payloads"],
)
def test_what_is_not_what_was_sent_is_refused(received: list[str], reason: str) -> None:
    good = each([honest(), honest()])
    for proofs in ([each([received, honest()]), good], [good, each([honest(), received])]):
        found = judged(PING, *proofs)
        assert found is not None
        assert reason in found


@pytest.mark.parametrize("received", [honest()[:-1], [*honest(), honest()[0]], [*honest()[:-1], digest(b"x")]])
def test_shared_tasks_that_are_not_all_there_once_are_refused(received: list[str]) -> None:
    proof = Proof("shared", 5, 64, 4, [received, [], []], [0])
    assert judged(TASKS, proof, proof) is not None


SENT = [honest(stream=stream) for stream in range(3)]


def merged(sent: Sequence[Sequence[str]], turns: Sequence[int]) -> list[str]:
    """The streams as one list, each in its order, the next one taken from that which `turns` names."""
    left = [iter(stream) for stream in sent]
    return [next(left[stream]) for stream in turns]


@given(st.permutations([0, 1, 2] * 4))
def test_streams_of_many_senders_may_arrive_mixed_in_any_way(turns: list[int]) -> None:
    proof = Proof("shared", 5, 64, 4, [[], [], [], merged(SENT, turns)], [0, 1, 2])
    assert judged(FAN_IN, proof, proof) is None


@given(st.permutations([0, 1, 2] * 4), st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_streams_of_many_senders_may_be_split_among_many_receivers(turns: list[int], owners: list[int]) -> None:
    whole = merged(SENT, turns)
    received = [[message for message, owner in zip(whole, owners, strict=True) if owner == i] for i in range(3)]
    proof = Proof("shared", 5, 64, 4, [[], received[0], [], received[1], [], received[2]], [0, 1, 2])
    assert judged(MANY, proof, proof) is None


IN_TURN = merged(SENT, [0, 1, 2] * 4)
SWAPPED = [IN_TURN[3], *IN_TURN[1:3], IN_TURN[0], *IN_TURN[4:]]  # the first two messages of sender 0


@pytest.mark.parametrize(
    ("received", "streams", "reason"),
    [
        (IN_TURN[:-1], [0, 1, 2], "1 did not arrive intact, and 0 arrived"),
        ([*IN_TURN, IN_TURN[0]], [0, 1, 2], "0 did not arrive intact, and 1 arrived"),
        (SWAPPED, [0, 1, 2], "out of order"),
        ([*IN_TURN[:-1], honest(stream=3)[3]], [0, 1, 2], "1 did not arrive intact, and 1 arrived"),
        (SENT[0], [0], "not \\[0, 1, 2\\]"),
        (SENT[0] * 3, [0, 0, 0], "not \\[0, 1, 2\\]"),
    ],
    ids=["lost", "doubled", "swapped", "of another sender", "of one sender only", "of one sender thrice"],
)
def test_a_stream_of_many_that_is_not_whole_or_in_order_is_refused(
    received: list[str], streams: list[int], reason: str
) -> None:
    proof = Proof("shared", 5, 64, 4, [[], [], [], received], streams)
    found = judged(FAN_IN, proof, proof)
    assert found is not None
    assert re.search(reason, found)


def test_streams_that_are_too_small_to_be_told_apart_are_counted() -> None:
    case = FAN_IN._replace(size=2)
    sent = [honest(size=2, stream=stream) for stream in range(3)]
    proof = Proof("shared", 5, 2, 4, [[], [], [], sent[0] * 2 + sent[1][:3] + sent[2][1:2]], [0, 1, 2])
    assert judged(case, proof, proof) is not None
    proof = proof._replace(received=[[], [], [], merged(sent, [0] * 4 + [1] * 4 + [2] * 4)])
    assert judged(case, proof, proof) is None


@pytest.mark.parametrize("case", [PAIRS, PIPELINE, EXCHANGE, BROADCAST], ids=lambda case: case.pattern)
def test_whoever_receives_must_have_got_the_stream_that_was_for_it(case: Case) -> None:
    streams = catalog.pattern(case.pattern).streams("", case.workers)
    good = Proof("each", 5, 64, 4, [honest(stream=stream) for stream in streams], streams)
    assert judged(case, good, good) is None
    for i, stream in enumerate(streams):
        for wrong in (honest(stream=stream)[:-1], honest(stream=stream + 1), honest(stream=stream)[::-1]):
            assert judged(case, good, good._replace(received=[*good.received[:i], wrong, *good.received[i + 1 :]]))
        for part in (good.streams[:i], [*good.streams[:i], stream + 1, *good.streams[i + 1 :]]):
            assert judged(case, good, good._replace(received=[honest(stream=s) for s in part], streams=part))


@pytest.mark.parametrize("found", [199, 201, 0])
def test_a_total_must_be_exact(found: int) -> None:
    good = Proof("total", expected=200, found=200)
    assert judged(COUNTER, good, good) is None
    assert judged(COUNTER, good, Proof("total", expected=200, found=found)) is not None


@pytest.mark.parametrize(("expected", "found"), [(100, 99), (100, 0), (100, 101), (0, 0)])
def test_hand_overs_must_all_be_in_order(expected: int, found: int) -> None:
    good = Proof("ordered", expected=100, found=100)
    assert judged(HAND_OVER, good, good) is None
    reason = judged(HAND_OVER, good, Proof("ordered", expected=expected, found=found))
    assert reason is not None
    assert reason.startswith(f"{found} of {expected} hand-overs were in order, in the others a wait returned before")


@pytest.mark.parametrize("seen", [[], [100], [100, 100], [100, 101, 102]])
def test_too_few_or_too_many_processes_are_refused(seen: list[int]) -> None:
    reason = why_unproven(PING, [each([honest()] * 2)] * 2, seen)
    assert reason is not None
    assert "processes took part instead of 2" in reason


@pytest.mark.parametrize("count", [0, 1])
def test_one_verification_is_not_enough(count: int) -> None:
    assert judged(PING, *[each([honest()] * 2)] * count) == "there was no verification before and after timing"


@pytest.mark.parametrize(
    "proof",
    [
        each([honest(size=8)] * 2, size=8),
        each([[], []], messages=0),
        each([]),
        each([honest()]),
        Proof("shared", 5, 64, 4, [], []),
    ],
    ids=["smaller", "of nothing", "of nobody", "there and not back", "shared by nobody"],
)
def test_a_proof_of_something_easier_is_refused(proof: Proof) -> None:
    reason = judged(PING, proof, proof)
    assert reason is not None
    assert re.search("the verification turn was of|of the kind shared where ping-pong needs each", reason)


def test_a_proof_of_the_total_does_not_stand_for_messages() -> None:
    easy = Proof("total", expected=0, found=0)
    assert judged(PING, easy, easy) is not None


@given(st.integers(0, 2**56 - 1), st.integers(1, 300), st.integers(1, 20), st.integers(0, 3))
def test_payloads_of_eight_bytes_or_more_are_distinct_and_made_again_alike(
    nonce: int, size: int, count: int, stream: int
) -> None:
    payloads = make_payloads("bytes", nonce, size, count, stream)
    assert payloads == make_payloads("bytes", nonce, size, count, stream)
    assert all(isinstance(payload, bytes) and len(payload) == size for payload in payloads)
    if size >= 8:
        assert len(set(payloads)) == count


@given(st.integers(1, 2**28), st.integers(1, 1000))
def test_a_pool_is_always_larger_than_what_can_be_in_flight(size: int, loops: int) -> None:
    assert pool_count(size, window_for(size)) > window_for(size) >= 4
    assert 3 <= proof_count(size) <= 16
    assert 3 <= proof_count(size, loops) <= max(3, loops)


@given(st.integers(0, 2**56 - 1), st.integers(64, 200_000), st.integers(0, 5))
@settings(max_examples=50)
def test_the_pickle_of_an_object_has_its_size_and_no_two_are_alike(nonce: int, size: int, stream: int) -> None:
    found = make_payloads("object", nonce, size, 3, stream)
    assert [len(pickle.dumps(payload)) for payload in found] == [size] * 3
    assert len(set(digests(found))) == 3
    assert found == make_payloads("object", nonce, size, 3, stream)


@given(st.integers(0, 2**56 - 1), st.integers(1, 1000))
def test_an_array_is_float64_and_has_the_bytes_of_the_plain_payload(nonce: int, words: int) -> None:
    (found,) = make_payloads("array", nonce, 8 * words, 1)
    assert (found.dtype.name, found.nbytes) == ("float64", 8 * words)
    assert digests([found]) == digests(make_payloads("bytes", nonce, 8 * words, 1))
