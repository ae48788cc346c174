"""ZeroMQ PUSH and PULL over a UNIX socket, by pyzmq: send_pyobj() and recv_pyobj(), objects pickled.

The driver binds and the others connect, whoever pushes; it begins once all have shaken hands, as PUSH deals to whom it
knows. PUSH deals in turn and not to who is idle. The high-water mark counts messages, for each peer. Source:
https://zguide.zeromq.org, zmq_socket(3).
"""

from typing import Any

from ipcbench.measure.meeting import ipc_address, remove_file
from ipcbench.measure.ports import Channel, Mechanism, PortSettings, Receive, Send, Side
from ipcbench.measure.zeromq import close_socket, open_end


class PushPullChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.address, self.window, self.workers = ipc_address(settings), settings.window, settings.workers
        self.end: Any = None

    def connect(self, side: Side) -> None:
        self.callers = self.workers if side == "driver" else 0

    def sender(self) -> Send:
        self.end = open_end("PUSH", self.address, self.window, self.callers)
        return self.end.send_pyobj  # type: ignore[no-any-return]

    def receiver(self) -> Receive:
        self.end = open_end("PULL", self.address, self.window, self.callers)
        return self.end.recv_pyobj  # type: ignore[no-any-return]

    def close(self) -> None:
        if self.end is not None:
            close_socket(self.end)
            self.end = None

    def destroy(self) -> None:
        remove_file(self.address)


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
    only_patterns=("ping-pong", "stream", "exchange", "tail", "fan-in", "fan-out", "task-queue", "set-up"),
    copies=7,
    background_threads=1,
    systems=("linux", "darwin"),
    caveats=(
        "PUSH deals tasks in turn, also to a worker that is busy",
        "one side binds: many senders and many receivers need a broker between them",
        "unpickles whatever reaches its socket",
    ),
)
