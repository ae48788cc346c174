"""Make visits: a fresh worker process for each, in the custody of the run's warden."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ipcbench.errors import BadRequest, Interrupted, NotContained, NotHere
from ipcbench.machine.pythons import search_path
from ipcbench.machine.switches import own_options
from ipcbench.measure.process.names import HANDED, WORKER, run_prefix, visit_name
from ipcbench.measure.process.stages import RESULT, read_stages
from ipcbench.model import Failure, Interpreter, Outcome, OwnPayload, Timing, Visit
from ipcbench.run.containment.processes import (
    ISOLATION,
    Isolation,
    adopt_orphans,
    bury_adopted,
    carrying,
    end_all,
    remove_folder,
    unlink_names,
)
from ipcbench.run.containment.run_folder import RunFolder
from ipcbench.run.containment.warden_client import Report, Request, WardenClient, WardenLost, how_ended
from ipcbench.run.sitting import Seat, Sitting
from ipcbench.run.stop import Stop
from ipcbench.run.verdict.judge import judge, read_small
from ipcbench.run.verdict.plausibility import Controls
from ipcbench.text import safe_text

LEAST_DEADLINE = 30.0
CALIBRATED = 0.5  # of the shortest value is enough to tell how many loops fill it
# numpy's libraries start a thread for each CPU that a process may use, which would be a leak, and no message needs one.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TIMEOUT_MUL = "IPCBENCH_TIMEOUT_MUL"
_LIMITS = "'ipcbench doctor' shows the limits of this machine"
LEAST_MUL, MOST_MUL = 0.01, 100.0


class Errand(NamedTuple):
    """The end of a program other than a worker; left is the file that it wrote, or None, and seconds its duration."""

    report: Report | Failure
    left: bytes | None
    seconds: float


class Visitor:
    """Makes the visits of one run below its private folder, which is removed when the run ends.

    pythons are further interpreters that cases may name. isolation says what contains the visits, see
    run.containment.processes. locks are descriptors of further locks that the warden is to hold. own is the folder, by
    default a new one. payloads are those of the user's that cases may name.
    """

    def __init__(
        self,
        timing: Timing,
        stop: Stop,
        isolation: Isolation = ISOLATION,
        pythons: Sequence[Interpreter] = (),
        locks: Sequence[int] = (),
        own: RunFolder | None = None,
        payloads: Sequence[OwnPayload] = (),
    ) -> None:
        slowness()
        self._known = {(one.name, tag): digests for one in payloads for tag, digests in one.digests.items()}
        self.timing = timing
        self.pythons = {"": [sys.executable, *own_options()]} | {python.tag: [python.executable] for python in pythons}
        self.stop = stop
        self.isolation = isolation
        self.locks = locks
        adopt_orphans()  # if the warden is killed, this process becomes their parent
        self.made = 0
        self._own = own or RunFolder()
        self.run_id, self.folder = self._own.run_id, self._own.path
        self._warden: WardenClient | None = None
        self._controls = Controls()

    def close(self) -> None:
        """End the warden and remove the run's folder; may be called twice."""
        if self._warden:
            self._warden.close()
            self._warden = None
        if self._own.lock >= 0:
            self._own.close()
            adopt_orphans(False)

    def visit(self, visit: Visit) -> Outcome | Failure:
        """Make one visit that has the machine to itself; raises as `sitting` does."""
        return self.sitting([visit], "")[0]

    def sitting(self, visits: Sequence[Visit], seed: str) -> list[Outcome | Failure]:
        """Make visits that take turns; seed shuffles the turns.

        Raises Interrupted if the user stops the run, NotContained if a process of this or an earlier visit could not be
        ended, and NotHere if the machine has no process for the first visit; no visit may follow these errors.
        """
        with contextlib.ExitStack() as stack:
            folders = [stack.enter_context(self._private_folder()) for _ in visits]
            self._controls.refresh()
            requests = [self._request(visit, folder) for visit, folder in zip(visits, folders, strict=True)]
            seats = self._in_custody(requests, [visit.case.id for visit in visits], seed)
            return [
                seat if isinstance(seat, Failure) else self._judged(visit, folder, seat)
                for visit, folder, seat in zip(visits, folders, seats, strict=True)
            ]

    def _judged(self, visit: Visit, folder: Path, seat: Seat) -> Outcome | Failure:
        known = self._known.get((visit.case.payload, visit.case.python), ())
        return judge(visit, folder, seat.report, seat.turns, self._controls, known)

    def errand(self, words: Sequence[str], seconds: float, python: str = "") -> Errand:
        """Run a module of ours like a visit, for at most `seconds`; `words` follow the interpreter on its command line.

        The module writes its answer where a worker writes its result. Raises as `visit` does.
        """
        with self._private_folder() as folder:
            started = time.monotonic()
            seconds *= slowness()
            request = self._wanted(folder, words, {"visit": seconds, "stage": seconds}, python)
            (seat,) = self._in_custody([request], [words[-1]], "")
            left = None
            with contextlib.suppress(OSError, ValueError):
                left = read_small(folder / RESULT)
            return Errand(seat if isinstance(seat, Failure) else seat.report, left, time.monotonic() - started)

    @contextlib.contextmanager
    def _private_folder(self) -> Iterator[Path]:
        """Make the folder of the next visit, and remove it afterwards."""
        self.made += 1
        folder = self.folder / visit_name(self.run_id, self.made)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            remove_folder(folder)

    def _in_custody(self, requests: Sequence[Request], what: Sequence[str], seed: str) -> list[Seat | Failure]:
        """Have the warden make visits; `what` are their names in errors. All fail if the warden is lost."""
        first = self.made == len(requests)
        try:
            self._warden = self._warden or WardenClient(self.folder, self.isolation, [self._own.lock, *self.locks])
            seats = Sitting(self._warden, self.stop).hold(requests, seed)
        except WardenLost as error:
            return self._without_warden([Path(request.folder) for request in requests], error)
        except OSError as error:
            raise NotHere(f"{what[0]}: cannot start a process: {error.strerror}; {_LIMITS}") from error
        for seat, name in zip(seats, what, strict=True):
            if seat.report.survivors:
                raise NotContained(f"{name}: {seat.report.survivors[0]} could not be ended; no visit may follow it")
        if self.stop.by is not None:
            raise Interrupted(self.stop.by)
        return [self._begun(seat, name, first) for seat, name in zip(seats, what, strict=True)]

    def _begun(self, seat: Seat, what: str, first: bool) -> Seat | Failure:
        """Return the seat of a visit, or why it did not begin or was lost; raises NotHere for the first of a run."""
        report = seat.report
        if report.ending == "refused":
            if report.short and first:
                raise NotHere(f"{what}: {report.detail}; {_LIMITS}")
            return Failure("unsupported" if report.short else "failed", "start", report.detail)
        if report.ending == "lost":
            stages = read_stages(str(self.folder / report.visit))
            how = f"its custodian {how_ended(report.status or 0)}"
            return Failure("failed", stages[-1][1] if stages else "start", how)
        return seat

    def _without_warden(self, folders: Sequence[Path], error: WardenLost) -> list[Seat | Failure]:
        """End the processes of a dead warden, whose parent is now this process; the next visit has another warden."""
        if self._warden:
            self._warden.close()
            self._warden = None
        survivors = end_all(lambda: carrying(self.folder)) if self.isolation == "warden" else []
        bury_adopted()
        unlink_names(run_prefix(self.folder))
        if survivors:
            raise NotContained(f"{error}, and process {survivors[0].pid} could not be ended; no visit may follow it")
        if self.stop.by is not None:
            raise Interrupted(self.stop.by)
        stages = [read_stages(str(folder)) for folder in folders]
        return [Failure("failed", found[-1][1] if found else "start", str(error)) for found in stages]

    def _request(self, visit: Visit, folder: Path) -> Request:
        words = [*WORKER, *worker_arguments(visit, self.timing, folder)]
        forked = self.isolation == "warden" and not self.timing.fresh
        template = f"{visit.case.python} {visit.round}" if forked else ""
        return self._wanted(folder, words, deadlines(visit, self.timing), visit.case.python, template)

    def _wanted(
        self, folder: Path, words: Sequence[str], seconds: Mapping[str, float], python: str, template: str = ""
    ) -> Request:
        search = os.pathsep.join([str(self.folder / HANDED), *search_path(bool(python))])
        own = {"TMPDIR": str(folder), "PYTHONPATH": search, "IPCBENCH_STAGE_SECONDS": str(seconds["stage"])}
        own["JE_ARROW_MALLOC_CONF"] = "background_thread:false"  # pandas imports pyarrow; its thread would be a leak
        return Request(
            folder=str(folder),
            python=self.pythons[python],
            words=words,
            template=template,
            environment=_ONE_THREAD | os.environ | own,
            seconds=seconds,
        )


def worker_arguments(visit: Visit, timing: Timing, folder: Path) -> list[str]:
    """Return the pyperf flags of a visit: round 0 calibrates, later rounds know their loops."""
    common = ["--worker", "--case", visit.case.id, "--output", str(folder / RESULT)]
    if visit.loops is None:
        least = timing.min_time * CALIBRATED
        return [*common, "--min-time", str(least), "--calibrate-loops", "--warmups", "0", "--values", "1"]
    common += ["--min-time", str(timing.min_time), "--loops", str(visit.loops)]
    return [*common, "--warmups", str(timing.warmups), "--values", str(timing.values)]


def deadlines(visit: Visit, timing: Timing) -> dict[str, float]:
    """Return the deadlines of a visit, of its timing and of its other stages, in seconds.

    A visit and its timing have ten times the expected time and at least half a minute, any other stage half of that,
    all multiplied by IPCBENCH_TIMEOUT_MUL, for slow machines. Raises BadRequest, see `slowness`.
    """
    planned = (timing.values + timing.warmups) * timing.min_time + 0.5 + 0.1 * visit.case.workers
    whole = max(LEAST_DEADLINE, 10 * planned) * slowness()
    return {"visit": whole, "timing": whole, "stage": whole / 2}


def slowness() -> float:
    """Return the factor of all deadlines: IPCBENCH_TIMEOUT_MUL, or 1.

    Raises BadRequest if the variable is not a number within its bounds.
    """
    text = os.environ.get(TIMEOUT_MUL, "1")
    with contextlib.suppress(ValueError):
        factor = float(text)
        if LEAST_MUL <= factor <= MOST_MUL:
            return factor
    raise BadRequest(
        f"{TIMEOUT_MUL}={safe_text(text, 40)!r}: expected a number from {LEAST_MUL:g} to {MOST_MUL:g} that multiplies "
        "every deadline; unset it for the usual ones"
    )
