"""Messages for the user: one line, the known names, the nearest one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import BadRequest, IpcbenchError, PeerFailed, ResultError, UnknownName, is_shortage

KNOWN = ["pipe", "queue", "simple-queue"]


def test_an_unknown_name_lists_the_known_ones_and_the_nearest() -> None:
    assert str(UnknownName("mechanism", "pip", KNOWN)) == (
        "unknown mechanism 'pip': did you mean 'pipe'? known: pipe, queue, simple-queue"
    )


def test_of_many_names_only_the_nearest_are_listed_and_where_all_are() -> None:
    many = [*KNOWN, *(f"mechanism-{number}" for number in range(80))]
    said = str(UnknownName("mechanism", "Queu", many))
    assert said.startswith("unknown mechanism 'Queu': did you mean 'queue'? nearest: queue, ")
    assert said.endswith("; to see all 83: python -m ipcbench list")
    assert len(said) < 300
    assert str(UnknownName("label in results", "zzz", many)).endswith("; and 59 more")


def test_a_name_in_capitals_is_near_to_the_same_name_in_small_letters() -> None:
    assert "did you mean 'pipe'?" in str(UnknownName("mechanism", "PIPE", KNOWN))


def test_a_name_like_none_of_them_gets_no_suggestion() -> None:
    assert str(UnknownName("mechanism", "xyz", KNOWN)) == "unknown mechanism 'xyz': known: pipe, queue, simple-queue"


@given(st.text(max_size=50))
def test_whatever_the_name_the_message_is_one_line(name: str) -> None:
    text = str(UnknownName("mechanism", name, KNOWN))
    assert len(text.splitlines()) == 1
    assert text.isprintable()


@pytest.mark.parametrize("kind", [BadRequest, UnknownName, ResultError, PeerFailed])
def test_everything_raised_on_purpose_has_one_root(kind: type[Exception]) -> None:
    assert issubclass(kind, IpcbenchError)


def test_an_unknown_name_is_a_bad_request() -> None:
    assert issubclass(UnknownName, BadRequest)
    assert not issubclass(ResultError, BadRequest)


def test_a_library_that_fails_for_lack_of_memory_is_short_of_it_however_long_it_explains() -> None:
    explained = ImportError("Unable to import required dependency")
    assert not is_shortage(explained)
    explained.__cause__ = ImportError("libfast.so: failed to map segment from shared object")
    assert is_shortage(explained)
