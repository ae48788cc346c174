"""Measure one case under pyperf: `python -m ipcbench.measure.worker --case ping-pong/queue/64B/1w -o FILE`.

A plain pyperf script with one more option, so every pyperf flag works. The life of a visit:

    set up: place this process, make the ports, start the peers, wait until all are ready
    verify ─ warm-up ─ values ─ verify again          pyperf calls Session.time for the middle part
             each after waiting for its turn, see process/token.py
    tear down: stop the peers, close the ports; add the "ipcbench" object to the file that pyperf wrote
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from resource import RUSAGE_CHILDREN
from types import FrameType, ModuleType
from typing import IO, Any, NoReturn

from ipcbench.errors import SHORT_OF, BadRequest, NotOffered
from ipcbench.measure.api.histogram import histogram
from ipcbench.measure.api.pattern import Go, Lap, Proof, Seat, Turn, Unverified, Verification, paced
from ipcbench.measure.api.payload import content, load_kind, make_payloads
from ipcbench.measure.api.pool import pool_count, window_for
from ipcbench.measure.api.ports import Executor, Port
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.process import memory
from ipcbench.measure.process.awake import Awake
from ipcbench.measure.process.exit import complain, leave_process
from ipcbench.measure.process.leaks import Ledger, take_ledger
from ipcbench.measure.process.names import WORKER, claim_names, visit_folder
from ipcbench.measure.process.placement import assign, background_threads, place, usable_cpus
from ipcbench.measure.process.stages import mark, show_stacks
from ipcbench.measure.process.team import (
    Job,
    Team,
    Usage,
    connect,
    helper_usage,
    is_thread,
    payload_turn,
    total_usage,
    usage,
)
from ipcbench.measure.process.thread_team import start_team
from ipcbench.measure.process.token import Token
from ipcbench.measure.registry import load_mechanism, load_pattern
from ipcbench.model import Case, Memory
from ipcbench.text import safe_text

WARMING = 10  # a turn is preceded by one of a tenth of its loops, which is not timed


class Session:
    """One visit, from set-up to tear-down; token is what it waits for before every turn."""

    def __init__(self, case: Case, token: Token | None = None) -> None:
        self.case = case
        self.token = token or Token()
        self.pattern = load_pattern(case.pattern)
        self.mechanism = load_mechanism(case.mechanism)
        self.content = content(self.mechanism.carries, case.payload)
        self.available = usable_cpus()
        self.window = window_for(case.size)
        self.workers = self.pattern.peers(case.workers) if self.mechanism.starts_peers else 0
        context = multiprocessing.get_context(case.start_method)
        most = case.size + load_kind(case.payload).beside
        self.settings = PortSettings(context, most, self.window, self.workers or case.workers, case.payload)
        self.team: Team | None = None
        self.ports: Sequence[Port] = ()
        self.laps: list[tuple[int, Usage]] = []
        self.tails: list[Counter[int]] = []
        self.proofs: list[Proof] = []
        self.pids: list[int] = []
        self.helpers: list[int] = []
        self.notes: list[str] = []
        self.awake = Awake(())
        self.resident = 0
        self.memory = Memory()

    def set_up(self) -> None:
        """Pin this process, make ports, start peers and connect, in the order that placement and inheritance need."""
        case, pattern, mechanism = self.case, self.pattern, self.mechanism
        if missing := mechanism.missing():
            raise NotOffered(missing)  # this Python may lack what the Python of the plan has
        load_kind(case.payload).prepare()  # peers that are forked inherit it
        self.cpus = assign(case.placement, self.available, background_threads(mechanism, pattern, case))
        if case.cpus == "awake":
            self.awake = Awake(cpu for cpus in self.cpus for cpu in cpus)
        own = case.workers if mechanism.peers == "own" else 0
        self.settings.cpus = self.cpus[1 : 1 + own]
        window = pattern.window(mechanism, case)
        seats = [Seat(i, case.operation, case.workers, window, payload=case.payload) for i in range(-1, self.workers)]
        self.jobs = [
            Job(pattern, self.content, case.size, seat, cpus)
            for seat, cpus in zip(seats[1:], self.cpus[1:], strict=False)
        ]
        if pattern.cycles:
            place(self.cpus[0])
            self.team = Team(self.settings.context, (), ())
            self.seat = seats[0]._replace(cycle=self.cycle)
        else:
            self.seat = self.start(seats[0])
        nonce = int.from_bytes(os.urandom(7), "little")
        self.pool: Sequence[Any] = ()
        stream = pattern.stream(seats[0])
        if stream is not None:
            self.pool = make_payloads(self.content, nonce, case.size, pool_count(case.size, self.window), stream)

    def start(self, seat: Seat) -> Seat:
        """Make the ports, start the peers, wait until all are connected; return the driver's seat, with callables."""
        if self.mechanism.background_processes:
            place(self.cpus[-1])  # background processes start while ports are made, and inherit the CPUs
        self.ports = self.pattern.make_ports(self.mechanism, self.settings)
        if not self.pattern.cycles:
            check_medium()
        place(self.cpus[0])
        self.team = start_team(self.mechanism, self.settings.context, self.jobs, self.ports)
        connect(self.pattern, seat, self.ports)
        seat = self.pattern.loaded(self.pattern.equip(seat, self.ports, "driver"))
        members = [pid for port in self.ports if isinstance(port, Executor) for pid in port.members()]
        self.pids = [os.getpid(), *self.team.ready(), *members]
        self.helpers = [pid for pid in members if pid != os.getpid() and not is_thread(pid)]
        return seat

    def end(self) -> None:
        """Stop the peers and release what the ports hold."""
        if self.team is not None:
            self.team.stop()
        for port in dict.fromkeys(self.ports):
            port.close()
            port.destroy()
        self.settings.close()

    def cycle(self, play: Callable[[Seat, Go], object]) -> Sequence[Lap]:
        """Make ports, start peers, play one turn and end it all: one operation of the pattern `set-up`."""
        outer = self.team
        seat = self.start(self.seat)
        if self.team is None:
            raise RuntimeError("nothing is set up")
        play(seat, self.team.go)
        laps, _ = self.team.laps()
        self.end()
        self.team, self.ports = outer, ()
        return laps

    def verify(self, loops: int) -> None:
        """Play a verification turn and keep its proofs, which the orchestrator judges; timed turns have so many loops.

        A lost message leaves a receiver waiting, so a timer limits the turn; raises Unverified when it expires.
        """
        if self.team is None:
            raise RuntimeError("nothing is set up")
        nonce = int.from_bytes(os.urandom(7), "little")
        verification = Verification(self.seat, self.team, self.content, self.case.size, nonce, loops)
        signal.setitimer(signal.ITIMER_REAL, _limit())
        try:
            self.proofs += self.pattern.prove(verification)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def time(self, loops: int) -> float:
        """Play one timed turn; return its seconds. pyperf calls this for warm-ups, calibration and values."""
        first = self.team is None
        if first:
            mark("set-up")
            try:
                self.set_up()
            except OSError as error:
                if error.errno in SHORT_OF:
                    raise NotOffered(f"setting up needs more than this machine has: {error.strerror}") from error
                raise
            mark("first verification")
            self.verify(loops)
            check_medium()  # patterns with cycles make their ports only now
            self.resident = memory.resident(self.awake.loops.values())
        self.token.wait("turn")
        if first:
            mark("timing")
        with self.awake:
            if self.token.shared and loops >= WARMING:  # the caches are those of the visit that had the last turn
                self.play(loops // WARMING)
            driver, peers, used = self.play(loops)
        self.laps.append((loops, used))
        self.tails.append(histogram(self.pattern.delays(self.seat, driver, peers)))
        return self.pattern.seconds(self.seat, driver, peers)

    def play(self, loops: int) -> tuple[Lap, Sequence[Lap], Usage]:
        """Play a turn; return the laps of the driver and of the peers, and what all processes used."""
        team = self.team
        if team is None:
            raise RuntimeError("nothing is set up")
        turn = payload_turn(self.pattern, self.pool, loops) if self.pool else Turn(loops)
        helpers = [*self.settings.helpers(), *self.helpers]
        before, helpers_before = self.usage(), helper_usage(helpers)
        driver = paced(self.seat, lambda: self.pattern.drive(self.seat, team.go, turn))
        peers, peers_used = team.laps()
        used = total_usage([self.usage().since(before), peers_used, helper_usage(helpers).since(helpers_before)])
        self.pattern.check(self.seat, turn, driver, peers)
        return driver, peers, used

    def usage(self) -> Usage:
        """Return what this process has used; with its ended children, if a turn starts and ends them."""
        return total_usage([usage(), usage(RUSAGE_CHILDREN)]) if self.pattern.cycles else usage()

    def finish(self) -> None:
        """Verify again and tear down."""
        if self.team is None:
            return
        self.token.wait("end")
        mark("second verification")
        if not self.pattern.cycles:  # whose processes have ended
            loops = self.awake.loops.values()
            grown = max(memory.resident(loops) - self.resident, 0)
            self.memory = memory.used(loops)._replace(grown=grown)
        self.verify(self.laps[-1][0])
        mark("tear-down")
        self.end()
        self.awake.end()
        if self.affinity_changed():
            self.notes.append("affinity-changed")

    def affinity_changed(self) -> bool:
        """Return whether this process was moved to other CPUs than it chose."""
        return hasattr(os, "sched_getaffinity") and os.sched_getaffinity(0) != set(self.cpus[0])

    def abandon(self) -> None:
        """Kill the peers and helper processes, after an error."""
        if self.team is not None:
            self.team.abandon()
        self.awake.end()
        self.settings.close()

    def report(self, values: int) -> dict[str, Any]:
        """Return the "ipcbench" object of the visit's file, about the last `values` turns."""
        timed = self.laps[-values:] if values else []
        used = total_usage([used for _, used in timed])
        return {
            "operations": sum(loops for loops, _ in timed) * operations_per_loop(self.case),
            "cpu_user": used.user,
            "cpu_system": used.system,
            "context_switches": used.switches,
            "cpus": [list(cpus) for cpus in self.cpus],
            "pids": self.pids,
            "proofs": [proof._asdict() for proof in self.proofs],
            "notes": self.notes,
            "encoded": self.pattern.encoded,
            "memory": self.memory,
            "tail": sorted(sum(self.tails[-values:] if values else [], Counter()).items()),
        }


def check_medium() -> None:
    """Raise NotOffered if multiprocessing has put shared Values or Arrays in a file on disk.

    It does so silently where /dev/shm is too small (multiprocessing.heap.Arena, bpo-30919).
    """
    heap = sys.modules.get("multiprocessing.heap")
    if heap and sys.platform == "linux":
        for arena in heap.BufferWrapper._heap._arenas:
            if not os.readlink(f"/proc/self/fd/{arena.fd}").startswith("/dev/shm/"):
                raise NotOffered("its memory would be a file on disk, because /dev/shm has too little room")


def operations_per_loop(case: Case) -> int:
    """Return the number of operations in one of pyperf's loops."""
    return load_pattern(case.pattern).per_loop(case.workers)


def _limit() -> float:
    """Return the seconds that a verification turn may take: less than the warden's limit; 0, no limit, without one."""
    return 0.8 * float(os.environ["IPCBENCH_STAGE_SECONDS"]) if visit_folder() else 0.0


def _on_alarm(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Unverified(f"not every message of a verification turn had arrived after {_limit():.0f} s")


def _case(text: str) -> Case:
    try:
        case = Case.parse(text)
        pattern, mechanism = load_pattern(case.pattern), load_mechanism(case.mechanism)
    except BadRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    reason = pattern.unfit(mechanism, case) or (None if visit_folder() else mechanism.missing())
    if reason:
        raise argparse.ArgumentTypeError(reason)
    return case


def _pass_case(command: list[str], args: argparse.Namespace) -> None:
    command.extend(("--case", args.case.id))


def _lighten_pyperf() -> None:
    """Keep pyperf from importing what a visit never uses; those imports were a quarter of the cost of a visit.

    psutil is optional to pyperf, which on Linux gets the same facts from the standard library. A visit uses no hooks;
    to find them, pyperf would import importlib.metadata and look at every installed package.
    """
    sys.modules.setdefault("psutil", None)  # type: ignore[arg-type]  # None makes the import fail
    hooks: Any = ModuleType("pyperf._hooks")
    hooks.get_hook_names = list
    hooks.instantiate_selected_hooks = lambda _asked: {}
    sys.modules.setdefault("pyperf._hooks", hooks)


@cache
def _shield_pyperf() -> None:
    """Keep pyperf from failing a visit while it describes the machine, after the timing.

    pyperf 2.10 raises if a file of /proc or /sys is not UTF-8 or has an unknown format, and if the uptime is negative,
    as with a clock set to 1970. With these changes the description lacks what pyperf cannot read or would reject.
    """
    import pyperf._collect_metadata as collecting
    import pyperf._utils as reading
    from pyperf._metadata import parse_metadata

    def open_text(path: str, write: bool = False) -> IO[str]:
        return open(path, "w" if write else "r", encoding="utf-8", errors="replace")

    def tolerant(collect: Callable[..., None]) -> Callable[..., None]:
        def described(*arguments: Any) -> None:
            with contextlib.suppress(Exception):
                collect(*arguments)

        return described

    def cleaned(*arguments: Any, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in collect_all(*arguments, **options).items():
            with contextlib.suppress(ValueError):
                found |= parse_metadata({name: safe_text(value, 4000) if isinstance(value, str) else value})
        return found

    for module in (reading, collecting):
        module.open_text = open_text
    collect_all = collecting.collect_metadata
    for name in [name for name in vars(collecting) if name.startswith("collect_")]:
        setattr(collecting, name, tolerant(getattr(collecting, name)))
    collecting.collect_metadata = cleaned


def prepare() -> None:
    """Import pyperf, and make it fit for visits, in a process from which they are forked."""
    _lighten_pyperf()
    _shield_pyperf()


def run(arguments: Sequence[str] | None = None) -> Ledger:
    """Run the case that the command line names, under pyperf; return what this process held before it."""
    if visit_folder():
        _lighten_pyperf()
    import pyperf  # not at the top: it takes 0.1 s, and peers under spawn import this module too

    _shield_pyperf()
    runner = pyperf.Runner(values=2, min_time=0.05, program_args=WORKER, add_cmdline_args=_pass_case)
    runner.argparser.add_argument("--case", type=_case, required=True, help="case id: ping-pong/queue/64B/1w")
    args = runner.parse_args(arguments)
    if visit_folder():
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - pyperf's summary is not used, and stdout may be closed
    claim_names()
    if args.worker:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _on_alarm)
    show_stacks("driver")
    token = Token()
    before = take_ledger()
    session = Session(args.case, token)
    try:
        try:
            bench = runner.bench_time_func(args.case.id, session.time, inner_loops=operations_per_loop(args.case))
            session.finish()
        except Exception:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a SIGCHLD before this line ends in the outer except clause
            raise
    except Exception as error:
        complain(session.settings.blame(session.team.death_behind(error) if session.team else error))
        session.abandon()
        if not args.worker:
            raise
        # os._exit, because the interpreter's exit would wait for the feeder thread of a queue that has no reader left.
        sys.__excepthook__(*sys.exc_info())  # traceback.print_exc needs a descriptor from 3.15 on
        sys.stderr.flush()
        os._exit(1)
    if args.worker and args.output:
        values = len(bench.get_values()) if not (args.calibrate_loops or args.recalibrate_loops) else 0
        _extend(Path(args.output), session.report(values))
    mark("exit")
    return before


def _extend(path: Path, report: dict[str, Any]) -> None:
    """Add the "ipcbench" object to pyperf's file, atomically."""
    suite = json.loads(path.read_text())
    suite["ipcbench"] = report
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(suite))
    os.replace(temporary, path)


def main() -> None:
    """Be a worker; in a visit, end this process."""
    held = run()
    if visit_folder():
        leave_process(held)


if __name__ == "__main__":
    main()
