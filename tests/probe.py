"""What one mechanism really does under one start method, written down for tests/test_contract.py to judge.

Run as `python -m probe MECHANISM METHOD`, in a fresh process: forking pytest, with its threads and heavy modules, would
be another thing than what is measured. Prints one JSON object; each observation is either made or says what went wrong.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import util
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from ipcbench.errors import PeerFailed
from ipcbench.measure.names import claim_names
from ipcbench.measure.pattern import Pattern, Seat, Turn, Verification
from ipcbench.measure.patterns.access import Access
from ipcbench.measure.patterns.counter import Counter
from ipcbench.measure.patterns.fan_out import FanOut
from ipcbench.measure.patterns.hand_over import HandOver
from ipcbench.measure.patterns.ping_pong import PingPong
from ipcbench.measure.patterns.stream import Stream
from ipcbench.measure.patterns.task_queue import TaskQueue
from ipcbench.measure.patterns.tasks import Tasks, prove_answer
from ipcbench.measure.payload import content, digest, digests, make_payloads, own, window_for
from ipcbench.measure.peers import Job, Team, connect
from ipcbench.measure.placement import usable_cpus
from ipcbench.measure.ports import Executor, Mechanism, Port, PortSettings
from ipcbench.measure.registry import load_mechanism
from ipcbench.measure.threads import start_team
from ipcbench.model import START_METHODS, StartMethod

# Smallest, typical, and around the thresholds: 16 384 B is where a Connection writes twice (16 366 after pickling, of
# which 18 B are pickle's own), 65 536 B is what a pipe holds.
THRESHOLDS = (1, 64, 4096, 16366, 16367, 16384, 16385, 65535, 65536, 65537, 2**20)
FEW = (1, 64, 16385, 2**20)
WAITING = ("tcp-split", "listener-tcp", "manager-tcp")  # up to 90 ms for each message of some sizes
EXACT = ("array", "memcpy")  # what they copy into is as long as the payload
LARGE = (2**20,)
CELL_SIZES = (8, 64, 65536)
NUMBERS = (0, 1, -1, 2**31, 2**62, 2**63 - 1, -(2**63))
ROOM = (64, 2100, 4200, 16385, 32704)  # messages that leave pages of a pipe half empty, and the largest it must hold
ROOM_SECONDS = 20
TASKS = 300
ADDS = 2000
WORKERS = 3
PATIENCE = 5  # seconds until a message is not expected any more


class Stage(NamedTuple):
    """Everything set up for a turn."""

    team: Team
    seat: Seat
    pids: list[int]
    ports: Sequence[Port]
    settings: PortSettings


@contextmanager
def staged(
    mechanism: Mechanism, pattern: Pattern, method: StartMethod, size: int, workers: int = 1, operation: str = ""
) -> Iterator[Stage]:
    """Set a visit up and take it down as measure.worker does, without placement and pyperf."""
    context = multiprocessing.get_context(method)
    settings = PortSettings(context, size, window_for(size), workers)
    ports = pattern.lay(mechanism, settings)
    peers = workers if mechanism.starts_peers else 0
    seats = [Seat(i, operation, workers, settings.window) for i in range(-1, peers)]
    what = content(mechanism.carries, "bytes")
    jobs = [Job(pattern, what, size, seat, usable_cpus()) for seat in seats[1:]]
    team = start_team(mechanism, context, jobs, ports)
    try:
        connect(pattern, seats[0], ports)
        seat = pattern.sit(seats[0], ports, "driver")
        members = [pid for port in ports if isinstance(port, Executor) for pid in port.members()]
        yield Stage(team, seat, [*team.ready(), *members], ports, settings)
        team.stop()
    except BaseException:
        team.abandon()
        settings.close()
        raise
    for port in dict.fromkeys(ports):
        port.close()
        port.destroy()
    settings.close()


def streams(mechanism: Mechanism) -> bool:
    """Whether messages may follow each other without an answer."""
    return mechanism.peers != "nobody" and (not mechanism.only_patterns or "stream" in mechanism.only_patterns)


def difficult_payloads(mechanism: Mechanism, size: int) -> list[Any]:
    """Distinct payloads of one size, those among them that end in NUL or are nothing else."""
    if mechanism.carries == "number":
        return list(NUMBERS)
    nul = bytes(size)
    ordinary = [payload for payload in make_payloads("bytes", 1, size, 4) if isinstance(payload, bytes)]
    return list(dict.fromkeys([*ordinary, nul, ordinary[0][:-1] + b"\0", b"\0" + ordinary[0][1:], b"\xff" * size]))


def observe_echo(mechanism: Mechanism, method: StartMethod, *sizes: int) -> dict[str, Any]:
    """Send payloads of all these sizes to a peer that sends them back, over a port made for the largest."""
    most = 2 if mechanism.name in WAITING else None
    payloads = [payload for size in sizes for payload in difficult_payloads(mechanism, size)[:most]]
    with staged(mechanism, PingPong(), method, max(sizes)) as stage:
        stage.team.go(len(payloads))
        got = []
        for payload in payloads:
            stage.seat.send(payload)
            got.append(own(stage.seat.receive()))
        stage.team.laps()
    return {"sent": digests(payloads), "got": digests(got), "elsewhere": os.getpid() not in stage.pids}


def observe_burst(mechanism: Mechanism, method: StartMethod, size: int) -> dict[str, Any]:
    """Send more messages than may be in flight while the peer takes them."""
    count = 3 * window_for(size)
    payloads = make_payloads(content(mechanism.carries, "bytes"), 7, size, count)
    with staged(mechanism, Stream(), method, size) as stage:
        stage.team.prove(7, count)
        for payload in payloads:
            stage.seat.send(payload)
        (got,) = stage.team.proved()
    return {"sent": digests(payloads), "got": got}


def observe_room(mechanism: Mechanism, method: StartMethod, size: int) -> dict[str, Any]:
    """Send as many messages as a channel is sure to hold before anybody receives one."""
    payloads = make_payloads(content(mechanism.carries, "bytes"), 7, size, mechanism.room(size, window_for(size)))
    with staged(mechanism, Stream(), method, size) as stage:
        signal.alarm(ROOM_SECONDS)
        for payload in payloads:
            stage.seat.send(payload)
        signal.alarm(0)
        stage.team.prove(7, len(payloads))
        (got,) = stage.team.proved()
    return {"sent": digests(payloads), "got": got}


def observe_many(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Share tasks out among three workers; messages where a task, which is an object, cannot travel."""
    if mechanism.carries == "bytes":
        return observe_shared(mechanism, method)
    pattern = TaskQueue()
    payloads = make_payloads(content(mechanism.carries, "bytes"), 3, 64, TASKS)
    with staged(mechanism, pattern, method, 64, WORKERS) as stage:
        lap = pattern.drive(stage.seat, stage.team.go, Turn(TASKS, pattern.messages(payloads)))
        peers, _ = stage.team.laps()
    return {
        "numbers": sorted(number for number, _ in lap.finished),
        "workers": sorted({worker for _, worker in lap.finished}),
        "done": [peer.operations for peer in peers],
    }


def observe_shared(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Share messages out among three workers."""
    pattern = FanOut()
    payloads = make_payloads("bytes", 3, 64, TASKS)
    number_of = {digest(payload): number for number, payload in enumerate(payloads)}
    with staged(mechanism, pattern, method, 64, WORKERS) as stage:
        pattern.drive(stage.seat, partial(stage.team.prove, 3), Turn(TASKS, payloads))
        got = stage.team.proved()
    return {
        "numbers": sorted(number_of.get(one, -1) for received in got for one in received),
        "workers": list(range(len(got))),
        "done": [len(received) for received in got],
    }


def observe_tasks(mechanism: Mechanism, method: StartMethod, operation: str) -> dict[str, Any]:
    """Have an executor do tasks in one of its ways, after all of its workers have met."""
    pattern = Tasks()
    payloads = make_payloads(content(mechanism.carries, "bytes"), 3, 16385, TASKS)
    with staged(mechanism, pattern, method, 16385, WORKERS, operation) as stage:
        results = list(stage.seat.run(prove_answer, pattern.messages(payloads)))
        return {
            "got": [digest for _, _, digest in sorted(results)],
            "sent": digests(payloads),
            "members": len(set(stage.pids)),
            "strangers": len({worker for _, worker, _ in results} - set(stage.pids)),
            "elsewhere": os.getpid() not in stage.pids,
        }


def observe_signal(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Hand over to a peer and be handed back to, in order; twice, since the second finds what the first left."""
    pattern = HandOver()
    with staged(mechanism, pattern, method, 0) as stage:
        verification = Verification(stage.seat, stage.team, "bytes", 0, 5)
        proofs = [*pattern.prove(verification), *pattern.prove(verification)]
        return {"expected": [proof.expected for proof in proofs], "found": [proof.found for proof in proofs]}


def simplest(mechanism: Mechanism) -> tuple[Pattern, int, str]:
    """A pattern, a payload size and an operation that the first of a mechanism's ports can play."""
    if mechanism.executor:
        return Tasks(), 8, mechanism.operations[0]
    if mechanism.channel:
        return PingPong(), 8, ""
    return (Counter(), 8, "") if mechanism.cell else (HandOver(), 0, "")


def observe_closing_twice(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Close every port and the settings once more than needed."""
    pattern, size, operation = simplest(mechanism)
    with staged(mechanism, pattern, method, size, 1, operation) as stage:
        pass
    for port in stage.ports:
        port.close()
        port.close()
    stage.settings.close()
    return {"closed": True}


def observe_adding(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Add to one number from two workers at once."""
    pattern = Counter()
    with staged(mechanism, pattern, method, 8, 2) as stage:
        turn = Turn(ADDS)
        lap = pattern.drive(stage.seat, stage.team.go, turn)
        stage.team.laps()
        cell = stage.seat.cell
        return {"added": cell.total() - lap.last if cell else None}


def observe_state(mechanism: Mechanism, method: StartMethod, size: int) -> dict[str, Any]:
    """Write in the driver and read in a peer, then the other way round."""
    found: dict[str, Any] = {}
    with staged(mechanism, Access(), method, size, 1, "read") as stage:
        written = difficult_payloads(mechanism, size)[:6]
        found["written"], found["read"], found["own"] = digests(written), [], []
        for payload in written:
            stage.seat.send(payload)
            stage.team.prove(0, 1)
            found["read"] += stage.team.proved()[0]
            found["own"].append(digest(stage.seat.receive()))
    with staged(mechanism, Access(), method, size, 1, "write") as stage:
        stage.team.prove(11, 1)
        stage.team.proved()
        found["peer wrote"] = digests(make_payloads(content(mechanism.carries, "bytes"), 11, size, 1))
        found["driver read"] = [digest(stage.seat.receive())]
    return found


def observe_death(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Kill the peer and wait for its next message."""
    with suppress(PeerFailed, ConnectionError), staged(mechanism, PingPong(), method, 64) as stage:
        stage.team.go(1)
        stage.seat.send(difficult_payloads(mechanism, 64)[0])
        stage.seat.receive()
        stage.team.laps()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.kill(stage.pids[0], signal.SIGKILL)
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(PATIENCE)
        try:
            stage.seat.receive()
            noticed = "a message"
        except Exception as error:
            noticed = type(error).__name__
        signal.alarm(0)
    for port in dict.fromkeys(stage.ports):
        port.close()
        port.destroy()
    return {"noticed": noticed}


def give_up(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Handle a signal by ending a wait that would not end."""
    raise TimeoutError


def observe_leftovers(
    mechanism: Mechanism, method: StartMethod, prefix: str, visits: tuple[int, int]
) -> dict[str, Any]:
    """Count what this process holds after some visits, which start lasting helpers, and after some more."""
    pattern, size, operation = simplest(mechanism)
    counts = []
    for count in visits:
        for _ in range(count):
            with staged(mechanism, pattern, method, size, 1, operation) as stage:
                if isinstance(pattern, HandOver):
                    pattern.drive(stage.seat, stage.team.go, Turn(1))
                    stage.team.laps()
                if mechanism.channel:
                    stage.team.go(1)
                    stage.seat.send(difficult_payloads(mechanism, 8)[0])
                    stage.seat.receive()
                    stage.team.laps()
            del stage
        gc.collect()
        counts.append({"descriptors": len(os.listdir("/proc/self/fd")), "threads": threading.active_count()})
    names = [path.name for path in Path("/dev/shm").iterdir() if prefix in path.name]
    alive = [child.name for child in multiprocessing.active_children()]
    return {"early": counts[0], "late": counts[1], "names": names, "children": alive}


def observe_refusal(mechanism: Mechanism, size: int) -> dict[str, Any]:
    """Try to send so many bytes through a mechanism, in this process."""
    if mechanism.channel is None:
        return {"refused": "no channel"}
    settings = PortSettings(multiprocessing.get_context("fork"), size, 4, 1)
    made: list[Port] = []
    try:
        port = mechanism.channel(settings)
        made.append(port)
        port.connect("driver")
        port.sender()(b"x" * size)
        return {"refused": ""}
    except (TypeError, ValueError, OSError, AssertionError) as error:
        return {"refused": type(error).__name__}
    finally:
        for opened in made:
            opened.close()
            opened.destroy()
        settings.close()


def _on_alarm(*_: object) -> NoReturn:
    raise TimeoutError("sending blocked")


def main(name: str, method: StartMethod) -> None:
    """Make every observation that this mechanism allows."""
    claim_names()
    signal.signal(signal.SIGALRM, _on_alarm)
    prefix = multiprocessing.current_process()._config["semprefix"].lstrip("/")  # type: ignore[attr-defined]
    mechanism = load_mechanism(name)
    full = method == mechanism.start_methods[0]  # one is tried in full, which is fork where there is fork
    alike = mechanism.family == "managers" and name != "manager-queue"  # they all send by the same means
    thorough = full and not alike and name not in WAITING
    sizes = (8,) if mechanism.carries == "number" else THRESHOLDS if thorough else FEW
    largest = mechanism.largest
    fitting = [size for size in sizes if largest is None or size < largest] + [largest] * (largest is not None)
    bursting = {*(FEW if thorough else LARGE), 8, 64, largest} if full and streams(mechanism) else set()
    bursts = [size for size in fitting if size in bursting]
    cell_sizes = (8,) if mechanism.carries == "number" else CELL_SIZES if full else (8,)
    wanted: dict[str, Callable[[], dict[str, Any]]] = {}
    if mechanism.channel:
        for group in [[size] for size in fitting] if name in EXACT else [fitting]:
            wanted[f"echo {group}"] = lambda group=group: observe_echo(mechanism, method, *group)  # type: ignore[misc]
        for size in bursts:
            wanted[f"burst {size}"] = lambda size=size: observe_burst(mechanism, method, size)  # type: ignore[misc]
        for size in ROOM if full and mechanism.carries != "number" else (8,) if full else ():
            if (mechanism.largest or size) >= size >= mechanism.smallest and mechanism.room(size, 1):
                wanted[f"room {size}"] = lambda size=size: observe_room(mechanism, method, size)  # type: ignore[misc]
        if (mechanism.senders, mechanism.receivers) == ("many", "many"):
            wanted["many"] = lambda: observe_many(mechanism, method)
    if mechanism.cell:
        wanted["adding"] = lambda: observe_adding(mechanism, method)
        for size in cell_sizes:
            wanted[f"state {size}"] = lambda size=size: observe_state(mechanism, method, size)  # type: ignore[misc]
    if mechanism.executor:
        for way in mechanism.operations if full else mechanism.operations[-1:]:
            wanted[f"tasks {way}"] = lambda way=way: observe_tasks(mechanism, method, way)  # type: ignore[misc]
    if mechanism.signal:
        wanted["signal"] = lambda: observe_signal(mechanism, method)
    wanted["leftovers"] = lambda: observe_leftovers(mechanism, method, prefix, (2, 3) if full else (1, 1))
    if full and mechanism.dead_peer == "end of file":
        wanted["death"] = lambda: observe_death(mechanism, method)
    if full:
        wanted["closing twice"] = lambda: observe_closing_twice(mechanism, method)
    if mechanism.carries == "number" and full:
        wanted["refusal"] = lambda: observe_refusal(mechanism, 64)
    if largest is not None and full:
        wanted["refusal"] = lambda: observe_refusal(mechanism, largest + 1)
    seen = {}
    for what, observe in wanted.items():
        try:
            seen[what] = observe()
        except Exception as error:
            seen[what] = {"error": f"{type(error).__name__}: {error}"}
    seen["leftovers"]["files"] = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith(prefix)]
    print(json.dumps(seen))


if __name__ == "__main__":
    here = os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="p-")
    util.Finalize(None, shutil.rmtree, args=(here, True), exitpriority=-200)  # after multiprocessing's own folder in it
    main(sys.argv[1], next(method for method in START_METHODS if method == sys.argv[2]))
