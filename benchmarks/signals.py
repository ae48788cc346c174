"""What does waking another process cost?

Two processes hand over to each other with semaphores, locks, events, conditions and barriers; nothing is carried. The
same on one CPU shows what of it is the waking of another; a third time the scheduler chooses where they run.

Read the time per hand-over and back: it is the floor of everything that blocks.

    python benchmarks/signals.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "signals", *sys.argv[1:]])
