"""The results file as types: a pyperf 1.0 suite with one more top-level object, "ipcbench".

pyperf ignores top-level keys it does not know, so its commands read the file too. Values are in pyperf's part, in
seconds per operation; everything else is in ours, and case id and round join both.

Limits are part of the types: decoding a hostile file ends at the first item that is too long, too many, out of range or
not printable. Only `metadata` has keys that are not named here.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ipcbench.model import Verdict, names_python
from ipcbench.text import LINES, ONE_LINE

SCHEMA = 4
PROTOCOL = 2  # increased whenever a change of what is timed, or how, makes older numbers incomparable
PYTHON_MODE, NORMAL = "Python mode", "normal"  # a condition, and its value if no mode is switched on
UNKNOWN = "unknown"  # the value of a condition that cannot be read
NOT_REACHED = "the run was stopped before this case was measured"
LONGEST_TEXT = 4096
LONGEST_STACK = 16 * 2**10

LONGEST_SECONDS = 1e6
Seconds = Annotated[float, msgspec.Meta(gt=0, le=LONGEST_SECONDS)]
Duration = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Loops = Positive
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT, pattern=ONE_LINE)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=ONE_LINE)]
Stack = Annotated[str, msgspec.Meta(max_length=LONGEST_STACK, pattern=LINES)]
Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Number = Annotated[float, msgspec.Meta(ge=-1e18, le=1e18)]
Metadata = Annotated[dict[Name, Text | Whole | Number], msgspec.Meta(max_length=200)]
Texts = Annotated[list[Text], msgspec.Meta(max_length=100)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]

Warmup = tuple[Loops, Annotated[float, msgspec.Meta(ge=0, le=LONGEST_SECONDS)]]
Tail = Annotated[list[tuple[Count, Positive]], msgspec.Meta(max_length=10_000)]


class PyperfRun(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One visit, in pyperf's format: values and (loops, value) warm-ups, in seconds per operation."""

    values: Annotated[list[Seconds], msgspec.Meta(max_length=100_000)] = []
    warmups: Annotated[list[Warmup], msgspec.Meta(max_length=100_000)] = []
    metadata: Metadata = {}


class PyperfBenchmark(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One case, in pyperf's format; metadata["name"] is the case id."""

    runs: Annotated[list[PyperfRun], msgspec.Meta(max_length=10_000)]
    metadata: Metadata = {}


class CaseRecord(msgspec.Struct, forbid_unknown_fields=True):
    """One planned case and its verdict; detail, stage and stack explain one that is not ok.

    proof names what every visit of the case has proven: "counts" (messages sent and received agree), "last" (the last
    payload of the timed loops is the one that was sent), "digests" (every byte of the verification turns). retried
    counts the visits that were made twice.
    """

    id: Name
    verdict: Verdict
    notes: Texts = []
    stage: Text = ""
    detail: Text = ""
    loops: Loops | None = None
    proof: Texts = []
    retried: Count = 0
    stack: Stack = ""


class SkipRecord(msgspec.Struct, forbid_unknown_fields=True):
    """A case that was requested and not measured, with the reason."""

    id: Name
    reason: Text


class VisitRecord(msgspec.Struct, forbid_unknown_fields=True):
    """What a visit cost besides its values; cpu_* are seconds of all its processes for `operations` timed operations.

    notes are doubts about this visit, such as "flooded"; a CaseRecord has those about the whole case. tail counts
    single operations by the bucket of their delay in nanoseconds, see `measure.api.histogram`; empty if only whole
    turns were timed. turns are the places of the values in the order of all turns of their sitting. encoded
    is the bytes of a message that the pattern has encoded, 0 for other patterns. memory is `model.Memory`: bytes of all
    its processes after the timed turns, those of them that are shared, and by how much they grew in the turns.
    """

    case: Name
    round: Positive
    position: Count
    operations: Count
    cpu_user: Duration
    cpu_system: Duration
    context_switches: Count
    wall: Duration
    cpus: Annotated[
        list[Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=2**16)]], msgspec.Meta(max_length=2**13)]],
        msgspec.Meta(max_length=2**13),
    ]
    notes: Texts = []
    tail: Tail = []
    turns: Annotated[list[Count], msgspec.Meta(max_length=100_000)] = []
    encoded: Count = 0
    memory: tuple[Count, Count, Count] = (0, 0, 0)


class MechanismFacts(msgspec.Struct, forbid_unknown_fields=True):
    """What a mechanism declares, copied so that reading a file imports no mechanism.

    package is the plug-in package and its version, such as 'my-ring-ipcbench 1.2'; empty for mechanisms of ipcbench.
    `measure.api.mechanism.Mechanism` explains the other fields, whose names are equal there.
    """

    name: Name
    title: Text
    short: Text
    family: Text
    carries: Text
    wait: Text
    senders: Text
    receivers: Text
    bounded_by: Text
    background_threads: Count = 0
    background_processes: Count = 0
    caveats: Texts = []
    ranked: bool = True
    ordering: Text = ""
    poll_interval: Duration = 0.0
    copies: Count | None = None
    dead_peer: Text = ""
    scope: Text = "host"
    third_party: bool = False
    package: Text = ""


class PatternFacts(msgspec.Struct, forbid_unknown_fields=True):
    """What a pattern declares: its question, and what one operation is."""

    name: Name
    question: Text
    operation: Text


class MachineFacts(msgspec.Struct, forbid_unknown_fields=True):
    """The facts of the machine that explain numbers, without host, user, path and environment.

    memory is in bytes, None if unknown; switch_interval in seconds. id is equal in all files of one machine and user
    and reveals nothing else (see `machine.facts`); empty if it could not be stored. mode names the modes of the
    interpreter that change its speed, or is NORMAL; None if unknown.
    """

    system: Text
    kernel: Text
    architecture: Text
    cpu_model: Text
    cpus: Positive
    usable_cpus: Positive
    memory: Count | None
    virtual: bool
    python: Text
    implementation: Text
    pyperf: Text
    pickle_protocol: Count
    switch_interval: Seconds
    id: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{16})?\Z")] = ""
    mode: Text | None = None

    @property
    def interpreter(self) -> str:
        """Return the interpreter and its mode, in words."""
        return f"{self.implementation} {self.python}{f' with {self.mode}' if self.mode not in (None, NORMAL) else ''}"


class PayloadFacts(msgspec.Struct, forbid_unknown_fields=True):
    """A payload of the user's, by its name in case ids.

    source is the function or the name of the file; of is the type of the messages, and messages how many different ones
    were sent; size is that of the largest in bytes; codec says how channels of bytes carry it.
    """

    name: Name
    source: Text
    of: Text
    messages: Positive
    size: Positive
    codec: Text

    @property
    def written(self) -> str:
        """Return all of it in words."""
        many = f"{self.messages:,} different messages" if self.messages > 1 else "one message, sent again and again"
        return f"{self.name}: {many} of type {self.of} from {self.source}, over channels of bytes {self.codec}"


class PythonFacts(msgspec.Struct, forbid_unknown_fields=True):
    """One of several interpreters of a run, by its tag in case ids."""

    tag: Name
    implementation: Text
    version: Text

    @property
    def written(self) -> str:
        """Return implementation and version, and the name if the user has given one: 'CPython 3.13.0 as base'."""
        program = f"{self.implementation} {self.version}"
        return f"{program} as {self.tag}" if names_python(self.tag) else program


class Condition(msgspec.Struct, forbid_unknown_fields=True):
    """A setting of the machine that affects numbers, when a run began: 'governor', 'powersave'.

    level is its severity: "good", "note" or "warning"; see `machine.doctor`. value is UNKNOWN if it cannot be read.
    """

    name: Name
    value: Text
    level: Literal["good", "note", "warning"]


class Repeat(msgspec.Struct, forbid_unknown_fields=True):
    """One of the runs that a file joins; rounds are numbered through all of them, and this one begins with `first`.

    started is ISO 8601 in UTC, wall in seconds.
    """

    started: Text
    command: Text
    seed: Count
    first: Positive
    rounds: Count
    wall: Duration


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """The settings of a run: values and warm-ups per visit, shortest value in seconds, seed and limits.

    full_metadata says that the file may name the host, its user and its paths. precision is the share of the median to
    which every case was to be known, None if none was asked for. fresh says that an interpreter was started for each
    visit, and not only for each round; with protocol 1 it always was.
    """

    values: Positive
    warmups: Count
    min_time: Seconds
    seed: Count
    budget: Duration | None
    rounds: Positive | None
    payload: Text = "distinct incompressible bytes, rotated"
    full_metadata: bool = False
    precision: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    fresh: bool = False


class RunRecord(msgspec.Struct, forbid_unknown_fields=True):
    """Everything about a run that pyperf's format has no place for.

    started is ISO 8601 in UTC, wall in seconds, rounds counts the complete ones. isolation is what contained the
    visits: "warden", "group", "job" or "none". mixed names the differences between the parts of a run that --force
    resumed. protocol is PROTOCOL of the ipcbench that measured. repeats are the runs that the file joins, conditions
    the settings of the machine in each. digest is the SHA-256 of the rest of the file, see `results.digest`;
    `store.save` writes it.
    """

    schema: Positive
    ipcbench: Text
    label: Annotated[str, msgspec.Meta(max_length=100)]
    started: Text
    command: Text
    complete: bool
    rounds: Count
    wall: Duration
    isolation: Text
    settings: Settings
    machine: MachineFacts
    mechanisms: Annotated[list[MechanismFacts], msgspec.Meta(max_length=10_000)]
    patterns: Annotated[list[PatternFacts], msgspec.Meta(max_length=10_000)]
    cases: Annotated[list[CaseRecord], msgspec.Meta(max_length=10_000)]
    skips: Annotated[list[SkipRecord], msgspec.Meta(max_length=100_000)]
    visits: Annotated[list[VisitRecord], msgspec.Meta(max_length=1_000_000)]
    mixed: Texts = []
    pythons: Annotated[list[PythonFacts], msgspec.Meta(max_length=100)] = []
    payloads: Annotated[list[PayloadFacts], msgspec.Meta(max_length=100)] = []
    protocol: Positive = PROTOCOL
    repeats: Annotated[list[Repeat], msgspec.Meta(max_length=1000)] = []
    conditions: Annotated[list[Condition], msgspec.Meta(max_length=10_000)] = []
    digest: Digest = ""

    def repeat_of(self, number: int) -> int:
        """Return the number of the repeat that a round belongs to, from 1."""
        return max(1, sum(repeat.first <= number for repeat in self.repeats))

    @property
    def counts(self) -> dict[str, int]:
        """Count the cases by verdict; skipped cases are unsupported, or not measured because the run was stopped."""
        found: dict[str, int] = {}
        for case in self.cases:
            found[case.verdict] = found.get(case.verdict, 0) + 1
        if self.skips:
            unmeasured = sum(skip.reason == NOT_REACHED for skip in self.skips)
            skipped = {"unsupported": len(self.skips) - unmeasured, "not measured": unmeasured}
            for name, many in skipped.items():
                if many:
                    found[name] = found.get(name, 0) + many
        return found


class ResultFile(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file: a pyperf suite, with our object in `ipcbench`."""

    version: Literal["1.0"]
    benchmarks: Annotated[list[PyperfBenchmark], msgspec.Meta(max_length=10_000)]
    ipcbench: RunRecord
    metadata: Metadata = {}

    @property
    def timed(self) -> float:
        """Return the seconds spent in kept values, over the whole run."""
        total = 0.0
        for benchmark in self.benchmarks:
            for run in benchmark.runs:
                metadata = self.metadata | benchmark.metadata | run.metadata
                per_value = int(metadata.get("loops", 1)) * int(metadata.get("inner_loops", 1))
                total += sum(run.values) * per_value
        return total
