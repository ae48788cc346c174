"""What does waking another process cost?

Two processes wake each other with semaphores, locks, events, conditions and barriers, without data: each on its own
CPU, both on one CPU, which shows the cost of waking another CPU, and where the scheduler chooses.

Read the time per hand-over and back: no mechanism that blocks is faster.

    python benchmarks/signals.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "signals", *sys.argv[1:]])
