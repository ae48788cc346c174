"""Is a dependency worth it?

Transports, queues and pools of other libraries are compared with the best of the standard library: round trips,
streams, shared queues and pools of workers. Libraries that are not installed are skipped, one line each with the
command that installs them; most of them are installed by

    pip install "ipcbench[third-party]"

Large libraries, and those that need a server, have an extra each: redis, nats, grpc, lmdb, arrow, mpi. redis-server and
nats-server need only be installed: each visit starts its own, which no other process can use.

Compare blocking mechanisms with blocking ones: a spinning mechanism is fast while each side has a CPU of its own, and
uses all of it. nng does not survive a fork, so its cases run under spawn, beside some cases that also run under fork.

    python benchmarks/third_party.py --fast
"""

import sys

from ipcbench.cli import main

if __name__ == "__main__":
    main(["all", "--suite", "third-party", *sys.argv[1:]])
