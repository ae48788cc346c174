"""The warden: owns the processes of a run's visits, one visit at a time, and outlives the orchestrator.

    orchestrator ──requests, stop; their end means it is gone──▶ warden ──▶ worker ──▶ peers, managers, trackers
                 ◀──one report per visit───────────────────────┘

Started as `python -S -P -m ipcbench.run.containment.warden FOLDER PIDFD ISOLATION`, never imported; standard library
only. It has a session of its own, ignores the terminal's signals, and adopts every process of a visit that loses its
parent. When the orchestrator ends, for whatever reason, the warden ends all processes, unlinks all objects named after
the run, removes the run's folder and ends. Requests and reports are one JSON object a line.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

from ipcbench.measure.process.names import run_prefix
from ipcbench.run.containment.custody import Custody, Ending
from ipcbench.run.containment.disturbances import Watch
from ipcbench.run.containment.processes import (
    Isolation,
    adopt_orphans,
    descendants,
    end_all,
    remove_folder,
    unlink_names,
)


class Warden:
    """Serves the requests of one run until the connection to the orchestrator breaks."""

    def __init__(self, folder: str, orchestrator: int, isolation: Isolation) -> None:
        """Prepare to serve; `orchestrator` is its pidfd, or -1 on a system without them."""
        self.folder = Path(folder)
        self.isolation = isolation
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # not SIG_IGN: a worker starts with the default, as any shell has it
        adopt_orphans()
        self.watch = Watch()
        self.wake, wake_end = os.pipe()
        for end in (self.wake, wake_end):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        self.poll = select.poll()
        for descriptor in (0, self.wake, orchestrator):
            if descriptor >= 0:
                self.poll.register(descriptor, select.POLLIN)
        self.life = (0, orchestrator)
        self.pending = b""

    def serve(self) -> None:
        """Make the visits that are requested, then end and remove everything."""
        try:
            while request := self.next_request():
                report = Custody(self, self.isolation, request).report()
                _write(1, json.dumps(report).encode() + b"\n")
        except ConnectionError:
            pass  # the orchestrator is gone
        finally:
            end_all(descendants if self.isolation == "warden" else list)
            unlink_names(run_prefix(self.folder))
            remove_folder(self.folder)

    def next_request(self) -> dict[str, Any] | None:
        """Wait for a request; return None when the orchestrator is gone or has closed the connection."""
        while True:
            line, newline, rest = self.pending.partition(b"\n")
            if newline:
                self.pending = rest
                if line != b"stop":  # a stop may come after the end of its visit
                    request: dict[str, Any] = json.loads(line)
                    return request
                continue
            for descriptor, _ in self.poll.poll():
                if descriptor == self.wake:
                    os.read(self.wake, 4096)
                elif descriptor != 0 or not self._read():
                    return None

    def interruption(self, descriptor: int) -> Ending | None:
        """Return how a readable descriptor ends the visit under way, or None."""
        if descriptor == self.wake:
            os.read(self.wake, 4096)
        elif descriptor == 0 and self._read():
            return "stopped"  # the only word that is sent during a visit
        elif descriptor in self.life:
            return "alone"
        return None

    def _read(self) -> bool:
        data = os.read(0, 65_536)
        self.pending += data
        return bool(data)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    Warden(sys.argv[1], int(sys.argv[2]), "group" if sys.argv[3] == "group" else "warden").serve()
