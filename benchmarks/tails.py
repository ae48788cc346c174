"""How bad are the slow ones?

Every message is timed by itself: round trips one after the other, and messages that are due at fixed rates, each timed
from when it was due, so that messages delayed by a stall count too.

Read p99 and p99.9 beside p50, and the rates at which the achieved rate is below the offered rate.

    python benchmarks/tails.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "tails", *sys.argv[1:]])
