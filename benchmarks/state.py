"""What does shared state cost?

Workers read a shared value, write it, or add to one number, alone and concurrently. The total is checked afterwards: if
an update is lost despite the lock, the case has no number. Without the lock, on purpose, the lost updates are the
finding, and the verdict of the case is "wrong".

Read the state chart: time per operation on a log axis. Memory is a thousand times faster than a manager process.

    python benchmarks/state.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "state", *sys.argv[1:]])
