"""How large must a task be before a pool pays?

Tasks without work are submitted to a Pool and to executors: one by one, with a window of them outstanding, and by map
in chunks of one and in larger chunks. Threads and a plain loop are measured too.

Read the time per task: it is the cost of the pool. With N workers, a task pays if its work takes longer than about
N / (N - 1) times that.

    python benchmarks/pools.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "pools", *sys.argv[1:]])
