"""The journal keeps whole records, whatever happens to its end, its bits or the disk."""

from __future__ import annotations

import os
import random
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import PLANNED, VISITS, damaged, journal_of, outcome

from ipcbench.errors import NotSaved, ResultError
from ipcbench.model import Case, Failure, Outcome, Visit
from ipcbench.results.schema import LONGEST_STACK, LONGEST_TEXT
from ipcbench.run.journal.file import Journal
from ipcbench.run.journal.records import (
    Done,
    Ended,
    Entry,
    Failed,
    OutcomeRecord,
    Started,
    frame,
    read_bytes,
    read_line,
    write_entry,
)
from ipcbench.text import safe_text

FLIPS = 4_000
SEED = 20260131

NUMBERS = st.floats(1e-9, 1e6)
NAMES = st.text(max_size=40).map(safe_text)
OUTCOMES = st.builds(
    OutcomeRecord,
    values=st.lists(NUMBERS, max_size=5).map(tuple),
    warmups=st.lists(st.tuples(st.integers(1, 2**53), st.floats(0, 1e6)), max_size=3).map(tuple),
    loops=st.integers(1, 2**53),
    operations=st.integers(0, 2**53),
    cpu_user=st.floats(0, 1e6),
    cpu_system=st.floats(0, 1e6),
    context_switches=st.integers(0, 2**40),
    wall=st.floats(0, 1e6),
    cpus=st.lists(st.lists(st.integers(0, 1000), max_size=3).map(tuple), max_size=3).map(tuple),
    metadata=st.dictionaries(NAMES, NAMES | st.integers(-(2**53), 2**53) | NUMBERS, max_size=4),
    notes=st.lists(NAMES, max_size=2).map(tuple),
    proof=st.lists(NAMES, max_size=2).map(tuple),
)
ATTEMPTS = st.integers(1, 2)
ROUNDS = st.integers(0, 10_000)
VERDICTS = st.sampled_from(["failed", "timed-out", "unverified", "wrong", "leaked"])
ENTRIES = st.lists(
    st.builds(Started, NAMES, ROUNDS, ROUNDS, ATTEMPTS, st.integers(1, 2**22))
    | st.builds(Done, NAMES, ROUNDS, ATTEMPTS, NUMBERS, OUTCOMES)
    | st.builds(Failed, NAMES, ROUNDS, ATTEMPTS, NUMBERS, VERDICTS, NAMES, NAMES, NAMES)
    | st.builds(Ended, st.booleans(), st.none() | st.integers(1, 64), NAMES)
    | st.just(PLANNED),
    max_size=8,
)


@given(ENTRIES)
def test_what_is_written_is_read_back(entries: list[Entry]) -> None:
    assert read_bytes(journal_of(entries)) == entries


@given(ENTRIES, st.integers(0), st.binary(max_size=60))
def test_a_tail_that_is_no_record_takes_nothing_from_what_stands_before(
    entries: list[Entry], cut: int, more: bytes
) -> None:
    data = journal_of(entries)
    last = write_entry(Ended(True))
    assert read_bytes(data + last[: cut % len(last)]) == entries
    assert read_bytes(data + b"x" + more)[: len(entries)] == entries


def test_a_journal_cut_off_at_any_byte_gives_the_whole_records_before() -> None:
    assert len(VISITS) >= 20
    data = journal_of(VISITS)
    size = whole = 0
    ends = [size := size + len(write_entry(entry)) for entry in VISITS]
    for length in range(len(data) + 1):
        whole += whole < len(ends) and ends[whole] <= length
        assert read_bytes(data[:length]) == VISITS[:whole]


def test_a_flipped_bit_never_gives_a_wrong_record() -> None:
    chance = random.Random(SEED)
    data = journal_of(VISITS)
    for _ in range(FLIPS):
        found = read_bytes(damaged(data, chance))
        assert found == VISITS[: len(found)]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    read_bytes(data)
    assert read_line(frame(data)) is None


HOSTILE = [
    b"{}",
    b"[]",
    b"null",
    b'{"kind":"end"}',
    b'{"kind":"end","complete":true,"more":1}',
    b'{"kind":"end","complete":true,"signal":65}',
    b'{"kind":"strange","complete":true}',
    b'{"kind":"start","case":"a","round":-1,"position":0,"attempt":1,"pid":1}',
    b'{"kind":"start","case":"a","round":1e99,"position":0,"attempt":1,"pid":1}',
    b'{"kind":"start","case":"' + b"a" * 5000 + b'","round":1,"position":0,"attempt":1,"pid":1}',
    b'{"kind":"fail","case":"a","round":1,"attempt":1,"seconds":1,"verdict":"ok","stage":"","detail":""}',
    b'{"kind":"end","complete":true,"trouble":"\xff"}',
    b"[" * 100_000,
    b"9" * 10_000,
]


@pytest.mark.parametrize("payload", HOSTILE, ids=lambda payload: payload[:24].decode(errors="replace"))
def test_a_record_of_another_type_ends_the_reading_although_its_checksum_is_right(payload: bytes) -> None:
    data = journal_of(VISITS[:3])
    assert read_bytes(data + frame(payload) + journal_of(VISITS[3:5])) == VISITS[:3]


def test_an_outcome_is_written_down_field_by_field() -> None:
    assert OutcomeRecord.__struct_fields__ == Outcome._fields


def visit(number: int = 1) -> Visit:
    return Visit(Case("ping-pong", "pipe", 64), number, 3, 10)


@pytest.mark.usefixtures("no_leaks")
def test_visits_are_recorded_as_what_they_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    good = outcome(notes=("retried",))
    bad = Failure("timed-out", "timing", "no end after 30 s", "Thread 0x7f00:\n  in wait")
    with closing(Journal.begin(path, replace=False)) as journal:
        journal.started(visit(), 1)
        journal.ended(visit(), 1, 0.4, bad)
        journal.ended(visit(), 2, 0.25, good._replace(metadata=good.metadata | {"hostname": "secret"}))
    started, failed, done = read_bytes(path.read_bytes())
    assert started == Started("ping-pong/pipe/64B/1w", 1, 3, 1, os.getpid())
    assert isinstance(failed, Failed)
    assert (failed.round, failed.attempt, failed.seconds, failed.found) == (1, 1, 0.4, bad)
    assert isinstance(done, Done)
    assert (done.round, done.attempt, done.seconds, done.found) == (1, 2, 0.25, good)


@pytest.mark.usefixtures("no_leaks")
def test_a_detail_or_stack_without_end_is_cut_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    with closing(Journal.begin(path, replace=False)) as journal:
        journal.ended(visit(), 1, 0.4, Failure("failed", "x" * 10**6, "y" * 10**6, "z" * 10**6))
    (failed,) = read_bytes(path.read_bytes())
    assert isinstance(failed, Failed)
    assert (len(failed.stage), len(failed.detail), len(failed.stack)) == (LONGEST_TEXT, LONGEST_TEXT, LONGEST_STACK)


@pytest.mark.usefixtures("no_leaks")
def test_what_a_visit_said_is_written_down_without_paths_and_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    with closing(Journal.begin(path, replace=False)) as journal:
        said = Failure("failed", "timing", "no \x1b[2J in /home/jo/x.py", "at /home/jo/x.py:\n\x07")
        journal.ended(visit(), 1, 0.4, said)
    (failed,) = read_bytes(path.read_bytes())
    assert isinstance(failed, Failed)
    assert "jo" not in failed.detail + failed.stack
    assert "\x1b" not in failed.detail
    assert "\x07" not in failed.stack


UNREADABLE = [
    outcome()._replace(values=(float("nan"),)),
    outcome()._replace(values=(-1.0,)),
    outcome()._replace(metadata={"duration": float("inf")}),
    outcome()._replace(notes=("\ud800",)),
    outcome()._replace(operations=2**70),
    Failure("ok", "timing", "a failure that is none"),
]


@pytest.mark.parametrize("found", UNREADABLE, ids=["nan", "negative", "inf", "surrogate", "huge", "no verdict"])
@pytest.mark.usefixtures("no_leaks")
def test_what_could_not_be_read_back_is_never_written(tmp_path: Path, found: Outcome | Failure) -> None:
    path = tmp_path / "mine.journal"
    with closing(Journal.begin(path, replace=False)) as journal:
        journal.started(visit(), 1)
        with pytest.raises(NotSaved, match="cannot write down what was found"):
            journal.ended(visit(), 1, 0.4, found)
    assert len(read_bytes(path.read_bytes())) == path.read_bytes().count(b"\n") == 1


OPENERS: dict[str, Callable[[Path], object]] = {
    "begin": lambda path: Journal.begin(path, replace=False),
    "begin by force": lambda path: Journal.begin(path, replace=True),
    "resume": Journal.reopen,
}


@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
@pytest.mark.usefixtures("no_leaks")
def test_a_second_run_of_the_same_label_is_refused_even_by_force(
    tmp_path: Path, opener: Callable[[Path], object]
) -> None:
    path = tmp_path / "mine.journal"
    with closing(Journal.begin(path, replace=False)) as first:
        first.append(PLANNED)
        with pytest.raises(ResultError, match="another run is writing this label"):
            opener(path)
        first.append(Ended(True))
        assert len(read_bytes(path.read_bytes())) == 2


@pytest.mark.usefixtures("no_leaks")
def test_what_a_crashed_run_left_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    path.write_bytes(journal_of(VISITS))
    with pytest.raises(ResultError, match="left from a run that did not end: --resume mine continues it, --force"):
        Journal.begin(path, replace=False)
    assert path.read_bytes() == journal_of(VISITS)
    with closing(Journal.begin(path, replace=True)) as journal:
        journal.append(PLANNED)
    assert read_bytes(path.read_bytes()) == [PLANNED]


@pytest.mark.parametrize("tail", [b"", b"12", b"100 00000000 {", b"\0" * 5000, write_entry(VISITS[4])[:-1]])
@pytest.mark.usefixtures("no_leaks")
def test_a_journal_that_goes_on_has_its_broken_tail_cut_off(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "mine.journal"
    path.write_bytes(journal_of(VISITS[:4]) + tail)
    journal, entries = Journal.reopen(path)
    with closing(journal):
        assert entries == VISITS[:4]
        assert path.read_bytes() == journal_of(VISITS[:4]) + tail, "looking changes nothing"
        journal.append(VISITS[4])
    assert path.read_bytes() == journal_of(VISITS[:5])


@pytest.mark.usefixtures("no_leaks")
def test_a_journal_in_which_nothing_stands_goes(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    Journal.begin(path, replace=False).close()
    assert not path.exists()


@pytest.mark.usefixtures("no_leaks")
def test_discarding_removes_it_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    journal = Journal.begin(path, replace=False)
    journal.discard()
    journal.close()
    journal.close()
    assert not path.exists()


@pytest.mark.usefixtures("no_leaks")
def test_a_journal_that_another_run_removed_before_it_was_locked_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.journal"
    path.write_bytes(b"")
    opened = os.open

    def then_removed(name: Path, flags: int, mode: int = 0o777) -> int:
        monkeypatch.undo()
        fd = opened(name, flags, mode)
        path.unlink()
        return fd

    monkeypatch.setattr(os, "open", then_removed)
    with closing(Journal.begin(path, replace=False)) as journal:
        journal.append(PLANNED)
        assert read_bytes(path.read_bytes()) == [PLANNED]


def test_a_place_that_cannot_be_written_is_a_result_error() -> None:
    with pytest.raises(ResultError, match="cannot write: Not a directory"):
        Journal.begin(Path("/dev/null/mine.journal"), replace=False)


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_what_is_no_file_of_its_own_is_no_journal(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mine.journal"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        (tmp_path / "other").write_text("precious")
        path.symlink_to(tmp_path / "other")
    for opener in OPENERS.values():
        with pytest.raises(ResultError, match=r"not a regular file|cannot write"):
            opener(path)
    if kind == "link":
        assert (tmp_path / "other").read_text() == "precious"


@pytest.mark.usefixtures("no_leaks")
def test_a_label_without_a_journal_is_told_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=f"nothing to resume under label 'mine' in {tmp_path}: it has no journal"):
        Journal.reopen(tmp_path / "mine.journal")
    for name in ("b.journal", "a.journal", "mine.json"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ResultError, match=r"journals of a, b; mine\.json is there, of a run that ended"):
        Journal.reopen(tmp_path / "mine.journal")
    assert len(list(tmp_path.iterdir())) == 3


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """The kernel lets no file of this process grow beyond this; a write across it is short, one beyond it EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("no_leaks")
def test_a_disk_that_fills_up_at_any_byte_of_a_record_leaves_the_records_before(tmp_path: Path) -> None:
    path = tmp_path / "mine.journal"
    line = write_entry(Ended(True))
    with closing(Journal.begin(path, replace=False)) as journal:
        journal.append(PLANNED)
        for room in range(len(line)):
            with files_up_to(journal.size + room), pytest.raises(NotSaved, match=r"a part of a record|too large"):
                journal.append(Ended(True))
            assert path.stat().st_size == journal.size
        journal.append(Ended(True))
    assert read_bytes(path.read_bytes()) == [PLANNED, Ended(True)]


@pytest.mark.usefixtures("no_leaks")
def test_a_record_that_the_disk_did_not_confirm_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.journal"

    def broken(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    with closing(Journal.begin(path, replace=False)) as journal:
        journal.append(PLANNED)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", broken)
            with pytest.raises(NotSaved, match="Input/output error"):
                journal.append(Ended(True))
    assert read_bytes(path.read_bytes()) == [PLANNED]


def test_a_record_is_one_line_of_length_checksum_and_json() -> None:
    length, checksum, payload = write_entry(PLANNED).split(b" ", 2)
    assert (int(length), len(checksum)) == (len(payload) - 1, 8)
    assert msgspec.json.decode(payload)["kind"] == "plan"
