"""Observe executors, signals and cells, and what any mechanism leaves behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Turn, Verification
from ipcbench.measure.api.payload import content, make_payloads
from ipcbench.measure.contract.stage import ADDS, TASKS, WORKERS, difficult_payloads, simplest, staged
from ipcbench.measure.registry import load_pattern
from ipcbench.model import StartMethod

SETTLING = 0.1  # seconds


def observe_tasks(mechanism: Mechanism, method: StartMethod, operation: str, tasks: int = TASKS) -> dict[str, Any]:
    """Let an executor run tasks in one of its ways, after all its workers have answered."""
    pattern = load_pattern("tasks")
    payloads = make_payloads(content(mechanism.carries, mechanism.usual_payload), 3, 16385, tasks)
    answer = sys.modules[type(pattern).__module__].prove_answer  # the task of the pattern's own verification
    with staged(mechanism, pattern, method, 16385, WORKERS, operation) as stage:
        results = list(stage.seat.run(answer, pattern.messages(payloads)))
        return {
            "got": [digest for _, _, digest in sorted(results)],
            "sent": digests(payloads),
            "members": len(set(stage.pids)),
            "strangers": len({worker for _, worker, _ in results} - set(stage.pids)),
            "elsewhere": os.getpid() not in stage.pids,
        }


def observe_signal(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Notify a peer and wait for its answer, in order; twice, as the second time finds what the first left."""
    pattern = load_pattern("hand-over")
    with staged(mechanism, pattern, method, 0) as stage:
        verification = Verification(stage.seat, stage.team, "bytes", 0, 5)
        proofs = [*pattern.prove(verification), *pattern.prove(verification)]
        return {"expected": [proof.expected for proof in proofs], "found": [proof.found for proof in proofs]}


def observe_closing_twice(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Close every port and the settings more often than needed."""
    pattern, size, operation = simplest(mechanism)
    with staged(mechanism, pattern, method, size, mechanism.least_workers, operation) as stage:
        pass
    for port in reversed(stage.ports):  # each was closed once, in order of creation
        port.close()
        port.close()
    stage.settings.close()
    return {"closed": True}


def observe_adding(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Add to one number in two workers at once."""
    pattern = load_pattern("counter")
    with staged(mechanism, pattern, method, 8, 2) as stage:
        turn = Turn(ADDS)
        lap = pattern.drive(stage.seat, stage.team.go, turn)
        stage.team.laps()
        cell = stage.seat.cell
        return {"added": cell.total() - lap.last if cell else None}


def observe_state(mechanism: Mechanism, method: StartMethod, size: int) -> dict[str, Any]:
    """Write in the driver and read in a peer, then the reverse."""
    found: dict[str, Any] = {}
    with staged(mechanism, load_pattern("access"), method, size, 1, "read") as stage:
        written = difficult_payloads(mechanism, size)[:6]
        found["written"], found["read"], found["own"] = digests(written), [], []
        for payload in written:
            stage.seat.send(payload)
            stage.team.prove(0, 1)
            found["read"] += stage.team.proved()[0]
            found["own"].append(digest(stage.seat.receive()))
    with staged(mechanism, load_pattern("access"), method, size, 1, "write") as stage:
        stage.team.prove(11, 1)
        stage.team.proved()
        found["peer wrote"] = digests(make_payloads(content(mechanism.carries, mechanism.usual_payload), 11, size, 1))
        found["driver read"] = [digest(stage.seat.receive())]
    return found


def observe_leftovers(
    mechanism: Mechanism, method: StartMethod, prefix: str, visits: tuple[int, int]
) -> dict[str, Any]:
    """Count what this process holds after a few visits, which start lasting helpers, and after some more."""
    pattern, size, operation = simplest(mechanism)
    counts = []
    for count in visits:
        for _ in range(count):
            with staged(mechanism, pattern, method, size, mechanism.least_workers, operation) as stage:
                if mechanism.signal and not mechanism.channel:
                    pattern.drive(stage.seat, stage.team.go, Turn(1))
                    stage.team.laps()
                if mechanism.channel:
                    stage.team.go(1)
                    stage.seat.send(difficult_payloads(mechanism, size)[0])
                    stage.seat.receive()
                    stage.team.laps()
            del stage
        gc.collect()
        counts.append({"descriptors": least_descriptors(mechanism), "threads": threading.active_count()})
    names = [path.name for path in Path("/dev/shm").iterdir() if prefix in path.name]
    alive = [child.name for child in multiprocessing.active_children()]
    return {"early": counts[0], "late": counts[1], "names": names, "children": alive}


def least_descriptors(mechanism: Mechanism) -> int:
    """Count this process's descriptors; the least of several counts if a library's threads may still close some."""
    until = time.monotonic() + (SETTLING if mechanism.third_party and mechanism.background_threads else 0)
    least = len(os.listdir("/proc/self/fd"))
    while time.monotonic() < until:
        least = min(least, len(os.listdir("/proc/self/fd")))
    return least
