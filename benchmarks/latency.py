"""How long until an answer?

One process sends a payload, the other sends it back; the time is that of the whole round trip, never halved. Controls
show what copying and pickling alone take.

Read the slowdown matrix first: each column is a payload size, each number the factor to the best of that size. The grid
below it shows the shapes: flat while the cost per message dominates, rising once copying does.

    python benchmarks/latency.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "latency", *sys.argv[1:]])
