"""What does shared state cost?

Workers read a shared value, write it, or add to one number, alone and against each other. The total is checked
afterwards: an update that is lost under the lock takes the number out of the report. Without the lock, on purpose, what
is lost is the finding, and the case is called wrong.

Read the state chart: time per operation on a log axis. Memory is a thousand times nearer than a manager process.

    python benchmarks/state.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "state", *sys.argv[1:]])
