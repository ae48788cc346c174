"""Does it matter whether idle CPUs sleep?

Round trips while CPUs without work sleep, as they usually do, and while they are kept awake.

Read which mechanism wins on either side: waking a sleeping CPU is often most of a round trip.

    python benchmarks/awake.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "awake", *sys.argv[1:]])
