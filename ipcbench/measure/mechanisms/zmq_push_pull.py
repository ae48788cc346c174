"""ZeroMQ PUSH and PULL over a UNIX socket, by pyzmq: send_pyobj() and recv_pyobj(), objects pickled.

The driver binds and the others connect, whoever pushes; it begins once all have shaken hands, as PUSH deals to whom it
knows. PUSH deals in turn and not to who is idle. The high-water mark counts messages, for each peer. Source:
https://zguide.zeromq.org, zmq_socket(3).
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.bind_and_dial import ipc_address, remove_file
from ipcbench.measure.transports.zeromq import close_socket, open_socket

# PUSH passes over a peer that it believes full. It learns what was read half a high-water mark at a time, and looks for
# that once in a millisecond at most: with a mark of one window it passes over peers that have room, and a sentinel goes
# to a worker that has one. With this many windows it would take 128 messages to one peer in that millisecond.
_ROOMS = 6


def open_end(kind: str, address: str, window: int, callers: int) -> Any:
    """A PUSH or PULL socket that waits until so many have called it, or calls if there are none to wait for."""
    import zmq

    socket = open_socket(kind, window)
    if not callers:
        socket.reconnect_ivl = 1  # ms; whoever binds may be later
        socket.connect(address)
        return socket
    if callers > 1:
        socket.sndhwm = _ROOMS * window
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    socket.bind(address)
    for _ in range(callers):
        monitor.recv_multipart()
    socket.disable_monitor()
    monitor.close()
    return socket


class PushPullChannel(Channel):
    """PUSH to send and PULL to receive; the driver binds, whichever it does."""

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
