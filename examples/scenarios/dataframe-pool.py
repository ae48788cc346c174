"""A pool of two workers gets DataFrames of 48 MiB: python dataframe-pool.py pool|process-pool-executor.

Prints the seconds for one task.
"""

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd

TASKS, ROWS, COLUMNS = 12, 786_432, 8
FRAME = pd.DataFrame(np.random.default_rng(1).random((ROWS, COLUMNS)), columns=[f"c{i}" for i in range(COLUMNS)])


def task(frame: pd.DataFrame) -> int:
    return len(frame)


def main() -> None:
    context = multiprocessing.get_context("fork")
    if sys.argv[1] == "pool":
        with context.Pool(2) as pool:
            pool.map(len, ["start"] * 2, chunksize=1)
            begun = time.perf_counter()
            pool.map(task, [FRAME] * TASKS, chunksize=1)
            print((time.perf_counter() - begun) / TASKS)
    else:
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            list(pool.map(len, ["start"] * 2))
            begun = time.perf_counter()
            list(pool.map(task, [FRAME] * TASKS))
            print((time.perf_counter() - begun) / TASKS)


if __name__ == "__main__":
    main()
