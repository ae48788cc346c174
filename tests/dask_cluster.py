"""A Dask cluster of real processes on this machine, whose workers pretend to be hosts: for the tests of fleets."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from commands import TOKEN, environment, until

READY = 40.0  # seconds
QUIET = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "False",
}


class Cluster:
    """A scheduler, and workers by the names of the hosts that they pretend to be; all in `folder`.

    tls is a file with a certificate that is its own authority, and its key.
    """

    def __init__(self, folder: Path, host: str = "127.0.0.1", tls: Path | None = None) -> None:
        self.folder = folder
        self.scheme = "tls" if tls else "tcp"
        self.tls = ["--tls-ca-file", str(tls), "--tls-cert", str(tls), "--tls-key", str(tls)] if tls else []
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._start(
            "scheduler",
            ["scheduler", "--host", f"{self.scheme}://{host}", "--port", "0", "--no-dashboard", "--no-jupyter"],
            {},
        )
        assert until(lambda: "Scheduler at:" in self.log("scheduler"), READY), self.log("scheduler")
        line = next(line for line in self.log("scheduler").splitlines() if "Scheduler at:" in line)
        self.address = f"{self.scheme}://127.0.0.1:{line.rpartition(':')[2].strip()}"

    def add(self, name: str, pretend: str | None = None, more: Sequence[str] = ()) -> None:
        """Start a worker with its nanny and wait until it is there; pretend is the host it says it is, or nobody."""
        who = {} if pretend is None else {"IPCBENCH_FLEET_HOST": pretend}
        words = ["worker", self.address, "--host", f"{self.scheme}://127.0.0.1", "--nthreads", "1", "--no-dashboard"]
        before = self.log("scheduler").count("Register worker")
        self._start(name, [*words, "--local-directory", str(self.folder / f"{name}.local"), *more], QUIET | who)
        assert until(lambda: self.log("scheduler").count("Register worker") > before, READY), self.log(name)

    def worker_of(self, name: str) -> int:
        """The process id of the Dask worker under a nanny."""
        nanny = self.running[name].pid
        (found,) = [pid for pid in _pids() if _parent(pid) == nanny and b"spawn_main" in _cmdline(pid)]
        return found

    def end(self, name: str) -> None:
        """Kill a worker with its nanny, as if the host had lost its power; what tracks their semaphores may end."""
        process = self.running.pop(name)
        workers = [pid for pid in _pids() if _parent(pid) == process.pid and b"spawn_main" in _cmdline(pid)]
        for pid in (process.pid, *workers):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        if not until(lambda: not _group(process.pid), 10.0):
            os.killpg(process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill all of it."""
        for name in list(self.running):
            self.end(name)

    def log(self, name: str) -> str:
        """What one of them has printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, words: Sequence[str], env: dict[str, str]) -> None:
        kept = {key: value for key, value in environment(**env).items() if key != "PYTHONWARNINGS"}  # Dask's own
        with open(self.folder / f"{name}.log", "wb") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, *self.tls],
                cwd=self.folder,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def visits_under_way() -> dict[str, set[str]]:
    """The folders of the visits that have a living process now, by the host that their Dask worker pretends to be."""
    found: dict[str, set[str]] = {}
    for pid in _pids():
        words = _cmdline(pid).split(b"\0")
        ours = _variable(pid, TOKEN) == os.environ.get(TOKEN, "")  # and not of a run beside this one
        if ours and b"ipcbench.measure.worker" in words and b"--output" in words:
            folder = words[words.index(b"--output") + 1].decode()
            found.setdefault(_variable(pid, "IPCBENCH_FLEET_HOST"), set()).add(folder)
    return found


def samples(seconds: float, running: subprocess.Popen[str]) -> Iterator[dict[str, set[str]]]:
    """Look at the visits again and again while a command runs, for so long at most."""
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


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _group(leader: int) -> list[int]:
    found = []
    for pid in _pids():
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == leader and fields[0] != "Z":
                found.append(pid)
    return found


def _variable(pid: int, name: str) -> str:
    with contextlib.suppress(OSError):
        for part in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if part.startswith(f"{name}=".encode()):
                return part.partition(b"=")[2].decode()
    return ""
