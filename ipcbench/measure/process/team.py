"""The peers of a visit as processes: start and place them, give them orders, collect their laps, stop them.

    driver ──control line (a Pipe per peer)──▶ peer i        ready, go n, prove n, stop; laps and digests back
       └─────────ports of the mechanism──────────┘           what is measured

Around a timed turn, only *go* and the lap cross the control line. Peers stamp their laps with perf_counter, which on
Linux is CLOCK_MONOTONIC, one clock for all processes of a host (clock_gettime(2)); so a receiver's stamp can end an
interval that the driver began.

A dead peer never answers, and a timed loop cannot watch for it. So the handler of SIGCHLD raises PeerFailed out of the
call that blocks the driver. Peers of a forkserver are not children of the driver; only the visit's deadline ends the
wait for them.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

from ipcbench.errors import PeerFailed
from ipcbench.measure.api.digest import digest
from ipcbench.measure.api.pattern import Crew, Lap, Pattern, Seat, Turn, paced
from ipcbench.measure.api.payload import load_kind, make_payloads
from ipcbench.measure.api.pool import pool_count
from ipcbench.measure.process.placement import place
from ipcbench.measure.process.stages import show_stacks

JOIN_SECONDS = 5.0
_DYING_SECONDS = 1.0


class Usage(NamedTuple):
    """CPU seconds and context switches of one process, or of several."""

    user: float = 0.0
    system: float = 0.0
    switches: int = 0

    def since(self, before: Usage) -> Usage:
        """Return the usage since `before`."""
        return Usage(self.user - before.user, self.system - before.system, self.switches - before.switches)


def total_usage(used: Sequence[Usage]) -> Usage:
    """Return the sum of several usages."""
    return Usage(sum(u.user for u in used), sum(u.system for u in used), sum(u.switches for u in used))


def usage(whose: int = resource.RUSAGE_SELF) -> Usage:
    """Return what the calling process has used so far; with RUSAGE_CHILDREN, what its ended children used."""
    used = resource.getrusage(whose)
    return Usage(used.ru_utime, used.ru_stime, used.ru_nvcsw + used.ru_nivcsw)


def is_thread(number: int) -> bool:
    """Return whether this is the id of a thread of the calling process."""
    return Path(f"/proc/self/task/{number}").exists()


def helper_usage(pids: Sequence[int]) -> Usage:
    """Return the CPU time of other processes so far, all threads, as system time; 0 if /proc does not show it."""
    nanoseconds = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            nanoseconds += int(task.read_text().split()[0])
    return Usage(system=nanoseconds / 1e9)


class Order(NamedTuple):
    """An order of the driver to a peer; only `prove` uses the nonce."""

    kind: Literal["go", "prove", "stop"]
    operations: int = 0
    nonce: int = 0


class Job(NamedTuple):
    """What a peer needs to know; pickled under spawn and forkserver, inherited under fork."""

    pattern: Pattern
    content: str
    size: int
    seat: Seat
    cpus: Sequence[int]


def payload_turn(pattern: Pattern, pool: Sequence[Any], operations: int) -> Turn:
    """Return a turn that rotates over prepared payloads, as a list of references made before the clock starts."""
    rounds = -(-operations // len(pool))
    return Turn(operations, pattern.messages((list(pool) * rounds)[:operations]))


def connect(pattern: Pattern, seat: Seat, ports: Sequence[Any]) -> None:
    """Connect the ports that a process uses and close the others, once all peers have started."""
    load_kind(seat.payload).prepare()
    uses = pattern.uses(seat.number, len(ports), seat.workers)
    used = {ports[i]: side for i, side in uses.items()}
    for port in dict.fromkeys(ports):
        if port in used:
            port.connect(used[port])
        else:
            port.close()


def work(job: Job, ports: Sequence[Any], control: Connection) -> None:
    """Run a peer process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    show_stacks(f"peer {job.seat.number + 1}")
    place(job.cpus)
    follow(job, ports, control, lambda: os.getpid())  # called after connecting


def follow(job: Job, ports: Sequence[Any], control: Connection, who: Callable[[], int]) -> None:
    """Connect, send `who()` when ready, then follow orders until *stop*, or until the driver is gone."""
    try:
        connect(job.pattern, job.seat, ports)
        seat = job.pattern.loaded(job.pattern.equip(job.seat, ports, "peer"))
        pool: Sequence[Any] = ()
        stream = job.pattern.stream(seat)
        if stream is not None:
            pool = make_payloads(job.content, seat.number, job.size, pool_count(job.size, seat.window), stream)
        control.send(who())
        while (order := control.recv()).kind != "stop":
            control.send(_prove(job, seat, order) if order.kind == "prove" else _go(job, seat, order, pool))
        for port in dict.fromkeys(ports):
            port.close()
    except EOFError:
        return
    except Exception as error:
        control.send(f"{type(error).__name__}: {error}")
        raise SystemExit(1) from error


def _go(job: Job, seat: Seat, order: Order, pool: Sequence[Any]) -> tuple[Lap, Usage]:
    turn = payload_turn(job.pattern, pool, order.operations) if pool else Turn(order.operations)
    before = usage()
    lap = paced(seat, lambda: job.pattern.serve(seat, turn))
    used = usage().since(before)
    return lap._replace(last=digest(lap.last), sent=digest(lap.sent)), used


def _prove(job: Job, seat: Seat, order: Order) -> list[str]:
    kept: list[Any] = []
    turn, stream = Turn(order.operations), job.pattern.stream(seat)
    if stream is not None:
        turn = Turn(order.operations, make_payloads(job.content, order.nonce, job.size, order.operations, stream))
    job.pattern.serve(job.pattern.keep(seat, kept), turn)
    return job.pattern.account(kept)


class Team(Crew):
    """The peers of a visit, in the driver."""

    def __init__(self, context: BaseContext, jobs: Sequence[Job], ports: Sequence[Any]) -> None:
        self.controls: list[Connection] = []
        self.processes: list[BaseProcess] = []
        for job in jobs:
            control, theirs = context.Pipe()
            process: BaseProcess = context.Process(target=work, args=(job, ports, theirs), daemon=True)  # type: ignore[attr-defined]  # every concrete context has it
            process.start()
            theirs.close()
            self.controls.append(control)
            self.processes.append(process)
        signal.signal(signal.SIGCHLD, self._on_child)

    def ready(self) -> list[int]:
        """Wait until every peer is connected; return their process ids."""
        return [int(self._hear(i)) for i in range(len(self.controls))]

    def go(self, operations: int) -> None:
        """Tell every peer to start a timed turn of `operations`, and return at once."""
        order = Order("go", operations)
        for control in self.controls:
            control.send(order)

    def laps(self) -> tuple[list[Lap], Usage]:
        """Wait until every peer has ended its timed turn; return the laps, and the sum of what the peers used."""
        heard = [self._hear(i) for i in range(len(self.controls))]
        return [lap for lap, _ in heard], total_usage([used for _, used in heard])

    def prove(self, nonce: int, operations: int, only: int | None = None) -> None:
        order = Order("prove", operations, nonce)
        for control in self._those(only):
            control.send(order)

    def proved(self, only: int | None = None) -> list[list[str]]:
        return [self._hear(self.controls.index(control)) for control in self._those(only)]

    def stop(self) -> None:
        """Tell the peers to stop and wait for them; raises PeerFailed if one does not exit with code 0."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for control in self.controls:
            control.send(Order("stop"))
        for i, process in enumerate(self.processes):
            process.join(JOIN_SECONDS)
            if process.exitcode != 0:
                raise PeerFailed(f"{self._name(i)} {_ending(process)} when told to stop")
        for control in self.controls:
            control.close()

    def abandon(self) -> None:
        """Kill the remaining peers, after an error."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.join(JOIN_SECONDS)

    def _those(self, only: int | None) -> list[Connection]:
        return self.controls if only is None else [self.controls[only]]

    def _hear(self, i: int) -> Any:
        control, process = self.controls[i], self.processes[i]
        wait([control, process.sentinel])
        try:
            answer = control.recv() if control.poll() else None
        except (EOFError, ConnectionError):
            answer = None
        if answer is None:
            process.join(JOIN_SECONDS)
            raise PeerFailed(f"{self._name(i)} {_ending(process)}")
        if isinstance(answer, str):
            raise PeerFailed(f"{self._name(i)} raised {answer}")
        return answer

    def death_behind(self, error: Exception) -> Exception:
        """Return the death of a peer as the cause of a connection error; any other error is returned unchanged.

        The error can occur before the process has ended, so this waits for a moment.
        """
        if not isinstance(error, EOFError | ConnectionError):
            return error
        ending = wait([process.sentinel for process in self.processes], _DYING_SECONDS)
        for i, process in enumerate(self.processes):
            if process.sentinel in ending:
                process.join(_DYING_SECONDS)  # the sentinel is ready a moment before the exit code
                try:
                    self._hear(i)
                except PeerFailed as found:
                    return found
        return error

    def _on_child(self, _signal: int, _frame: FrameType | None) -> None:
        for i, process in enumerate(self.processes):
            if process.exitcode is not None:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # once: the next lines must not be interrupted
                self._hear(i)
                raise PeerFailed(f"{self._name(i)} {_ending(process)}")

    def _name(self, i: int) -> str:
        return f"peer {i + 1} of {len(self.controls)}"


def _ending(process: BaseProcess) -> str:
    code = process.exitcode
    if code is None:
        return "did not end"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"exited with code {code}"
