"""How large must a task be before a pool pays?

Tasks without any work are handed to a Pool and to executors, one by one, with a window of them unanswered, and by map
in chunks of one and in larger ones; threads and a plain loop stand beside them.

Read time per task: it is what a pool costs. With N workers, a task pays when its work is longer than about
N / (N - 1) times that.

    python benchmarks/pools.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "pools", *sys.argv[1:]])
