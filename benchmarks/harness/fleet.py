"""What does a waiting Dask worker cost its host, and how long does a fleet take? Needs the extra fleet.

- A worker with its nanny, started as docs/fleet.md says, waits for work: CPU time of both ÷ time. Aim: at most 0.5 %.
- Visits on this machine, with that worker waiting and with it stopped by a signal, in pairs and in random order: the
  interval of the ratio of the values should contain 1.
- `fleet run` on 2 and on 3 hosts ÷ on one, by wall time. The hosts are Dask workers of this machine, each with one of
  its CPUs; if there are more hosts than CPUs, they share them, unlike real hosts. Aim: at most 1.1.

    python benchmarks/harness/fleet.py [--idle SECONDS] [--pairs N] [--json FILE]
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from time import monotonic, perf_counter, sleep

import psutil
from containment import CASES, TIMING, guarded, interval
from figures import Figure, at_most, holds_one, plain, write

from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

SETTINGS = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "10s",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "60s",
}
LIMIT = 300.0  # seconds for any command
READY = 60.0
ENDED = 15.0
RUN = ("--mechanism", "pipe,queue,shared-memory", "--pattern", "ping-pong", "--size", "64B,64KiB", "--rounds", "5")


@contextmanager
def confined(cpu: int) -> Iterator[None]:
    """Restrict processes that start inside the block to one CPU, number `cpu` modulo the number of CPUs."""
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {usable[cpu % len(usable)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


@contextmanager
def running(words: list[str], log: Path, sign: str, folder: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of Dask in its own process group; yield once it has printed `sign`, kill it at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=folder,
            env=os.environ | SETTINGS | more,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        until = monotonic() + READY
        while sign not in log.read_text(errors="replace"):
            if process.poll() is not None or monotonic() > until:
                raise SystemExit(f"dask {words[0]} does not start: {log.read_text(errors='replace')[-500:]}")
            sleep(0.1)
        yield process
    finally:
        process.terminate()  # a nanny that is killed leaves its semaphores
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDED)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def cluster(folder: Path, hosts: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Run a scheduler and workers that stand for hosts; yield its address and the workers."""
    folder.mkdir()
    with ExitStack() as stack:
        log = folder / "scheduler.log"
        words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        stack.enter_context(running(words, log, "Scheduler at:", folder))
        address = "tcp://127.0.0.1:" + log.read_text().partition("Scheduler at:")[2].split()[0].rpartition(":")[2]
        workers = []
        for number in range(hosts):
            words = ["worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard"]
            words += ["--local-directory", str(folder / f"{number}")]
            host = f"{folder.name}-{number}"
            started = running(words, folder / f"{number}.log", "Registered to", folder, IPCBENCH_FLEET_HOST=host)
            with confined(number):
                workers.append(stack.enter_context(started))
        yield address, workers


def idle_share(worker: subprocess.Popen[bytes], seconds: float) -> float:
    """Return the CPU time of a waiting worker and its descendants, as a share of one core."""
    family = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    sleep(5)  # what starting it left to do
    before, start = _used(family), perf_counter()
    sleep(seconds)
    return (_used(family) - before) / (perf_counter() - start)


def _used(family: list[psutil.Process]) -> float:
    """Return CPU seconds, from the file that counts in nanoseconds instead of ticks."""
    return sum(
        int(part.read_text().split()[0]) * 1e-9
        for process in family
        for part in Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    )


def beside(worker: subprocess.Popen[bytes], pairs: int) -> list[Figure]:
    """Return the values of visits with the worker waiting ÷ with it stopped."""
    chance, said = random.Random(1), []
    with Stop() as stop, closing(Visitor(TIMING, stop)) as visitor:
        guarded(visitor, CASES[0])  # starts the warden
        for case in CASES:
            ratios = []
            for _ in range(pairs):
                found = {}
                for sign in chance.sample((signal.SIGCONT, signal.SIGSTOP), 2):
                    os.killpg(worker.pid, sign)
                    found[sign] = guarded(visitor, case)[1]
                ratios.append(found[signal.SIGCONT] / found[signal.SIGSTOP])
            name = f"{case.id}: values with ÷ without a waiting worker"
            said.append(holds_one(name, statistics.median(ratios), *interval(ratios)))
    os.killpg(worker.pid, signal.SIGCONT)
    return said


def wall(address: str, folder: Path) -> float:
    """Return the seconds of one `fleet run`."""
    command = [sys.executable, "-m", "ipcbench", "fleet", "run", "--scheduler", address, "--label", "f", "--force"]
    start = perf_counter()
    done = subprocess.run([*command, "--quiet", *RUN], cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    seconds = perf_counter() - start
    if done.returncode not in (0, 7):  # 7: CPU time was stolen meanwhile
        raise SystemExit(f"fleet run ended with code {done.returncode}: {done.stderr[-500:]}")
    return seconds


def walls(folder: Path, times: int) -> list[Figure]:
    """Return the wall time of 2 and of 3 hosts ÷ that of one, measured in alternation."""
    with ExitStack() as stack:
        fleets = {hosts: stack.enter_context(cluster(folder / f"of-{hosts}", hosts))[0] for hosts in (1, 2, 3)}
        taken: dict[int, list[float]] = {hosts: [] for hosts in fleets}
        for turn in range(times):
            for hosts in sorted(fleets, reverse=bool(turn % 2)):
                taken[hosts].append(wall(fleets[hosts], folder))
    said = [plain("fleet run on one host", statistics.median(taken[1]), " s")]
    for hosts in (2, 3):
        ratios = [many / one for many, one in zip(taken[hosts], taken[1], strict=True)]
        said.append(at_most(f"fleet run on {hosts} hosts ÷ on one, wall time", statistics.median(ratios), 1.1))
    return said


def main() -> None:
    """Measure, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to watch a waiting worker (default: 60)")
    parser.add_argument("--pairs", type=int, default=30, help="pairs per case (default: 30)")
    parser.add_argument("--times", type=int, default=3, help="runs of each fleet (default: 3)")
    parser.add_argument("--json", help="write the figures here too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with cluster(folder / "waiting", 1) as (_, (worker,)):
            said = [at_most("CPU of a waiting worker", 100 * idle_share(worker, args.idle), 0.5, " % of a core")]
            said += beside(worker, args.pairs)
        said += walls(folder, args.times)
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
