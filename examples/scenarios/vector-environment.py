"""Eight environments get the same observation and compute for 1 ms: python vector-environment.py pipe|queue|serial.

Prints the seconds for one step of all environments.
"""

import multiprocessing
import sys
import time

import numpy as np

STEPS, WORKERS, WORK = 200, 8, 0.001
OBSERVATION = np.random.default_rng(1).integers(256, size=(100, 1024), dtype=np.uint8)


def compute(observation: np.ndarray) -> None:
    end = time.thread_time() + WORK
    while time.thread_time() < end:
        pass


def environment(receive) -> None:
    for _ in range(STEPS):
        compute(receive())


def main() -> None:
    kind, context = sys.argv[1], multiprocessing.get_context("fork")
    begun = time.perf_counter()
    if kind == "serial":
        for _ in range(STEPS * WORKERS):
            compute(OBSERVATION)
    else:
        if kind == "pipe":
            ends = [context.Pipe() for _ in range(WORKERS)]
            sends, receives = [here.send for here, _ in ends], [there.recv for _, there in ends]
        else:
            queues = [context.Queue(16) for _ in range(WORKERS)]
            sends, receives = [each.put for each in queues], [each.get for each in queues]
        workers = [context.Process(target=environment, args=(receive,)) for receive in receives]
        for worker in workers:
            worker.start()
        begun = time.perf_counter()
        for _ in range(STEPS):
            for send in sends:
                send(OBSERVATION)
        for worker in workers:
            worker.join()
    print((time.perf_counter() - begun) / STEPS)


if __name__ == "__main__":
    main()
