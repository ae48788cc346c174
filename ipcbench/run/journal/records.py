"""The records of a journal as types, one a line: `<length> <crc32> <json>`.

A journal is untrusted input, as a results file is: reading ends at the first line that is cut off, altered or not of
these types, and keeps the records before it.
"""

from __future__ import annotations

import io
import zlib
from typing import Annotated, BinaryIO, Literal

import msgspec

from ipcbench.machine.identity import Identity, Word
from ipcbench.model import UNLIMITED, Budget, Failure, Interpreter, Outcome, OwnPayload, OwnWork, Room, Timing
from ipcbench.results.schema import Condition, Duration, Loops, MachineFacts, Seconds, SkipRecord, Stack, Text, Warmup

JOURNAL_SCHEMA = 3
LONGEST_LINE = 16 * 2**20

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Round = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Attempt = Annotated[int, msgspec.Meta(ge=1, le=2)]
Conditions = Annotated[tuple[Condition, ...], msgspec.Meta(max_length=1000)]


class Record(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Any record. `seconds`, in records that have it, is the time since the previous record."""


class PlanRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A Plan, with the timing that was fitted to its budget."""

    cases: tuple[Text, ...]
    skips: tuple[SkipRecord, ...]
    seed: Count
    budget: Budget
    timing: Timing
    notes: dict[str, tuple[Text, ...]]
    pythons: tuple[Interpreter, ...] = ()
    room: Room = UNLIMITED
    payloads: tuple[OwnPayload, ...] = ()
    works: tuple[OwnWork, ...] = ()


class Planned(Record, frozen=True, tag="plan"):
    """The first record: the plan, and the machine and software that began it.

    digest is over the plan and the version that made it; start is the seconds a worker takes to start; started is
    ISO 8601 in UTC; conditions describe the machine at the start, see `machine.doctor`.
    """

    schema: int
    digest: Text
    plan: PlanRecord
    label: Text
    command: Text
    started: Text
    start: Duration
    machine: MachineFacts
    identity: Identity
    isolation: Word
    seconds: Duration
    full_metadata: bool = False
    conditions: Conditions = ()


class Continued(Record, frozen=True, tag="continue"):
    """A later part of the run begins; mixed names its differences from the part before, accepted by --force."""

    identity: Identity
    isolation: Word
    mixed: tuple[Text, ...]
    seconds: Duration
    conditions: Conditions = ()


class Started(Record, frozen=True, tag="start"):
    """A visit begins, made by the process `pid`; without a record of its end it counts as not made."""

    case: Text
    round: Round
    position: Round
    attempt: Attempt
    pid: Count


class OutcomeRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of an Outcome, with the limits that a journal is checked against."""

    values: tuple[Seconds, ...]
    warmups: tuple[Warmup, ...]
    loops: Loops
    operations: Count
    cpu_user: Duration
    cpu_system: Duration
    context_switches: Count
    wall: Duration
    cpus: tuple[tuple[int, ...], ...]
    metadata: dict[str, str | int | float]
    notes: tuple[Text, ...] = ()
    proof: tuple[Text, ...] = ()
    tail: tuple[tuple[Count, Count], ...] = ()
    turns: tuple[Count, ...] = ()
    encoded: Count = 0
    memory: tuple[Count, Count, Count] = (0, 0, 0)


class Done(Record, frozen=True, tag="done"):
    """A visit ended with an outcome."""

    case: Text
    round: Round
    attempt: Attempt
    seconds: Duration
    outcome: OutcomeRecord

    @property
    def found(self) -> Outcome:
        """Return the Outcome."""
        return Outcome(*msgspec.structs.astuple(self.outcome))


class Failed(Record, frozen=True, tag="fail"):
    """A visit ended without a number. Another `start` follows the failed first attempt of a visit."""

    case: Text
    round: Round
    attempt: Attempt
    seconds: Duration
    verdict: Literal["failed", "timed-out", "unverified", "wrong", "leaked", "unsupported"]
    stage: Text
    detail: Text
    stack: Stack = ""

    @property
    def found(self) -> Failure:
        """Return the Failure."""
        return Failure(self.verdict, self.stage, self.detail, self.stack)


class Ended(Record, frozen=True, tag="end"):
    """A part of the run ended: complete, or by a signal, or by trouble."""

    complete: bool
    signal: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    trouble: Text = ""


Entry = Planned | Continued | Started | Done | Failed | Ended
_DECODER: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)
_ENCODER = msgspec.json.Encoder()


def frame(payload: bytes) -> bytes:
    """Return the journal line of a JSON record."""
    return b"%d %08x %b\n" % (len(payload), zlib.crc32(payload), payload)


def write_entry(entry: Entry) -> bytes:
    """Encode a record as a journal line; raises ValueError for one that could not be read back."""
    try:
        line = frame(_ENCODER.encode(entry))
    except (msgspec.MsgspecError, OverflowError) as error:
        raise ValueError(str(error)) from error
    if len(line) > LONGEST_LINE:
        raise ValueError(f"{len(line):,} bytes, and a record has at most {LONGEST_LINE:,}")
    if read_line(line) is None:
        raise ValueError("a value is out of range")
    return line


def read_line(line: bytes) -> Entry | None:
    """Decode a journal line; return None if it is cut off, altered or of another type."""
    payload = line.rstrip(b"\n").split(b" ", 2)[-1]
    if frame(payload) != line:
        return None
    try:
        return _DECODER.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def read_entries(file: BinaryIO) -> tuple[list[Entry], int]:
    """Return the records of a journal up to the first bad line, and how many bytes they take."""
    entries: list[Entry] = []
    size = 0
    while (entry := read_line(line := file.readline(LONGEST_LINE))) is not None:
        entries.append(entry)
        size += len(line)
    return entries, size


def read_bytes(data: bytes) -> list[Entry]:
    """Return the records in these bytes up to the first bad line."""
    return read_entries(io.BytesIO(data))[0]
