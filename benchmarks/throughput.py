"""How fast do messages flow one way?

One process sends as fast as the mechanism accepts messages, the other receives; a message counts when it is delivered,
and the clock stops at the receiver's last message.

Read the throughput chart: bytes per second against payload size. For small messages read the table instead, which has
the time per message.

    python benchmarks/throughput.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "throughput", *sys.argv[1:]])
