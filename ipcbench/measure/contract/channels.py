"""Observe a channel: bytes, order, room, limits, sharing."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import partial
from typing import Any

from ipcbench.errors import PeerFailed
from ipcbench.measure.api.digest import digest, digests, own
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Turn, Verification
from ipcbench.measure.api.payload import content, make_payloads
from ipcbench.measure.api.pool import window_for
from ipcbench.measure.contract.stage import (
    TASKS,
    WORKERS,
    difficult_payloads,
    give_up,
    put_away,
    staged,
)
from ipcbench.measure.registry import load_pattern
from ipcbench.model import StartMethod

WAITING = ("tcp-split", "listener-tcp", "manager-tcp")  # up to 90 ms for each message of some sizes
PATIENCE = 5  # seconds to wait for a message


def observe_echo(mechanism: Mechanism, method: StartMethod, *sizes: int) -> dict[str, Any]:
    """Send payloads of all these sizes to a peer that sends them back, over a port made for the largest size."""
    most = 2 if mechanism.name in WAITING else None
    payloads = [payload for size in sizes for payload in difficult_payloads(mechanism, size)[:most]]
    with staged(mechanism, load_pattern("ping-pong"), method, max(sizes)) as stage:
        stage.team.go(len(payloads))
        got = []
        for payload in payloads:
            stage.seat.send(payload)
            got.append(own(stage.seat.receive()))
        stage.team.laps()
    return {"sent": digests(payloads), "got": digests(got), "elsewhere": os.getpid() not in stage.pids}


def observe_burst(mechanism: Mechanism, method: StartMethod, size: int) -> dict[str, Any]:
    """Send more messages than may be in flight, while the peer receives."""
    count = 3 * window_for(size)
    payloads = make_payloads(content(mechanism.carries, mechanism.usual_payload), 7, size, count)
    with staged(mechanism, load_pattern("stream"), method, size) as stage:
        stage.team.prove(7, count)
        for payload in payloads:
            stage.seat.send(payload)
        (got,) = stage.team.proved()
    return {"sent": digests(payloads), "got": got}


def observe_room(mechanism: Mechanism, method: StartMethod, size: int) -> dict[str, Any]:
    """Send as many messages as a channel is sure to hold, before the peer receives the first."""
    payloads = make_payloads(
        content(mechanism.carries, mechanism.usual_payload), 7, size, mechanism.room(size, window_for(size))
    )
    with staged(mechanism, load_pattern("stream"), method, size) as stage:
        for payload in payloads:
            stage.seat.send(payload)
        stage.team.prove(7, len(payloads))
        (got,) = stage.team.proved()
    return {"sent": digests(payloads), "got": got}


def observe_many(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Distribute tasks among three workers; plain messages if the channel carries only bytes."""
    if mechanism.carries == "bytes":
        return observe_shared(mechanism, method)
    pattern = load_pattern("task-queue")
    payloads = make_payloads(content(mechanism.carries, mechanism.usual_payload), 3, 64, TASKS)
    with staged(mechanism, pattern, method, 64, WORKERS) as stage:
        lap = pattern.drive(stage.seat, stage.team.go, Turn(TASKS, pattern.messages(payloads)))
        peers, _ = stage.team.laps()
    return {
        "numbers": sorted(number for number, _ in lap.finished),
        "workers": sorted({worker for _, worker in lap.finished}),
        "done": [peer.operations for peer in peers],
    }


def observe_shared(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Distribute messages among three workers."""
    pattern = load_pattern("fan-out")
    payloads = make_payloads(content(mechanism.carries, mechanism.usual_payload), 3, 64, TASKS)
    number_of = {digest(payload): number for number, payload in enumerate(payloads)}
    with staged(mechanism, pattern, method, 64, WORKERS) as stage:
        pattern.drive(stage.seat, partial(stage.team.prove, 3), Turn(TASKS, payloads))
        got = stage.team.proved()
    return {
        "numbers": sorted(number_of.get(one, -1) for received in got for one in received),
        "workers": list(range(len(got))),
        "done": [len(received) for received in got],
    }


def observe_death(mechanism: Mechanism, method: StartMethod) -> dict[str, Any]:
    """Kill the peer, then wait for its next message."""
    with suppress(PeerFailed, ConnectionError), staged(mechanism, load_pattern("ping-pong"), method, 64) as stage:
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
    put_away(stage)
    return {"noticed": noticed}


def observe_refusal(mechanism: Mechanism, method: StartMethod, size: int) -> dict[str, Any]:
    """Try to send `size` bytes to a peer; return the error raised, or what arrived."""
    payload = b"x" * size
    sent = digests([payload])
    try:
        with staged(mechanism, load_pattern("stream"), method, size) as stage:
            try:
                stage.seat.send(payload)
            except (TypeError, ValueError, OSError, AssertionError) as error:
                return {"refused": type(error).__name__, "sent": sent, "got": []}
            stage.team.prove(7, 1)
            (got,) = stage.team.proved()
    except (TypeError, ValueError, OSError, AssertionError) as error:  # raised by making the port
        return {"refused": type(error).__name__, "sent": sent, "got": []}
    return {"refused": "", "sent": sent, "got": got}


def observe_proofs(mechanism: Mechanism, method: StartMethod, name: str, size: int, workers: int) -> dict[str, Any]:
    """Play two verification turns of a pattern, as a visit does, and return the proofs."""
    pattern = load_pattern(name)
    what = content(mechanism.carries, mechanism.usual_payload)
    with staged(mechanism, pattern, method, size, workers) as stage:
        proofs = [
            proof._asdict()
            for nonce in (5, 6)
            for proof in pattern.prove(Verification(stage.seat, stage.team, what, size, nonce))
        ]
        return {"size": size, "workers": workers, "pids": [os.getpid(), *stage.pids], "proofs": proofs}
