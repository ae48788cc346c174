"""One visit: a fresh worker process in its own session, a deadline, everything ended and removed afterwards."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

import ipcbench
from ipcbench.errors import Interrupted
from ipcbench.measure.names import WORKER, new_run_id, visit_name
from ipcbench.measure.pattern import Proof
from ipcbench.measure.payload import Carries
from ipcbench.model import Failure, Outcome, Timing, Visit
from ipcbench.results.schema import PyperfBenchmark, PyperfRun
from ipcbench.run.interrupt import Stop
from ipcbench.run.proof import why_unproven
from ipcbench.run.tree import adopt_orphans, end_group, remove_folder, unlink_names

LEAST_DEADLINE = 30.0
LONGEST_FOLDER = 35  # AF_UNIX paths end at 107 bytes, and multiprocessing adds up to 72 below
_TAIL = 4096
_PACKAGE_PARENT = str(Path(ipcbench.__file__).parents[1])


class ProofRecord(msgspec.Struct):
    """A Proof as it arrives."""

    rule: Literal["each", "shared", "total"]
    nonce: int
    size: int
    carries: Carries
    messages: int
    received: list[list[str]]
    streams: list[int]
    expected: int
    found: int


class WorkerReport(msgspec.Struct):
    """The "ipcbench" object of a visit's file, see measure.worker."""

    operations: int
    cpu_user: float
    cpu_system: float
    context_switches: int
    cpus: list[list[int]]
    pids: list[int]
    proofs: list[ProofRecord]
    wall: float


class WorkerFile(msgspec.Struct):
    """What a visit leaves: a pyperf suite of one benchmark with one run, and our object."""

    benchmarks: list[PyperfBenchmark]
    ipcbench: WorkerReport
    metadata: dict[str, str | int | float] = {}


class WorkerFailure(msgspec.Struct):
    """What a visit leaves when it knows why it has no number."""

    verdict: str
    detail: str


class Visitor:
    """Makes visits for one run, all below one private folder that goes when the run does."""

    def __init__(self, timing: Timing, stop: Stop) -> None:
        self.timing = timing
        self.stop = stop
        adopt_orphans()
        self.run_id = new_run_id()
        self.made = 0
        self.folder = Path(tempfile.mkdtemp(prefix=f"ib{self.run_id}-", dir=_short_folder()))

    def close(self) -> None:
        """Remove the run's folder."""
        remove_folder(self.folder)

    def visit(self, visit: Visit) -> Outcome | Failure:
        """Make one visit; raises Interrupted if the user asks to stop meanwhile."""
        self.made += 1
        name = visit_name(self.run_id, self.made)
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        started = time.monotonic()
        try:
            ending = self._run_worker(visit, folder)
            found = ending or _read_outcome(visit, folder, time.monotonic() - started)
        finally:
            unlink_names(name)
            remove_folder(folder)
        return found

    def _run_worker(self, visit: Visit, folder: Path) -> Failure | None:
        """Run the worker to its end, or end it; what went wrong, if anything did."""
        search = os.pathsep.join(filter(None, (_PACKAGE_PARENT, os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"TMPDIR": str(folder), "PYTHONPATH": search}
        with open(folder / "stderr", "wb") as complaints:
            worker = subprocess.Popen(
                [sys.executable, *WORKER, *worker_arguments(visit, self.timing, folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        at_once = True
        try:
            ended = _wait(worker, deadline(visit, self.timing), self.stop)
            at_once = not ended
        finally:
            if at_once:
                worker.kill()
            worker.wait()  # a zombie would keep its group alive
            end_group(worker.pid, at_once)
        if self.stop.by is not None:
            raise Interrupted(self.stop.by)
        stage = _read_text(folder / "stage") or "start"
        if not ended:
            return Failure("timed-out", stage, f"no end after {deadline(visit, self.timing):.0f} s")
        if worker.returncode != 0:
            return _why_failed(folder, stage, worker.returncode)
        return None


def worker_arguments(visit: Visit, timing: Timing, folder: Path) -> list[str]:
    """The pyperf flags of a visit: calibration in round 0, values with known loops afterwards."""
    common = ["--worker", "--case", visit.case.id, "--output", str(folder / "visit.json")]
    common += ["--min-time", str(timing.min_time)]
    if visit.loops is None:
        return [*common, "--calibrate-loops", "--warmups", "0", "--values", "1"]
    return [*common, "--loops", str(visit.loops), "--warmups", str(timing.warmups), "--values", str(timing.values)]


def deadline(visit: Visit, timing: Timing) -> float:
    """Seconds a visit may take: ten times what it should, at least 30, times IPCBENCH_TIMEOUT_MUL on slow machines."""
    planned = (timing.values + timing.warmups) * timing.min_time + 0.5 + 0.1 * visit.case.workers
    with contextlib.suppress(ValueError):
        return max(LEAST_DEADLINE, 10 * planned) * float(os.environ.get("IPCBENCH_TIMEOUT_MUL", "1"))
    return max(LEAST_DEADLINE, 10 * planned)


def _wait(worker: subprocess.Popen[bytes], seconds: float, stop: Stop) -> bool:
    """Wait for the worker's end without waking up meanwhile; False when the time is up or the user wants to stop."""
    if not hasattr(os, "pidfd_open"):
        return _wait_polling(worker, seconds, stop)
    descriptor = os.pidfd_open(worker.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(stop.fd, select.POLLIN)
        ready = poll.poll(seconds * 1000)
    finally:
        os.close(descriptor)
    return any(found == descriptor for found, _ in ready)


def _wait_polling(worker: subprocess.Popen[bytes], seconds: float, stop: Stop) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop.requested:
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(0.1)
            return True
    return False


def _why_failed(folder: Path, stage: str, code: int) -> Failure:
    with contextlib.suppress(OSError, msgspec.DecodeError):
        known = msgspec.json.decode((folder / "failure.json").read_bytes(), type=WorkerFailure)
        return Failure("unverified" if known.verdict == "unverified" else "failed", stage, known.detail)
    if code < 0:
        return Failure("failed", stage, f"the worker was killed by {signal.Signals(-code).name}")
    lines = _read_text(folder / "stderr").strip().splitlines()
    return Failure("failed", stage, f"the worker exited with code {code}: {lines[-1] if lines else 'no message'}")


def _read_outcome(visit: Visit, folder: Path, wall: float) -> Outcome | Failure:
    """Read and judge what the worker left."""
    try:
        file = msgspec.json.decode((folder / "visit.json").read_bytes(), type=WorkerFile)
        (benchmark,) = file.benchmarks
        (run,) = benchmark.runs
    except (OSError, msgspec.DecodeError, ValueError) as error:
        return Failure("failed", "result", f"the worker left no readable result: {error}")
    reason = why_unproven(
        visit.case, [Proof(*msgspec.structs.astuple(proof)) for proof in file.ipcbench.proofs], file.ipcbench.pids
    )
    if reason:
        return Failure("unverified", "verification", reason)
    return _outcome(run, file.metadata | benchmark.metadata | run.metadata, file.ipcbench, wall)


def _outcome(run: PyperfRun, metadata: dict[str, str | int | float], report: WorkerReport, wall: float) -> Outcome:
    return Outcome(
        values=tuple(run.values),
        warmups=tuple(run.warmups),
        loops=int(metadata["loops"]),
        operations=report.operations,
        cpu_user=report.cpu_user,
        cpu_system=report.cpu_system,
        context_switches=report.context_switches,
        wall=wall,
        cpus=tuple(map(tuple, report.cpus)),
        metadata=metadata,
        proof=("counts", "digests"),
    )


def _read_text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _short_folder(candidates: Sequence[str] = ("/tmp", "/var/tmp", "/dev/shm")) -> str:
    """The temporary folder, or where its path is too long for a socket below it, a shorter one."""
    for folder in (tempfile.gettempdir(), *candidates):
        if len(os.fsencode(folder)) <= LONGEST_FOLDER and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return tempfile.gettempdir()
