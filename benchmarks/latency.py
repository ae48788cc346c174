"""How long until an answer?

One process sends a payload, the other sends it back; the time is that of the whole round trip, never halved. Controls
beside it say what copying and pickling alone would take.

Read the slowdown matrix first: each column is a payload size, each number how many times slower than the best there.
The grid below it shows the shapes: flat while the cost of a message rules, rising once copying does.

    python benchmarks/latency.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "latency", *sys.argv[1:]])
