"""The words of the project: cases and their ids."""

from __future__ import annotations

import pytest
from commands import complaint
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import BadRequest
from ipcbench.model import CPUS, PAYLOADS, PLACEMENTS, START_METHODS, Case
from ipcbench.units import LARGEST_SIZE

WORD = st.from_regex(r"[a-z]+(-[a-z]+)*", fullmatch=True)
CASES = st.builds(
    Case,
    pattern=WORD,
    mechanism=WORD,
    size=st.integers(1, LARGEST_SIZE),
    workers=st.integers(1, 1024),
    operation=st.just("") | WORD,
    start_method=st.sampled_from(START_METHODS),
    placement=st.sampled_from(PLACEMENTS),
    cpus=st.sampled_from(CPUS),
    payload=st.sampled_from(PAYLOADS),
    python=st.sampled_from(["", "py3.13.0", "py3.14.0rc2", "pypy3.11.9", "base", "new-zmq-27"]),
)


@given(CASES)
def test_an_id_parses_back_to_its_case(case: Case) -> None:
    assert Case.parse(case.id) == case


@given(CASES, CASES)
def test_different_cases_have_different_ids(one: Case, other: Case) -> None:
    assert (one.id == other.id) == (one == other)


@pytest.mark.parametrize(
    ("case", "text"),
    [
        (Case("ping-pong", "queue", 64), "ping-pong/queue/64B/1w"),
        (Case("access", "array", 2**20, 4, "read"), "access:read/array/1MiB/4w"),
        (Case("stream", "pipe", 8, start_method="spawn"), "stream/pipe/8B/1w/spawn"),
        (Case("stream", "pipe", 8, placement="pack"), "stream/pipe/8B/1w/pack"),
        (Case("stream", "pipe", 8, start_method="forkserver", placement="free"), "stream/pipe/8B/1w/forkserver/free"),
        (Case("stream", "pipe", 8, cpus="awake", placement="pack"), "stream/pipe/8B/1w/pack/awake"),
    ],
)
def test_settings_at_their_default_stay_out_of_the_id(case: Case, text: str) -> None:
    assert case.id == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "ping-pong",
        "ping-pong/queue/64B",
        "ping-pong/queue/64B/1",
        "ping-pong/queue/64B/w",
        "ping-pong/queue/64B/1w/Turbo",
        "ping-pong/queue/64B/1w/none",
        "ping-pong/queue/64B/1w/base/head",
        "ping-pong/queue/64B/1w/base/pack",
        "ping-pong/queue/0/1w",
        "/queue/64B/1w",
        "ping-pong//64B/1w",
        "ping-pong/queue/64B/1w/",
        "ping-pong/queue/64B/\u0661w",
    ],
)
def test_what_is_no_id_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadRequest, match="not a case id") as caught:
        Case.parse(text)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ping-pong/queue/1024B/1w", "ping-pong/queue/1KiB/1w"),
        ("ping-pong/queue/64B/01w", "ping-pong/queue/64B/1w"),
        ("ping-pong/queue/64B/1w/fork", "ping-pong/queue/64B/1w"),
        ("ping-pong/queue/64B/1w/pack/spawn", "ping-pong/queue/64B/1w/spawn/pack"),
        ("ping-pong/queue/64B/1w/idle", "ping-pong/queue/64B/1w"),
        ("ping-pong:/queue/64B/1w", "ping-pong/queue/64B/1w"),
    ],
)
def test_an_id_has_one_spelling_and_the_message_gives_it(text: str, meant: str) -> None:
    with pytest.raises(BadRequest, match=f"did you mean '{meant}'"):
        Case.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_an_id_or_a_bad_request(text: str) -> None:
    said = complaint(BadRequest, lambda: Case.parse(text))
    assert len(said.splitlines()) == 1 if said is not None else Case.parse(text).id == text


@given(CASES, WORD)
def test_a_block_is_everything_but_the_mechanism(case: Case, mechanism: str) -> None:
    assert case._replace(mechanism=mechanism).block == case.block
    assert case._replace(size=case.size % LARGEST_SIZE + 1).block != case.block
