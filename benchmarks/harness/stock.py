"""The stock way to measure six cases: pyperf's Runner with its defaults, around loops written by hand.

A careful engineer writes this without ipcbench. Every value starts a peer, which reports that it is ready before the
clock starts, and ends it after the clock stops. The names are the ids of the cases in ipcbench.

    python benchmarks/harness/stock.py -o stock.json
"""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from multiprocessing.synchronize import Semaphore
from time import perf_counter
from typing import Any

import pyperf

CONTEXT = multiprocessing.get_context("fork")
SMALL, LARGE = 64, 65_536


def timed(loops: int, send: Callable[[bytes], object], receive: Callable[[], object], payload: bytes) -> float:
    """Return the seconds of `loops` round trips."""
    start = perf_counter()
    for _ in range(loops):
        send(payload)
        receive()
    return perf_counter() - start


def over_pipe(loops: int, size: int) -> float:
    here, there = CONTEXT.Pipe()
    peer = CONTEXT.Process(target=echo, args=(there.send, there.recv, loops))
    peer.start()
    here.recv()
    seconds = timed(loops, here.send, here.recv, os.urandom(size))
    end(peer, here, there)
    return seconds


def over_queue(loops: int, size: int) -> float:
    there, back = CONTEXT.Queue(), CONTEXT.Queue()
    peer = CONTEXT.Process(target=echo, args=(back.put, there.get, loops))
    peer.start()
    back.get()
    seconds = timed(loops, there.put, back.get, os.urandom(size))
    end(peer, there, back)
    return seconds


def over_simple_queue(loops: int, size: int) -> float:
    there, back = CONTEXT.SimpleQueue(), CONTEXT.SimpleQueue()
    peer = CONTEXT.Process(target=echo, args=(back.put, there.get, loops))
    peer.start()
    back.get()
    seconds = timed(loops, there.put, back.get, os.urandom(size))
    end(peer, there, back)
    return seconds


def over_shared_memory(loops: int, size: int) -> float:
    there, back = SharedMemory(create=True, size=size), SharedMemory(create=True, size=size)
    new: Any = there.buf
    old: Any = back.buf
    asked, answered = CONTEXT.Semaphore(0), CONTEXT.Semaphore(0)
    peer = CONTEXT.Process(target=echo_memory, args=(there, back, asked, answered, size, loops))
    peer.start()
    answered.acquire()

    def send(payload: bytes) -> None:
        new[:size] = payload
        asked.release()

    def receive() -> bytes:
        answered.acquire()
        return bytes(old[:size])

    seconds = timed(loops, send, receive, os.urandom(size))
    end(peer, there, back)
    there.unlink()
    back.unlink()
    return seconds


def echo(send: Callable[[bytes], object], receive: Callable[[], bytes], loops: int) -> None:
    """Report that the peer is ready, then send back each message."""
    send(b"ready")
    for _ in range(loops):
        send(receive())


def echo_memory(
    there: SharedMemory, back: SharedMemory, asked: Semaphore, answered: Semaphore, size: int, loops: int
) -> None:
    new: Any = there.buf
    old: Any = back.buf
    answered.release()
    for _ in range(loops):
        asked.acquire()
        old[:size] = bytes(new[:size])
        answered.release()


def end(peer: Any, *ends: Connection | Any) -> None:
    """Wait for the peer and close the ends of both processes."""
    peer.join()
    for each in ends:
        each.close()


CASES: dict[str, tuple[Callable[[int, int], float], int]] = {
    "ping-pong/pipe/64B/1w": (over_pipe, SMALL),
    "ping-pong/queue/64B/1w": (over_queue, SMALL),
    "ping-pong/simple-queue/64B/1w": (over_simple_queue, SMALL),
    "ping-pong/pipe/64KiB/1w": (over_pipe, LARGE),
    "ping-pong/queue/64KiB/1w": (over_queue, LARGE),
    "ping-pong/shared-memory/64KiB/1w": (over_shared_memory, LARGE),
}


def main() -> None:
    runner = pyperf.Runner()
    for name, (function, size) in CASES.items():
        runner.bench_time_func(name, function, size)


if __name__ == "__main__":
    main()
