"""A camera sends 30 frames of 6 MiB per second to four detectors: python camera.py queue|simple-queue|manager-queue.

Prints the delay in seconds that 99 % of the frames did not exceed, from when a frame was due until a detector had it.
"""

import multiprocessing
import sys
import time

import numpy as np

FRAMES, RATE, WORK = 150, 30, 0.005
FRAME = np.random.default_rng(1).integers(256, size=(1024, 2048, 3), dtype=np.uint8)


def detect(frame: np.ndarray) -> None:
    end = time.thread_time() + WORK
    while time.thread_time() < end:
        pass


def detector(frames, delays) -> None:
    while (found := frames.get()) is not None:
        due, frame = found
        delays.put(time.perf_counter() - due)
        detect(frame)


def main() -> None:
    context = multiprocessing.get_context("fork")
    kind = sys.argv[1]
    frames = context.Manager().Queue(16) if kind == "manager-queue" else None
    frames = frames or (context.Queue(16) if kind == "queue" else context.SimpleQueue())
    delays = context.SimpleQueue()
    workers = [context.Process(target=detector, args=(frames, delays)) for _ in range(4)]
    for worker in workers:
        worker.start()
    due, found = time.perf_counter() + 0.5, []
    for _ in range(FRAMES):
        time.sleep(max(due - time.perf_counter(), 0))
        frames.put((due, FRAME))
        due += 1 / RATE
        while not delays.empty():
            found.append(delays.get())
    while len(found) < FRAMES:
        found.append(delays.get())
    for _ in workers:
        frames.put(None)
    for worker in workers:
        worker.join()
    print(sorted(found)[int(0.99 * FRAMES)])


if __name__ == "__main__":
    main()
