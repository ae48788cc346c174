"""Does it matter where the processes run?

Round trips and streams with each process on a CPU of its own, all on one CPU, and where the scheduler chooses.

Read each mechanism across placements: the difference is often larger than that between mechanisms.

    python benchmarks/placement.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "placement", *sys.argv[1:]])
