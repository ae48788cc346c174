"""A Dask cluster of real processes on this machine, whose workers pretend to be hosts."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from commands import TOKEN, VISIT, Finished, environment, in_state, parent_of, run, status, until, working_folder

from ipcbench.results.schema import ResultFile
from ipcbench.run.journal.records import Done, read_bytes

READY = 40.0  # seconds
QUIET = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
}


class Cluster:
    """A scheduler and named workers, with their files in `folder`.

    tls: a file with a self-signed certificate and its key. places: for the scheduler and for workers, by name, an
    address and the words that, before a command, run it there; all others are on loopback.
    """

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        tls: Path | None = None,
        places: Mapping[str, tuple[str, Sequence[str]]] | None = None,
    ) -> None:
        self.folder = folder
        self.places = places or {}
        self.scheme = "tls" if tls else "tcp"
        self.tls = ["--tls-ca-file", str(tls), "--tls-cert", str(tls), "--tls-key", str(tls)] if tls else []
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        own = f"{self.scheme}://{self._at('scheduler') if self.places else host}"
        self._start("scheduler", ["scheduler", "--host", own, "--port", "0", "--no-dashboard", "--no-jupyter"], {})
        assert until(lambda: "Scheduler at:" in self.log("scheduler"), READY), self.log("scheduler")
        line = next(line for line in self.log("scheduler").splitlines() if "Scheduler at:" in line)
        self.address = f"{self.scheme}://{self._at('scheduler')}:{line.rpartition(':')[2].strip()}"

    def add(self, name: str, pretend: str | None = None, more: Sequence[str] = ()) -> None:
        """Start a worker with its nanny and wait until it has registered. pretend: the host that it pretends to be."""
        who = {} if pretend is None else {"IPCBENCH_FLEET_HOST": pretend}
        own = f"{self.scheme}://{self._at(name)}"
        words = ["worker", self.address, "--host", own, "--nthreads", "1", "--no-dashboard"]
        before = self.log("scheduler").count("Register worker")
        self._start(name, [*words, "--local-directory", str(self.folder / f"{name}.local"), *more], QUIET | who)
        assert until(lambda: self.log("scheduler").count("Register worker") > before, READY), self.log(name)

    def worker_of(self, name: str) -> int:
        """Return the process id of the Dask worker of a nanny."""
        nanny = self.running[name].pid
        (found,) = [pid for pid in _pids() if parent_of(pid) == nanny and b"spawn_main" in _cmdline(pid)]
        return found

    def end(self, name: str) -> None:
        """Kill a worker with its nanny, as a power failure would; their resource trackers may end by themselves."""
        process = self.running.pop(name)
        workers = [pid for pid in _pids() if parent_of(pid) == process.pid and b"spawn_main" in _cmdline(pid)]
        for pid in (process.pid, *workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        if not until(lambda: not _group(process.pid), 10.0):
            os.killpg(process.pid, signal.SIGKILL)
            assert until(lambda: not _group(process.pid), 10.0)

    def close(self) -> None:
        """Kill the scheduler and all workers."""
        for name in list(self.running):
            self.end(name)

    def log(self, name: str) -> str:
        """Return what the scheduler or a worker has printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _at(self, name: str) -> str:
        return self.places[name][0] if name in self.places else "127.0.0.1"

    def _start(self, name: str, words: Sequence[str], env: dict[str, str]) -> None:
        before = self.places[name][1] if name in self.places else []
        kept = {key: value for key, value in environment(**env).items() if key != "PYTHONWARNINGS"}  # Dask itself warns
        with open(self.folder / f"{name}.log", "wb") as log:
            self.running[name] = subprocess.Popen(
                [*before, sys.executable, "-m", "dask", *words, *self.tls],
                cwd=self.folder,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def name_of(pretended: str) -> str:
    """Return the id of a host, given the name that it pretends to have."""
    return hashlib.sha256(pretended.encode()).hexdigest()[:8]


def fleet(cluster: Cluster, folder: Path, command: str, *words: str, before: Sequence[str] = ()) -> Finished:
    """Run `ipcbench fleet` with the scheduler of a cluster, to its end."""
    return run("fleet", command, "--scheduler", cluster.address, *words, cwd=folder, timeout=120, before=before)


def journal_of(folder: Path, label: str, *names: str) -> list[Done]:
    """Return the visits that have ended, by the journal of a label and its hosts."""
    path = folder / "results" / f"{'-'.join([label, *names])}.journal"
    return [entry for entry in read_bytes(path.read_bytes()) if isinstance(entry, Done)] if path.exists() else []


def each_once(result: ResultFile, rounds: int) -> bool:
    """Return whether every case has exactly one visit in every round."""
    made = Counter((visit.case, visit.round) for visit in result.ipcbench.visits)
    wanted = {(case.id, number) for case in result.ipcbench.cases for number in range(1, rounds + 1)}
    return set(made) == wanted and set(made.values()) == {1}


def visits_under_way() -> dict[str, dict[str, int]]:
    """Return the folders of visits that have a living process, each with the first one, by pretended host.

    The host is the name that the Dask worker of the visit pretends to have.
    """
    found: dict[str, dict[str, int]] = {}
    for pid in sorted(_pids()):
        folder = working_folder(pid)
        ours = _variable(pid, TOKEN) == os.environ.get(TOKEN, "")  # not from a concurrent test run
        if ours and VISIT.search(folder):
            host = _variable(pid, "IPCBENCH_FLEET_HOST")
            if host:  # otherwise the process has just ended
                found.setdefault(host, {}).setdefault(folder, pid)
    return found


def hold(seconds: float, host: str) -> None:
    """Stop the process of a host's visit while it is under way, so that the visit stays under way.

    host is the name that the host pretends to have. Asserts that this succeeds within so many seconds.
    """

    def stopped() -> bool:
        held = list(visits_under_way().get(host, {}).values())
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in held:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGSTOP and len(held) == 1:
                assert until(partial(in_state, held[0], "TZX"), 10.0)
                if in_state(held[0], "T"):
                    return True
        return False

    assert until(stopped, seconds)


def samples(seconds: float, running: subprocess.Popen[str]) -> Iterator[dict[str, dict[str, int]]]:
    """Yield the visits under way again and again while a command runs, for at most so many seconds."""
    deadline = time.monotonic() + seconds
    while running.poll() is None and time.monotonic() < deadline:
        yield visits_under_way()
        time.sleep(0.01)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _cmdline(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _group(leader: int) -> list[int]:
    about = {pid: status(pid) for pid in _pids()}
    return [pid for pid, fields in about.items() if fields and int(fields[2]) == leader and fields[0] != "Z"]


def _variable(pid: int, name: str) -> str:
    with contextlib.suppress(OSError):
        for part in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if part.startswith(f"{name}=".encode()):
                return part.partition(b"=")[2].decode()
    return ""
