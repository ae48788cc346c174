"""Eight processes send log records to one writer: python log-records.py queue|simple-queue|manager-queue.

Prints the seconds for one record.
"""

import multiprocessing
import sys
import time

RECORDS, PRODUCERS = 5_000, 8
RECORD = {"time": 1.5, "level": "INFO", "logger": "app.orders", "text": "order placed " + "x" * 120, "line": 17}


def log(put, go) -> None:
    go.wait()
    for _ in range(RECORDS):
        put(RECORD)


def main() -> None:
    kind, context = sys.argv[1], multiprocessing.get_context("fork")
    queue = context.Manager().Queue(64) if kind == "manager-queue" else None
    queue = queue or (context.Queue(64) if kind == "queue" else context.SimpleQueue())
    go = context.Event()
    producers = [context.Process(target=log, args=(queue.put, go)) for _ in range(PRODUCERS)]
    for producer in producers:
        producer.start()
    begun = time.perf_counter()
    go.set()
    for _ in range(RECORDS * PRODUCERS):
        queue.get()
    print((time.perf_counter() - begun) / RECORDS / PRODUCERS)
    for producer in producers:
        producer.join()


if __name__ == "__main__":
    main()
