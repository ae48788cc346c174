"""What does it cost to begin?

One operation is all of this: make the port, start the workers, connect, pass one message to each, close and stop.

Read fork against forkserver and spawn, and how the cost grows with the number of workers.

    python benchmarks/start.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "start", *sys.argv[1:]])
