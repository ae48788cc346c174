"""Messages for the user: one line, the known names, the nearest one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import BadRequest, IpcbenchError, PeerFailed, ResultError, UnknownName

KNOWN = ["pipe", "queue", "simple-queue"]


def test_an_unknown_name_lists_the_known_ones_and_the_nearest() -> None:
    assert str(UnknownName("mechanism", "pip", KNOWN)) == (
        "unknown mechanism 'pip': did you mean 'pipe'? known: pipe, queue, simple-queue"
    )


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
