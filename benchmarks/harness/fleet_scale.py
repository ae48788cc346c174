"""How does a report over many hosts grow with the fleet? Seconds and memory for 125 to 1,000 hosts.

Each host has a file of the size and the cases of results/reference.json: its times, multiplied by a factor of the host
(1 % apart) and noise per visit and value, with its own run, machine and digest. Some hosts are slower or faster in all
families or in one, some have failed cases, and one file is unreadable. The commands run in processes of their own:
`compare` over all files, and `fleet report` with a page and charts. Memory is the maximum of the command and its child
processes together, sampled 20 times a second.

Aims: 1,000 hosts in 30 s each; time and memory grow no faster than the number of hosts.

    python benchmarks/harness/fleet_scale.py [--hosts N] [--json FILE] [--keep FOLDER]
"""

import argparse
import contextlib
import copy
import itertools
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import numpy as np
import psutil
from figures import Figure, at_most, plain, write

HOSTS = (125, 250, 500, 1000)
REFERENCE = Path(__file__).parents[2] / "results/reference.json"
BETWEEN, VISIT, VALUE = 0.01, 0.02, 0.005  # standard deviations of log(time)
SLOW, FAST, PART = 1.3, 0.8, 1.8
AIM_HOSTS, MOST_SECONDS, STEEPEST = 1000, 30.0, 1.1
LABEL = "scale"
# Every so many-th host is so.
GROUPS = {
    "unreadable": 41,
    "slow": 97,
    "fast": 113,
    "queues": 101,
    "pipes": 109,
    "failed": 20,
}  # every so many-th host is so


def kind_of(number: int) -> str:
    """Return the kind of a host; most are ordinary. Small fleets have one of each kind."""
    return next((kind for kind, every in GROUPS.items() if number % every == every // 3), "")


@lru_cache(maxsize=1)
def reference() -> dict[str, Any]:
    """Return the document from which those of all hosts are made."""
    return dict(msgspec.json.decode(REFERENCE.read_bytes()))


def document(number: int) -> dict[str, Any]:
    """Return the results of one host, equal for equal numbers."""
    from ipcbench.results.digest import digest_of

    chance, kind = np.random.default_rng(number), kind_of(number)
    made = copy.deepcopy(reference())
    record = made["ipcbench"]
    families = {facts["name"]: facts["family"] for facts in record["mechanisms"]}
    factor = {"slow": SLOW, "fast": FAST}.get(kind, 1.0) * chance.lognormal(0.0, BETWEEN)
    failed = {case["id"] for case in record["cases"][:12] if case["verdict"] == "ok"} if kind == "failed" else set()
    for benchmark in made["benchmarks"]:
        family = families[benchmark["metadata"]["name"].split("/")[1]]
        part = PART if family == kind else 1.0
        middle = float(np.median([value for run in benchmark["runs"] for value in run["values"]])) * factor * part
        for run in benchmark["runs"]:
            visit = middle * chance.lognormal(0.0, VISIT)
            run["values"] = [float(visit * by) for by in chance.lognormal(0.0, VALUE, len(run["values"]))]
    made["benchmarks"] = [each for each in made["benchmarks"] if each["metadata"]["name"] not in failed]
    record["visits"] = [visit for visit in record["visits"] if visit["case"] not in failed]
    for case in record["cases"]:
        if case["id"] in failed:
            case |= {"verdict": "failed", "stage": "timed", "detail": "exit 1", "proof": []}
    name = f"{number:08x}"
    record |= {"label": f"{LABEL}-{name}"}
    record["settings"]["seed"] = number
    for repeat in record["repeats"]:
        repeat["seed"] = number
    record["machine"] |= {"id": f"{number:016x}", "kernel": ("6.8.0", "6.8.0", "6.1.0")[number % 3]}
    record["digest"] = digest_of(made)
    return made


def make(number: int, folder: str) -> None:
    """Write the file of one host as a run does."""
    path = Path(folder) / f"{LABEL}-{number:08x}.json"
    text = msgspec.json.format(msgspec.json.encode(document(number)), indent=1)
    path.write_bytes(text[:-1000] if kind_of(number) == "unreadable" else text)


def fleet(hosts: int, folder: Path) -> Path:
    """Make the missing files, and return the folder whose results/ holds that many."""
    there, names = folder / "all", [f"{LABEL}-{number:08x}.json" for number in range(hosts)]
    there.mkdir(parents=True, exist_ok=True)
    missing = [number for number, name in enumerate(names) if not (there / name).exists()]
    with ProcessPoolExecutor() as pool:
        list(pool.map(make, missing, [str(there)] * len(missing), chunksize=8))
    own = folder / str(hosts)
    (own / "results").mkdir(parents=True, exist_ok=True)
    for name in names:
        if not (own / "results" / name).exists():
            os.link(there / name, own / "results" / name)
    return own


def measured(command: list[str], folder: Path, code: int) -> tuple[float, float]:
    """Return the seconds of a command, which must end with a code, and its peak memory in MiB with child processes."""
    start, most = perf_counter(), 0.0
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        ours = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, sum(_resident(ours)))
            if perf_counter() - start > 600:
                process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        seconds = perf_counter() - start
        said = process.stderr.read().decode() if process.stderr else ""
    if process.returncode != code:
        raise SystemExit(f"{' '.join(command[:6])} …: exit {process.returncode}: {said[-2000:]}")
    return seconds, most


def _resident(process: psutil.Process) -> Iterator[float]:
    with contextlib.suppress(psutil.Error):
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                yield each.memory_info().rss / 2**20


def commands(hosts: int) -> Mapping[str, list[str]]:
    """Return the measured commands, by name."""
    ipcbench = [sys.executable, "-m", "ipcbench"]
    files = [f"results/{LABEL}-{number:08x}.json" for number in range(hosts)]
    return {
        "compare": [*ipcbench, "compare", *files],
        "fleet report": [*ipcbench, "fleet", "report", LABEL, "--report", "report"],
    }


def figures(found: dict[int, dict[str, tuple[float, float]]]) -> list[Figure]:
    """Return the figures of all sizes."""
    said: list[Figure] = []
    for hosts, parts in found.items():
        for name, (seconds, most) in parts.items():
            what = f"{hosts:,} hosts: {name}"
            said.append(
                at_most(what, seconds, MOST_SECONDS, " s") if hosts == AIM_HOSTS else plain(what, seconds, " s")
            )
            said.append(plain(f"{what}, memory", most, " MiB"))
    sizes = sorted(found)
    for small, large in itertools.pairwise(sizes):
        for name in found[small]:
            for place, what in enumerate(("time", "memory")):
                grown = math.log(found[large][name][place] / found[small][name][place]) / math.log(large / small)
                said.append(at_most(f"{name}: exponent of {what} from {small:,} to {large:,}", grown, STEEPEST))
    return said


def main() -> None:
    """Make fleets of every size, measure, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, action="append", help="only so many; repeatable")
    parser.add_argument("--json", help="write the figures here too")
    parser.add_argument("--keep", type=Path, help="make the files and reports here, and leave them there")
    args = parser.parse_args()
    found: dict[int, dict[str, tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).resolve()
        for hosts in sorted(args.hosts or HOSTS):
            own = fleet(hosts, folder)
            code = 2 if any(kind_of(number) == "unreadable" for number in range(hosts)) else 0
            found[hosts] = {name: measured(command, own, code) for name, command in commands(hosts).items()}
            print(
                f"{hosts:,} hosts on {len(os.sched_getaffinity(0))} CPUs: {found[hosts]}", file=sys.stderr, flush=True
            )
    said = figures(found)
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
