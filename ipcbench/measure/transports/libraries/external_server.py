"""Servers that mechanisms need: one process for all ports of a visit, a child of the driver.

    server = RedisServer.of(settings)      while ports are made, before any peer exists; the first call starts it
    settings.close()                       ends it, after every peer has ended

The folder and socket of a server belong to the visit, so no other visit reaches it. The warden contains it as a child
of the driver, so it never outlives the visit. If the warden is killed too, cleaning up finds the process by a file in
its folder: redis-server overwrites the environment by which other processes are found (run.containment.processes).
A server runs on the CPUs of the visit's helper processes; its CPU time counts, except for its start.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from ipcbench.errors import NotOffered, ServerFailed
from ipcbench.measure.api.mechanism import find_program
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process.names import SERVER

START_SECONDS = 10.0  # a server usually answers within 0.1 s, but later on a machine that swaps
STOP_SECONDS = 3.0
_PAUSE = 0.002
_DYING_SECONDS = 1.0  # a dying server closes its connections before it ends, long before on a busy machine
_SAID = "said"
_MOST_SAID = 4096


class Server(ABC):
    """A running server; subclasses provide the program, its arguments, and a check whether it answers."""

    program: str

    @classmethod
    def of(cls, settings: PortSettings) -> Self:
        """Return the visit's server; the first call starts it. Raises ServerFailed, NotOffered without the program."""
        if cls.program not in settings.servers:
            server = cls(settings)
            settings.servers[cls.program] = server
            settings.started.append(server.pid)
        found = settings.servers[cls.program]
        assert isinstance(found, cls)
        return found

    def __init__(self, settings: PortSettings) -> None:
        program = find_program(self.program)
        if not program:
            raise NotOffered(f"{self.program} is not on PATH")
        self.folder = Path(settings.new_path())
        self.folder.mkdir(0o700)
        try:
            with (self.folder / _SAID).open("xb") as said:
                self.process = subprocess.Popen(
                    [program, *self.arguments()],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    cwd=self.folder,
                )
        except OSError as error:
            shutil.rmtree(self.folder)
            raise ServerFailed(f"{self.program} does not start: {error.strerror}") from error
        try:
            self._record()
            self._wait()
        except BaseException:
            self.stop()
            raise

    @abstractmethod
    def arguments(self) -> Sequence[str]:
        """Return the arguments of the program, which keeps its files in `folder`; the folder exists."""

    @abstractmethod
    def answers(self) -> bool:
        """Return whether the server answers a client; an OSError counts as no."""

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self.process.pid

    def death(self) -> ServerFailed | None:
        """Return how the server ended, or None if it has not ended before `stop`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return ServerFailed(f"{self.program} {self._ending(self.process.wait(_DYING_SECONDS))} during the visit")
        return None

    def stop(self) -> None:
        """End the server and remove its folder; harmless if it has ended."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _record(self) -> None:
        """Record the server's process id and its start in clock ticks since boot, see proc(5)."""
        with contextlib.suppress(OSError):  # this system has no /proc
            stat = Path(f"/proc/{self.pid}/stat").read_bytes()  # a program's name may contain any bytes
            (self.folder / SERVER).write_text(f"{self.pid} {int(stat.rpartition(b')')[2].split()[19])}")

    def _wait(self) -> None:
        """Wait until the server answers; raises ServerFailed if it ends or START_SECONDS pass."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            status = self.process.poll()
            if status is not None:
                raise ServerFailed(f"{self.program} {self._ending(status)} instead of answering")
            with contextlib.suppress(OSError):
                if self.answers():
                    return
            time.sleep(_PAUSE)
        raise ServerFailed(f"{self.program} has not answered {START_SECONDS:.0f} s after its start")

    def _ending(self, status: int) -> str:
        """Return how the server ended, in words, with the last line of its output if it exited by itself."""
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        with (self.folder / _SAID).open("rb") as said:
            said.seek(max(0, os.fstat(said.fileno()).st_size - _MOST_SAID))
            lines = [line for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return f"ended with exit code {status}" + (f" ({lines[-1].strip()})" if lines else "")
