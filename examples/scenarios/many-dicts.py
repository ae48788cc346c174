"""One process sends small dicts to another, as fast as it can: python many-dicts.py pipe|queue|simple-queue.

Prints the seconds for one dict, the inverse of the rate that can be kept up with.
"""

import multiprocessing
import sys
import time

DICTS = 100_000
ORDER = {"id": 17, "name": "x" * 40, "prices": [1.5, 2.5, 3.5], "tags": {"kind": "order", "state": "y" * 40}}


def receive_all(receive, done) -> None:
    for _ in range(DICTS):
        receive()
    done.send(time.perf_counter())


def main() -> None:
    kind, context = sys.argv[1], multiprocessing.get_context("fork")
    if kind == "pipe":
        here, there = context.Pipe()
        send, receive = here.send, there.recv
    else:
        queue = context.Queue(64) if kind == "queue" else context.SimpleQueue()
        send, receive = queue.put, queue.get
    told, done = context.Pipe(duplex=False)
    worker = context.Process(target=receive_all, args=(receive, done))
    worker.start()
    begun = time.perf_counter()
    for _ in range(DICTS):
        send(ORDER)
    print((told.recv() - begun) / DICTS)
    worker.join()


if __name__ == "__main__":
    main()
