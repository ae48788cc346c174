"""Judge a visit: from the warden's report and the worker's files to an Outcome or a Failure."""

from __future__ import annotations

import contextlib
import signal
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ipcbench.measure.api.pattern import Proof
from ipcbench.measure.process.stages import FAILURE, RESULT
from ipcbench.model import Failure, Memory, Outcome, Visit
from ipcbench.plan import catalog
from ipcbench.results.schema import Duration, Loops, PyperfBenchmark, PyperfRun, Tail
from ipcbench.run.containment.warden_client import Report, read_json
from ipcbench.run.verdict.plausibility import Controls, why_implausible
from ipcbench.run.verdict.proof import why_unproven

LARGEST_RESULT = 16 * 2**20
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ProofRecord(msgspec.Struct):
    """A Proof as the worker writes it."""

    rule: Literal["each", "shared", "total", "ordered"]
    nonce: int
    size: Count
    messages: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    received: list[list[str]]
    streams: list[int]
    expected: int
    found: int


class WorkerReport(msgspec.Struct):
    """The "ipcbench" object of a worker's file, see measure.worker."""

    operations: Count
    cpu_user: Duration
    cpu_system: Duration
    context_switches: Count
    cpus: list[list[int]]
    pids: list[int]
    proofs: list[ProofRecord]
    notes: list[str] = []
    tail: Tail = []
    encoded: Count = 0
    memory: tuple[Count, Count, Count] = (0, 0, 0)


class WorkerFile(msgspec.Struct):
    """The file of a worker that measured: a pyperf suite with one benchmark of one run, and our object."""

    benchmarks: list[PyperfBenchmark]
    ipcbench: WorkerReport
    metadata: dict[str, str | int | float] = {}


class WorkerFailure(msgspec.Struct):
    """The file of a worker that knows why it has no number."""

    verdict: Literal["failed", "unverified", "wrong", "unsupported"]
    detail: str


class VisitMetadata(msgspec.Struct):
    """The keys of pyperf's metadata that a value needs."""

    loops: Loops
    inner_loops: Loops = 1


def judge(
    visit: Visit, folder: Path, report: Report, turns: Sequence[int], controls: Controls, known: Sequence[str] = ()
) -> Outcome | Failure:
    """Return the worst verdict that the report and the files support; turns are the places of the visit's turns.

    known are the digests of all messages, if they are of a payload of the user's.
    """
    if report.ending == "late":
        return Failure("timed-out", report.stage, _how_late(report), report.stack)
    if report.status != 0:
        return _why_failed(folder, report)
    found = _read_outcome(visit, folder, report, turns, controls, known)
    if isinstance(found, Outcome) and report.leaks:
        more = f" and {len(report.leaks) - 1} more" if len(report.leaks) > 1 else ""
        return Failure("leaked", "exit", f"left behind: {report.leaks[0]}{more}")
    return found


def _how_late(report: Report) -> str:
    stopped = [state[:-2].rpartition("-")[0] for state in report.states if state.endswith("T")]
    spinning = [state[:-2].rpartition("-")[0] for state in report.states if state.endswith("R")]
    about = f"; {' and '.join(stopped)} stopped" if stopped else f"; {' and '.join(spinning)} busy" if spinning else ""
    return f"no end after {report.waited:.0f} s{about}"


def _why_failed(folder: Path, report: Report) -> Failure:
    found = _reason(folder, report)
    if not report.out_of_memory:
        return found
    return found._replace(detail=f"out of memory, the kernel has ended a process: {found.detail}")


def _reason(folder: Path, report: Report) -> Failure:
    with contextlib.suppress(OSError, msgspec.DecodeError, ValueError, RecursionError):
        known = read_json(read_small(folder / FAILURE), WorkerFailure)
        return Failure(known.verdict, report.stage, known.detail, report.stack)
    code = report.status or 0
    if code < 0:
        return Failure("failed", report.stage, f"the worker was killed by {signal.Signals(-code).name}", report.stack)
    detail = f"the worker exited with code {code}: {_last_words(report.tail)}"
    return Failure("failed", report.stage, detail, report.stack)


def _last_words(tail: str) -> str:
    """Return the last line that is neither a warning, such as the resource tracker's, nor source code quoted by one."""
    lines = [line for line in tail.splitlines() if line.strip()]
    spoken = [line for line in lines if not line[0].isspace() and "Warning: " not in line]
    return (spoken or lines or ["no message"])[-1].strip()


def _read_outcome(
    visit: Visit, folder: Path, report: Report, turns: Sequence[int], controls: Controls, known: Sequence[str]
) -> Outcome | Failure:
    """Read the worker's file, and check its proofs and its numbers."""
    try:
        file = read_json(read_small(folder / RESULT), WorkerFile)
        (benchmark,) = file.benchmarks
        (run,) = benchmark.runs
        metadata = file.metadata | benchmark.metadata | run.metadata
        counts = msgspec.convert(metadata, VisitMetadata)
    except (OSError, msgspec.DecodeError, ValueError, RecursionError) as error:
        return Failure("failed", "result", f"the worker left no readable result: {error}")
    proofs = [Proof(*msgspec.structs.astuple(proof)) for proof in file.ipcbench.proofs]
    reason = why_unproven(visit.case, proofs, file.ipcbench.pids, known)
    if reason:
        return Failure("unverified", "verification", reason)
    found = _outcome(visit, run, metadata, counts.loops, file.ipcbench, turns, report)
    reason = why_implausible(visit.case, found, counts.inner_loops, report, controls)
    return Failure("unverified", "timing", reason) if reason else found


def _outcome(
    visit: Visit,
    run: PyperfRun,
    metadata: dict[str, str | int | float],
    loops: int,
    worker: WorkerReport,
    turns: Sequence[int],
    report: Report,
) -> Outcome:
    return Outcome(
        values=tuple(run.values),
        warmups=tuple(run.warmups),
        loops=loops,
        operations=worker.operations,
        cpu_user=worker.cpu_user,
        cpu_system=worker.cpu_system,
        context_switches=worker.context_switches,
        wall=report.seconds,
        cpus=tuple(map(tuple, worker.cpus)),
        metadata=metadata,
        tail=tuple(worker.tail),
        encoded=worker.encoded,
        memory=Memory(*worker.memory),
        turns=tuple(turns[len(turns) - len(run.values) :]),
        notes=tuple(dict.fromkeys([*worker.notes, *["flooded"] * report.flooded, *report.notes, *report.machine])),
        proof=("counts", *(["last"] if catalog.pattern(visit.case.pattern).compares_last else []), "digests"),
    )


def read_small(path: Path) -> bytes:
    """Read a regular file of at most LARGEST_RESULT bytes; raises OSError, and ValueError for any other file."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_RESULT:
        raise ValueError(f"{path.name} is no file of at most {LARGEST_RESULT:,} bytes")
    return path.read_bytes()
