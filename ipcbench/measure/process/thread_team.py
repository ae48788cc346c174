"""The peers of a visit as threads of the driver's process, for mechanisms that reach no other process.

Each thread is a peer, or runs an interpreter that is a peer, see interpreters.py. Orders and control lines are those of
team.py. The CPU time of the threads is part of the driver's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

from ipcbench.errors import PeerFailed
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Lap
from ipcbench.measure.process import interpreters
from ipcbench.measure.process.placement import place
from ipcbench.measure.process.team import JOIN_SECONDS, Job, Order, Team, Usage, follow


def start_team(mechanism: Mechanism, context: BaseContext, jobs: Sequence[Job], ports: Sequence[Any]) -> Team:
    """Start the kind of peers that a mechanism declares: processes, threads or interpreters."""
    if mechanism.peers == "threads":
        return ThreadTeam(jobs, ports, work)
    if mechanism.peers == "interpreters":
        return ThreadTeam(jobs, ports, interpreters.work)
    return Team(context, jobs, ports)


def work(job: Job, ports: Sequence[Any], control: Connection) -> None:
    """Run a peer in the calling thread."""
    place(job.cpus)  # only the calling thread
    try:
        follow(job, ports, control, threading.get_native_id)
    finally:
        control.close()


class ThreadTeam(Team):
    """The peers of a visit as threads, or as interpreters in threads; `work` is the function that runs one."""

    def __init__(
        self, jobs: Sequence[Job], ports: Sequence[Any], work: Callable[[Job, Sequence[Any], Connection], None]
    ) -> None:
        self.controls = []
        self.processes = []
        self.threads: list[threading.Thread] = []
        for job in jobs:
            control, theirs = Pipe()
            thread = threading.Thread(target=work, args=(job, ports, theirs), daemon=True)
            thread.start()
            self.controls.append(control)
            self.threads.append(thread)

    def laps(self) -> tuple[list[Lap], Usage]:
        laps, _ = super().laps()
        return laps, Usage()

    def stop(self) -> None:
        for control in self.controls:
            control.send(Order("stop"))
        for i, thread in enumerate(self.threads):
            thread.join(JOIN_SECONDS)
            if thread.is_alive():
                raise PeerFailed(f"{self._name(i)} did not end when told to stop")
        for control in self.controls:
            control.close()

    def abandon(self) -> None:
        """Do nothing: a thread cannot be killed, and ends with the process."""

    def death_behind(self, error: Exception) -> Exception:
        return error

    def _hear(self, i: int) -> Any:
        try:
            answer = self.controls[i].recv()
        except EOFError:
            raise PeerFailed(f"{self._name(i)} ended") from None
        if isinstance(answer, str):
            raise PeerFailed(f"{self._name(i)} raised {answer}")
        return answer
