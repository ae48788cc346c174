"""Digests are equal for equal content, and differ for every other change, whatever holds the content."""

from __future__ import annotations

import copy
import enum
import json
import pickle
import threading
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.measure.api.digest import digest

Point = namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


@dataclass
class Frame:
    number: int
    image: Any
    labels: dict[str, Any] = field(default_factory=dict)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = left, right


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.tuples(inner, inner)
        | st.frozensets(st.text() | st.integers())
    ),
    max_leaves=20,
)


@given(plain)
def test_a_copy_by_pickle_has_the_same_digest(value: Any) -> None:
    assert digest([pickle.loads(pickle.dumps(value))]) == digest([value])


@given(plain, plain)
def test_different_plain_values_have_different_digests(one: Any, other: Any) -> None:
    assert (digest([one]) == digest([other])) == (pickle.dumps(one) == pickle.dumps(other) or _same(one, other))


def _same(one: Any, other: Any) -> bool:
    return repr(one) == repr(other) and type(one) is type(other)


OBJECTS = {
    "dataclass": Frame(3, np.arange(12, dtype=np.uint8).reshape(3, 4), {"a": [1.5, None]}),
    "slots": Slotted([1, 2], {"x": b"y"}),
    "named tuple": Point(1, [2]),
    "enum": [Colour.RED, Colour.GREEN],
    "datetime": datetime(2026, 1, 2, tzinfo=UTC),
    "decimal": Decimal("1.25"),
    "ordered dict": OrderedDict(b=1, a=2),
    "part of an array": np.arange(24, dtype=np.int32).reshape(4, 6)[:, ::2],
    "columns first": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "array of objects": np.array([{"a": 1}, "b", None], dtype=object),
    "array of times": np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[s]"),
    "frame": pd.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 2.0], "c": ["x", "y", "z"]}),
    "series": pd.Series([1, 2, 3], index=list("abc"), name="n"),
    "categories": pd.DataFrame({"c": pd.Categorical(["x", "y", "x"])}),
}


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_an_object_keeps_its_digest_on_its_way(name: str, protocol: int) -> None:
    value = OBJECTS[name]
    there = pickle.loads(pickle.dumps(value, protocol))
    assert digest(there) == digest(value) == digest(pickle.loads(pickle.dumps(there, protocol)))
    assert digest(copy.deepcopy(value)) == digest(value)


def _changes() -> dict[str, tuple[Any, Any]]:
    image = np.zeros((3, 4), np.uint8)
    spoilt = image.copy()
    spoilt[2, 3] = 1
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    return {
        "one element of an array in a dataclass": (Frame(1, image), Frame(1, spoilt)),
        "shape": (image, image.reshape(4, 3)),
        "type of elements": (image, image.view(np.int8)),
        "a field": (Frame(1, image), Frame(2, image)),
        "a key": ({"a": 1}, {"b": 1}),
        "order of keys": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        "a list for a tuple": ([1, 2], (1, 2)),
        "an integer for a float": ([1], [1.0]),
        "text for bytes": (["a"], [b"a"]),
        "where a text ends": (["ab", "c"], ["a", "bc"]),
        "nesting": ([[1], 2], [[1, 2]]),
        "a cell of a frame": (frame, frame.replace(1.5, 1.25)),
        "a column's name": (frame, frame.rename(columns={"a": "c"})),
        "an index": (frame, frame.set_axis([5, 6])),
        "class": (Point(1, 2), (1, 2)),
        "a slot": (Slotted(1, 2), Slotted(2, 1)),
        "a member": (Colour.RED, Colour.GREEN),
        "an element of a set": ({1, 2}, {1, 3}),
        "sign of zero": ([0.0], [-0.0]),
    }


@pytest.mark.parametrize("what", _changes())
def test_any_change_of_content_changes_the_digest(what: str) -> None:
    one, other = _changes()[what]
    assert digest(one) != digest(other)


def test_the_order_of_a_set_does_not_matter() -> None:
    names = [f"name-{i}" for i in range(50)]
    assert digest(set(names)) == digest(set(reversed(names)))


def test_which_parts_are_the_same_object_does_not_matter() -> None:
    shared = "".join(["a", "b"])
    assert digest([shared, shared]) == digest(json.loads('["ab", "ab"]'))


def test_an_object_that_contains_itself_has_a_digest() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert digest(loop) == digest(pickle.loads(pickle.dumps(loop))) != digest([1, [1]])


def test_bytes_have_one_digest_whatever_holds_them() -> None:
    assert digest(b"abc") == digest(bytearray(b"abc")) == digest(memoryview(b"abc"))


def test_none_matches_no_digest() -> None:
    assert len(digest(None)) < 64


def test_an_object_without_a_state_says_so() -> None:
    with pytest.raises(TypeError, match="lock"):
        digest([threading.Lock()])
