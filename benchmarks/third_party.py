"""Is a dependency worth it?

Transports, queues and pools of other libraries stand beside the best of the standard library: round trips, streams,
shared queues and pools of workers. Libraries that are not installed are skipped, one line each with the command that
installs them; all of them come with

    pip install "ipcbench[third-party]"

Compare what blocks with what blocks: what spins is quick while each side has a CPU of its own, which it burns. nng does
not bear a fork, so its cases run under spawn, beside some that have a twin under fork.

    python benchmarks/third_party.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "third-party", *sys.argv[1:]])
