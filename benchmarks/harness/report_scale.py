"""How does a report grow with its file? Seconds and memory for 1,000 to 1,000,000 values.

Each size is a generated file: 100 cases, 10 values per visit, and as many rounds as the size needs. It is read,
aggregated (tables, medians, intervals, ranks, traps) and reported in a fresh process, whose peak memory includes all
that it has loaded. A results file may hold at most 800,000 values, brackets and so on; a larger result is made in
memory, which is not timed, and only aggregated.

Aims: 1,000,000 values aggregated in 5 s and 600 MiB; 100,000 values read and reported in 8 s and 400 MiB; time grows no
faster than the number of values.

    python benchmarks/harness/report_scale.py [--size N] [--json FILE]
"""

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from figures import Figure, at_most, plain, write

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MECHANISMS, VALUES = 10, 10  # VALUES: per visit
BYTES = (64, 1024, 16_384, 65_536, 2**20)
AGGREGATED, REPORTED = 1_000_000, 100_000  # the sizes that aims are set for
STEEPEST = 1.1  # the exponent of time over size that still counts as linear


def generated(values: int) -> Any:
    """Return a results file of about `size` values, equal for equal sizes."""
    from ipcbench.model import Case
    from ipcbench.results import schema

    chance = random.Random(1)
    names = [f"way-{i}" for i in range(MECHANISMS)]
    cases = [Case(pattern, name, size) for pattern in ("ping-pong", "stream") for size in BYTES for name in names]
    rounds = max(1, values // (VALUES * len(cases)))
    truth = {case: (1 + names.index(case.mechanism) / 9) * (5e-5 + case.size / 1e9) for case in cases}
    benchmarks, visits = [], []
    for position, case in enumerate(cases):
        runs = []
        for number in range(1, rounds + 1):
            visit = truth[case] * chance.lognormvariate(0.0, 0.03)
            runs.append(
                schema.PyperfRun(
                    [visit * chance.lognormvariate(0.0, 0.01) for _ in range(VALUES)],
                    [(100, visit)],
                    {"ipcbench_round": number, "loops": 100},
                )
            )
            visits.append(
                schema.VisitRecord(case.id, number, position, 1000, 900 * visit, 400 * visit, 400, 0.3, [[0], [1]])
            )
        benchmarks.append(schema.PyperfBenchmark(runs, {"name": case.id}))
    machine = schema.MachineFacts(
        "Linux", "6.8", "x86_64", "Example CPU", 4, 4, 2**33, True, "3.11.7", "CPython", "2.10.0", 4, 0.005
    )
    started = "2026-01-15T10:20:30+00:00"
    record = schema.RunRecord(
        schema=schema.SCHEMA,
        ipcbench="0.1.0",
        label="scale",
        started=started,
        command="report_scale.py",
        complete=True,
        rounds=rounds,
        wall=1000.0,
        isolation="group",
        settings=schema.Settings(VALUES, 1, 0.05, 1, None, rounds),
        machine=machine,
        mechanisms=[
            schema.MechanismFacts(name, name, name, "pipes", "bytes", "block", "many", "many", "bytes")
            for name in names
        ],
        patterns=[schema.PatternFacts(name, f"{name}?", "one message") for name in ("ping-pong", "stream")],
        cases=[schema.CaseRecord(case.id, "ok", loops=100, proof=["counts", "digests"]) for case in cases],
        skips=[],
        visits=visits,
        repeats=[schema.Repeat(started, "report_scale.py", 1, 1, rounds, 1000.0)],
    )
    return schema.ResultFile("1.0", benchmarks, record, {"unit": "second"})


def make(values: int, path: Path) -> None:
    """Write such a file if its size is allowed; in a process of its own, whose memory does not count."""
    from ipcbench.errors import ResultError
    from ipcbench.results.store import save

    try:
        save(generated(values), path, True)
    except ResultError:
        if values <= REPORTED:
            raise


def measured(values: int, path: Path) -> dict[str, float]:
    """Return the seconds of each part and the peak memory of this process in MiB; without a file, only aggregation."""
    from ipcbench.report import write as write_report
    from ipcbench.report.content.study import study
    from ipcbench.results.store import load

    found: dict[str, float] = {}
    if path.exists():
        start = perf_counter()
        result = load(path)
        found["read"] = perf_counter() - start
    else:
        result = generated(values)
    start = perf_counter()
    study(result)
    found["aggregate"] = perf_counter() - start
    if path.exists():
        start = perf_counter()
        write_report(result, path.parent / "report")
        found["report"] = found["read"] + perf_counter() - start
    found["MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in KiB
    return found


def apart(words: list[str]) -> str:
    """Return what this script prints in a fresh process."""
    command = [sys.executable, __file__, *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    return done.stdout


def figures(found: dict[int, dict[str, float]]) -> list[Figure]:
    """Return the figures of all sizes."""
    said: list[Figure] = []
    for size, parts in found.items():
        for part, value in parts.items():
            most = _aim(size, part)
            name = f"{size:,} values: {'peak of memory' if part == 'MiB' else part}"
            unit = " MiB" if part == "MiB" else " s"
            said.append(at_most(name, value, most, unit) if most else plain(name, value, unit))
    sizes = sorted(found)
    if len(sizes) > 1:
        small, large = sizes[-2:]
        grown = math.log(found[large]["aggregate"] / found[small]["aggregate"]) / math.log(large / small)
        said.append(at_most(f"aggregate: exponent from {small:,} to {large:,} values", grown, STEEPEST))
    return said


def _aim(size: int, part: str) -> float | None:
    aims = {
        (AGGREGATED, "aggregate"): 5.0,
        (AGGREGATED, "MiB"): 600.0,
        (REPORTED, "report"): 8.0,
        (REPORTED, "MiB"): 400.0,
    }
    return aims.get((size, part))


def main() -> None:
    """Measure every size in its own process, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=int, action="append", help="only this many values; repeatable")
    parser.add_argument("--json", help="write the figures here too")
    parser.add_argument("--make", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.make:
        make(int(args.make[0]), Path(args.make[1]))
        return
    if args.measure:
        print(json.dumps(measured(int(args.measure[0]), Path(args.measure[1]))))
        return
    found: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in args.size or SIZES:
            path = Path(folder) / f"{size}.json"
            apart(["--make", str(size), str(path)])
            found[size] = json.loads(apart(["--measure", str(size), str(path)]))
            print(f"{size:,}: {found[size]}", file=sys.stderr, flush=True)
    said = figures(found)
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
