"""Does it scale with workers?

The textbook task queue: numbered tasks out, results back, one sentinel per worker at the end, with 1, 2, 4 and 8
workers that only receive and answer, so that the queue is measured. Also N senders or receivers on one queue, one
sender to all receivers, independent pairs, and chains.

Read the scaling chart: tasks per second against workers. Where the line does not rise, the mechanism is the limit;
beyond the number of CPUs the processes also compete for CPUs.

    python benchmarks/workers.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "workers", *sys.argv[1:]])
