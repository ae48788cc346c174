"""`ipcbench list`: everything on a line each, and one mechanism with all that a chooser asks."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from commands import Finished

from ipcbench.measure.api.mechanism import FAMILIES
from ipcbench.measure.registry import mechanism_names
from ipcbench.model import PAYLOADS

Within = Callable[..., Finished]


@pytest.mark.parametrize("name", mechanism_names())
def test_a_mechanism_says_what_it_is_promises_and_traps_you_with(
    within: Within, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = within("list", name)
    assert done.code == 0
    assert done.out.startswith(f"{name}: ")
    assert "Source:" in done.out
    for word in ("semantics", "family", "offers", "carries", "starts under"):
        assert f"\n{word}  " in done.out
    assert max(map(len, done.out.splitlines())) < 80


@pytest.mark.parametrize("columns", [80, 120])
def test_lists_fit_the_terminal_by_family_with_the_library_in_a_column_of_its_own(
    within: Within, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = within("list").out.splitlines()
    assert max(map(len, lines)) <= columns
    place = lines[0].index("library")
    libraries = {line.split()[0]: line[place:] for line in lines if line.startswith("  ") and line[place:]}
    assert libraries["zmq-tcp"].removesuffix(" *") == "zmq"
    assert [line for line in lines if line in FAMILIES] == list(FAMILIES)
    assert lines.index("sockets") < next(at for at, line in enumerate(lines) if line.startswith("  tcp "))


def test_every_kind_of_payload_is_listed_with_how_bytes_carry_it(within: Within) -> None:
    _, _, after = within("list").out.partition("\nPAYLOADS\n")
    listed = {line.split()[0]: line for line in after.partition("\n\n")[0].splitlines() if not line.startswith("   ")}
    assert [*listed] == [*PAYLOADS, "your"]
    assert "a channel of bytes carries it as the bytes of its memory" in listed["array"]


def test_semantics_name_ordering_waiting_reach_and_what_becomes_of_the_dead(within: Within) -> None:
    facts = json.loads(within("list", "listener-tcp", "--json").out)
    assert facts["semantics"] == (
        "one sender, one receiver, in order; also between hosts; a waiting process sleeps in the kernel until data "
        "arrive; if a sender is killed, a receiver sees the end of file"
    )


def test_an_unknown_mechanism_is_one_line_with_the_nearest(within: Within) -> None:
    done = within("list", "quque")
    assert done.code == 2
    assert "did you mean 'queue'?" in done.err
