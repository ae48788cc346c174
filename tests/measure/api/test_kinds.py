"""Kinds of payload: distinct, reproducible, and back from a channel of bytes as they were sent."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipcbench.measure import payloads
from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.mechanism import is_installed
from ipcbench.measure.api.payload import load_kind, make_payloads
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.registry import load_mechanism
from ipcbench.model import PAYLOADS

HERE = [name for name in PAYLOADS if all(map(is_installed, load_kind(name).requires))]
kinds = pytest.mark.parametrize("name", HERE)


class Hand(Channel):
    """A channel of bytes from hand to hand."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def sender(self) -> Send:
        return lambda message: self.held.append(bytes(message))

    def receiver(self) -> Receive:
        return lambda: self.held.pop(0)


def test_every_kind_is_one_file_named_like_it() -> None:
    files = {path.stem for path in Path(payloads.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == set(PAYLOADS)
    assert all(load_kind(name).name == name for name in files)


def test_standard_kinds_are_always_here() -> None:
    assert {"bytes", "str", "object", "dataclass", "array", "dataframe"} <= set(HERE)


def sizes_of(name: str) -> st.SearchStrategy[int]:
    kind = load_kind(name)
    return st.integers(kind.least // kind.unit, 20_000 // kind.unit).map(lambda units: units * kind.unit)


@kinds
@given(data=st.data(), nonce=st.integers(0, 2**56 - 1), stream=st.integers(0, 3))
@settings(max_examples=20)
def test_payloads_are_distinct_and_made_again_alike(name: str, data: Any, nonce: int, stream: int) -> None:
    size = data.draw(sizes_of(name))
    found = digests(make_payloads(name, nonce, size, 4, stream))
    assert found == digests(make_payloads(name, nonce, size, 4, stream))
    if size >= 8:
        assert len(set(found)) == 4


@kinds
@given(data=st.data())
@settings(max_examples=20)
def test_a_channel_of_bytes_returns_what_was_sent_and_takes_no_more_than_declared(name: str, data: Any) -> None:
    kind, size = load_kind(name), data.draw(sizes_of(name))
    inner = Hand()
    channel = kind.coded(inner) if kind.coded else inner
    send, receive = channel.sender(), channel.receiver()
    for payload in make_payloads(name, 9, size, 3):
        send(payload)
        assert size - kind.unit < len(inner.held[0]) <= size + kind.beside or name == "dataclass"
        assert len(inner.held[0]) <= size + kind.beside
        assert digest(receive()) == digest(payload)


@kinds
def test_payloads_pickle(name: str) -> None:
    kind = load_kind(name)
    size = max(4096, kind.least) // kind.unit * kind.unit
    (payload,) = make_payloads(name, 3, size, 1)
    assert digest(pickle.loads(pickle.dumps(payload))) == digest(payload)


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("object", 63, "an object takes at least 64 B"),
        ("array", 12, "an array is of whole float64, 8 B each: 12 B are none"),
        ("dataframe", 33, "a DataFrame is of rows of 32 B: 33 B are none"),
        ("dataclass", 39, "a dataclass takes at least 40 B"),
    ],
)
def test_a_size_that_a_kind_cannot_have_is_refused_in_words(name: str, size: int, reason: str) -> None:
    assert load_kind(name).unfit(size) == reason


def test_a_tensor_travels_as_an_object_by_the_mechanisms_of_torch_alone() -> None:
    def unfit(name: str, port: str = "channel", payload: str = "tensor") -> str | None:
        return load_mechanism(name).unfit(port, 64, payload=payload)

    assert unfit("queue") == "queue carries a tensor as torch makes it: choose torch-*"
    assert unfit("pool", "executor") == "pool carries a tensor as torch makes it: choose torch-*"
    assert unfit("pipe-bytes") is unfit("torch-queue") is unfit("thread-queue") is None
    assert unfit("torch-queue", payload="bytes") == "torch-queue carries a tensor, and not random bytes"
