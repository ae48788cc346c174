"""Is a dependency worth it?

Transports, queues and pools of other libraries stand beside the best of the standard library: round trips, streams,
shared queues and pools of workers. Libraries that are not installed are skipped, one line each with the command that
installs them; most of them come with

    pip install "ipcbench[third-party]"

and each of the large ones, and of those that need a server, with an extra of its own: redis, nats, grpc, lmdb, arrow.
A redis-server and a nats-server need only be there: each visit starts one of its own, which nobody else can use.

Compare what blocks with what blocks: what spins is quick while each side has a CPU of its own, which it burns. nng does
not bear a fork, so its cases run under spawn, beside some that have a twin under fork.

    python benchmarks/third_party.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "third-party", *sys.argv[1:]])
