"""What does containment cost, and does it change the numbers? Visits with the warden ÷ visits without it, in pairs.

Without the warden, the worker is started directly as a plain subprocess. The halves of a pair follow each other in
random order, so that drift affects both. The view from inside (stage marks, stacks, search for leaks) is part of the
worker and is timed separately.

Aim: at most 30 ms per visit in all; the interval of the ratio of the values holds 1.

    python benchmarks/harness/containment.py [--pairs N] [--json FILE]
"""

import argparse
import gc
import json
import os
import random
import select
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter

from figures import at_most, holds_one, write

from ipcbench.measure.process.leaks import leaked_since, take_ledger
from ipcbench.measure.process.names import WORKER, new_run_id, visit_name
from ipcbench.measure.process.stages import RESULT, mark, show_stacks
from ipcbench.model import Case, Outcome, Timing, Visit
from ipcbench.run.journal.file import Journal
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor, worker_arguments

CASES = (Case("ping-pong", "pipe-bytes", 64), Case("ping-pong", "queue", 64), Case("stream", "pipe", 4096))
TIMING = Timing(values=2, warmups=1, min_time=0.05, fresh=True)
LOOPS = 1000
STAGES = 6


def guarded(visitor: Visitor, case: Case) -> tuple[float, float]:
    """Return the seconds of a visit under the warden, and its median value."""
    start = perf_counter()
    found = visitor.visit(Visit(case, 1, 0, LOOPS))
    seconds = perf_counter() - start
    if not isinstance(found, Outcome):
        raise SystemExit(f"{case.id}: {found}")
    return seconds, statistics.median(found.values)


def unguarded(visitor: Visitor, case: Case) -> tuple[float, float]:
    """Return the seconds of the visit as a plain subprocess, in an equal environment, and its median value.

    Processes with different environments allocate differently, and payloads at other offsets within a page are copied
    at another speed, which is not a cost of containment.
    """
    with tempfile.TemporaryDirectory(prefix="ib", dir=visitor.folder.parent) as parent:
        folder = Path(parent) / visit_name(new_run_id(), 1)
        start = perf_counter()
        folder.mkdir()
        command = [sys.executable, *WORKER, *worker_arguments(Visit(case, 1, 0, LOOPS), TIMING, folder)]
        quiet = subprocess.DEVNULL
        own = visitor._request(Visit(case, 1, 0, LOOPS), folder).environment
        _finish(
            subprocess.Popen(
                command, env=own, cwd=folder, start_new_session=True, stdin=quiet, stdout=quiet, stderr=quiet
            )
        )
        run = json.loads((folder / RESULT).read_text())["benchmarks"][0]["runs"][0]
        return perf_counter() - start, statistics.median(run["values"])


def _finish(worker: subprocess.Popen[bytes]) -> None:
    """Sleep until the process ends; subprocess's wait with a timeout polls every few ms and keeps the CPUs awake."""
    descriptor = os.pidfd_open(worker.pid)
    ended, _, _ = select.select([descriptor], [], [], 60)
    os.close(descriptor)
    if not ended:
        worker.kill()
    if worker.wait():
        raise SystemExit(f"the worker without custody ended with code {worker.returncode}")


def inside() -> float:
    """Return the seconds that stage marks, stacks and the search for leaks take in a worker."""
    before, found = tempfile.tempdir, []
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / visit_name(new_run_id(), 1)
        folder.mkdir()
        tempfile.tempdir = str(folder)
        for _ in range(20):
            start = perf_counter()
            for stage in range(STAGES):
                mark(str(stage))
            show_stacks("driver")
            held = take_ledger()
            gc.collect()
            leaked_since(held)
            found.append(perf_counter() - start)
        tempfile.tempdir = before
    return statistics.median(found)


def apart() -> float:
    """Return the result of `inside` in a fresh process, whose heap is about as small as a worker's."""
    done = subprocess.run(
        [sys.executable, __file__, "--inside"], capture_output=True, text=True, check=True, timeout=60
    )
    return float(done.stdout)


def durable() -> float:
    """Return the seconds until one outcome of ordinary size is written to the journal and on disk."""
    found = []
    outcome = Outcome((1e-5,) * 5, ((1000, 1e-5),), 1000, 5000, 0.1, 0.1, 9999, 0.5, ((0,), (1,)), {"loops": 1000})
    with (
        tempfile.TemporaryDirectory(dir=".") as folder,
        closing(Journal.begin(Path(folder) / "x.journal", True)) as journal,
    ):
        for _ in range(50):
            start = perf_counter()
            journal.ended(Visit(CASES[0], 1, 0, LOOPS), 1, 0.5, outcome)
            found.append(perf_counter() - start)
    return statistics.median(found)


def interval(numbers: list[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the median."""
    import numpy as np  # not in the process that times the inside view

    chance = np.random.default_rng(1)
    medians = np.median(chance.choice(numbers, (5000, len(numbers))), axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Measure, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=30, help="pairs per case (default: 30)")
    parser.add_argument("--inside", action="store_true", help="only print what the inside view takes, in seconds")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    args = parser.parse_args()
    if args.inside:
        print(inside())
        return
    extra: list[float] = []
    figures: dict[str, dict[str, float]] = {}
    chance = random.Random(1)
    with Stop() as stop, closing(Visitor(TIMING, stop)) as visitor:
        guarded(visitor, CASES[0])  # starts the warden
        for case in CASES:
            ratios = []
            for _ in range(args.pairs):
                if chance.random() < 0.5:
                    with_it, without = guarded(visitor, case), unguarded(visitor, case)
                else:
                    without, with_it = unguarded(visitor, case), guarded(visitor, case)
                extra.append(with_it[0] - without[0])
                ratios.append(with_it[1] / without[1])
            low, high = interval(ratios)
            figures[case.id] = {"ratio": statistics.median(ratios), "low": low, "high": high}
            print(f"{case.id}: values with ÷ without {statistics.median(ratios):.3f} [{low:.3f}, {high:.3f}]")
    low, high = interval(extra)
    cost = {"custody": statistics.median(extra), "low": low, "high": high, "inside": apart(), "journal": durable()}
    figures["seconds per visit"] = cost
    print(f"custody: {1e3 * cost['custody']:.1f} ms per visit [{1e3 * low:.1f}, {1e3 * high:.1f}]")
    print(f"inside view: {1e3 * cost['inside']:.1f} ms per visit; journal: {1e3 * cost['journal']:.2f} ms per record")
    whole = 1e3 * (cost["custody"] + cost["inside"] + cost["journal"])
    said = [at_most("containment per visit, journal included", whole, 30, " ms")]
    said += [
        holds_one(f"{name}: values with ÷ without containment", found["ratio"], found["low"], found["high"])
        for name, found in figures.items()
        if "ratio" in found
    ]
    write(args.json, said, **figures)


if __name__ == "__main__":
    main()
