"""The results file as types: a pyperf 1.0 suite with one more object, "ipcbench", beside it.

pyperf ignores top-level keys it does not know, so its own commands read the same file. Values live in pyperf's part,
in seconds per operation; what pyperf has no place for lives in ours and is joined by case id and round.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ipcbench.model import Verdict

SCHEMA = 1

Seconds = Annotated[float, msgspec.Meta(gt=0, le=1e6)]
Loops = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Text = Annotated[str, msgspec.Meta(max_length=4096)]
Metadata = dict[str, str | int | float]


class PyperfRun(msgspec.Struct, omit_defaults=True):
    """One visit as pyperf knows it: values and (loops, value) warm-ups, in seconds per operation."""

    values: list[Seconds] = []
    warmups: list[tuple[Loops, Annotated[float, msgspec.Meta(ge=0, le=1e6)]]] = []
    metadata: Metadata = {}


class PyperfBenchmark(msgspec.Struct, omit_defaults=True):
    """One case as pyperf knows it; metadata["name"] is the case id."""

    runs: list[PyperfRun]
    metadata: Metadata = {}


class CaseRecord(msgspec.Struct, forbid_unknown_fields=True):
    """One planned case and what became of it; detail and stage say more where the verdict is not ok."""

    id: Text
    verdict: Verdict
    notes: list[Text] = []
    stage: Text = ""
    detail: Text = ""
    loops: int | None = None


class SkipRecord(msgspec.Struct, forbid_unknown_fields=True):
    """A case that was asked for and could not run here."""

    id: Text
    reason: Text


class VisitRecord(msgspec.Struct, forbid_unknown_fields=True):
    """What a visit cost beyond its values; cpu_* are seconds of all its processes over `operations` timed ones."""

    case: Text
    round: Annotated[int, msgspec.Meta(ge=1)]
    position: Annotated[int, msgspec.Meta(ge=0)]
    operations: int
    cpu_user: float
    cpu_system: float
    context_switches: int
    wall: float
    cpus: list[list[int]]


class MechanismFacts(msgspec.Struct, forbid_unknown_fields=True):
    """What a mechanism declares of itself, copied, so that reading a file never imports a mechanism."""

    name: Text
    title: Text
    short: Text
    family: Text
    carries: Text
    wait: Text
    senders: Text
    receivers: Text
    bounded_by: Text
    background_threads: int = 0
    background_processes: int = 0
    caveats: list[Text] = []


class PatternFacts(msgspec.Struct, forbid_unknown_fields=True):
    """What a pattern asks, and what one operation is."""

    name: Text
    question: Text
    operation: Text


class MachineFacts(msgspec.Struct, forbid_unknown_fields=True):
    """The machine as far as it explains numbers: no host, user, path or environment."""

    system: Text
    kernel: Text
    architecture: Text
    cpu_model: Text
    cpus: int
    usable_cpus: int
    memory: int
    virtual: bool
    python: Text
    implementation: Text
    pyperf: Text
    pickle_protocol: int
    switch_interval: float


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """What the run was told: values and warm-ups per visit, shortest value in seconds, seed and limits."""

    values: int
    warmups: int
    min_time: float
    seed: int
    budget: float | None
    rounds: int | None
    payload: Text = "distinct incompressible bytes, rotated"


class RunRecord(msgspec.Struct, forbid_unknown_fields=True):
    """Everything about a run that pyperf's format has no place for."""

    schema: int
    ipcbench: Text
    label: Annotated[str, msgspec.Meta(max_length=100)]
    started: Text
    command: Text
    complete: bool
    rounds: int
    wall: float
    settings: Settings
    machine: MachineFacts
    mechanisms: list[MechanismFacts]
    patterns: list[PatternFacts]
    cases: list[CaseRecord]
    skips: list[SkipRecord]
    visits: list[VisitRecord]

    @property
    def counts(self) -> dict[str, int]:
        """How many cases ended with each verdict; skipped ones count as unsupported."""
        found: dict[str, int] = {}
        for case in self.cases:
            found[case.verdict] = found.get(case.verdict, 0) + 1
        if self.skips:
            found["unsupported"] = found.get("unsupported", 0) + len(self.skips)
        return found


class ResultFile(msgspec.Struct):
    """The whole file. `ipcbench` holds our object; the rest is a pyperf suite."""

    version: Literal["1.0"]
    benchmarks: list[PyperfBenchmark]
    ipcbench: RunRecord
    metadata: Metadata = {}

    @property
    def timed(self) -> float:
        """Seconds spent inside kept values, over the whole run."""
        total = 0.0
        for benchmark in self.benchmarks:
            for run in benchmark.runs:
                metadata = self.metadata | benchmark.metadata | run.metadata
                per_value = int(metadata.get("loops", 1)) * int(metadata.get("inner_loops", 1))
                total += sum(run.values) * per_value
        return total
