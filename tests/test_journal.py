"""The journal keeps whole records, whatever happens to its end or its bits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import ResultError
from ipcbench.model import Case, Failure, Outcome, Visit
from ipcbench.run.journal import Journal, frame, read_records

SMALL = [{"kind": "plan", "cases": ["a"]}, {"kind": "done", "round": 1, "values": [0.5, 1e-9]}, {"kind": "fail"}]
RECORDS = st.lists(
    st.dictionaries(st.text(max_size=10), st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=20), max_size=5),
    max_size=8,
)


def written(records: list[Any]) -> bytes:
    return b"".join(frame(msgspec.json.encode(record)) for record in records)


@given(RECORDS)
def test_what_is_appended_is_read_back(records: list[dict[str, Any]]) -> None:
    assert read_records(written(records)) == records


def test_a_journal_cut_off_at_any_byte_gives_the_whole_records_before() -> None:
    data = written(SMALL)
    ends = [len(written(SMALL[:count])) for count in range(len(SMALL) + 1)]
    for length in range(len(data) + 1):
        whole = sum(1 for end in ends[1:] if end <= length)
        assert read_records(data[:length]) == SMALL[:whole]


def test_a_flipped_bit_never_gives_a_wrong_record() -> None:
    data = written(SMALL)
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            found = read_records(bytes(flipped))
            assert found == SMALL[: len(found)], (position, bit)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    read_records(data)
    assert read_records(written(SMALL) + b"x" + data) == SMALL


def visit(number: int = 1) -> Visit:
    return Visit(Case("ping-pong", "pipe", 64), number, 0, 10)


@pytest.mark.usefixtures("no_leaks")
def test_visits_are_recorded_as_what_they_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    journal = Journal(path, replace=False)
    journal.record(visit(), Outcome((1e-5,), ((1, 2e-5),), 10, 10, 0.1, 0.2, 3, 0.4, ((0,), (1,)), {"loops": 10}))
    journal.record(visit(2), Failure("timed-out", "timing", "no end after 30 s"))
    journal.close()
    done, failed = read_records(path.read_bytes())
    assert (done["kind"], done["case"], done["round"], done["values"]) == ("done", "ping-pong/pipe/64B/1w", 1, [1e-5])
    assert (failed["kind"], failed["verdict"], failed["stage"]) == ("fail", "timed-out", "timing")


@pytest.mark.usefixtures("no_leaks")
def test_a_second_run_of_the_same_label_is_refused_even_by_force(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    first = Journal(path, replace=False)
    first.append({"kind": "plan"})
    for replace in (False, True):
        with pytest.raises(ResultError, match="another run is writing this label"):
            Journal(path, replace)
    first.append({"kind": "more"})
    assert len(read_records(path.read_bytes())) == 2
    first.close()


@pytest.mark.usefixtures("no_leaks")
def test_what_a_crashed_run_left_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    path.write_bytes(written(SMALL))
    with pytest.raises(ResultError, match="left from a run that did not end"):
        Journal(path, replace=False)
    assert path.read_bytes() == written(SMALL)
    journal = Journal(path, replace=True)
    journal.append({"kind": "plan"})
    journal.close()
    assert read_records(path.read_bytes()) == [{"kind": "plan"}]


@pytest.mark.usefixtures("no_leaks")
def test_a_journal_in_which_nothing_stands_goes(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    Journal(path, replace=False).close()
    assert not path.exists()


@pytest.mark.usefixtures("no_leaks")
def test_discarding_removes_it_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    journal = Journal(path, replace=False)
    journal.discard()
    journal.close()
    journal.close()
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_a_result_error() -> None:
    with pytest.raises(ResultError, match="cannot write"):
        Journal(Path("/dev/null/mine.journal"), replace=False)


@pytest.mark.usefixtures("no_leaks")
def test_a_full_disk_is_a_result_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    journal = Journal(path, replace=False)
    with open("/dev/full", "wb") as full:
        os.dup2(full.fileno(), journal.fd)
        with pytest.raises(ResultError, match="No space left on device"):
            journal.append({"kind": "plan"})
    journal.close()
