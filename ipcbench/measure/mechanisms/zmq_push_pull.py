"""ZeroMQ PUSH and PULL over a UNIX socket, by pyzmq: send_pyobj() and recv_pyobj(), objects pickled.

The driver binds and the others connect, whoever pushes; it begins once all have shaken hands, as PUSH deals to whom it
knows. PUSH deals in turn and not to who is idle. The high-water mark counts messages, for each peer. Source:
https://zguide.zeromq.org, zmq_socket(3).
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.transports.zeromq import PushPullChannel

MECHANISM = Mechanism(
    name="zmq-push-pull",
    title="ZeroMQ PUSH and PULL over a UNIX socket, pyzmq",
    short="zmq PUSHPULL",
    family="queues",
    requires=("zmq",),
    extra="zmq",
    licence="BSD-3-Clause AND MPL-2.0",
    semaphores=False,
    carries="objects",
    bounded_by="messages",
    channel=PushPullChannel,
    senders="many",
    receivers="many",
    ordering="per sender",
    only_patterns=("ping-pong", "stream", "exchange", "tail", "fan-in", "task-queue", "set-up"),
    copies=7,
    background_threads=1,
    systems=("linux", "darwin"),
    caveats=(
        "PUSH deals tasks in turn, also to a worker that is busy, and passes over one that seems full",
        "of a flood some workers get no sentinel and others two, so no fan-out; task-queue has room for six windows",
        "one side binds: many senders and many receivers need a broker between them",
        "unpickles whatever reaches its socket",
    ),
)
