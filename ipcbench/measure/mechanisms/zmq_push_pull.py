"""ZeroMQ PUSH and PULL over a UNIX socket, through pyzmq: send_pyobj() and recv_pyobj(), objects pickled.

The driver binds and the peers connect, whichever side pushes. The driver starts after all handshakes, because PUSH
sends only to peers that it knows: to each in turn, even to busy ones. The high-water mark counts messages, per peer.
Source: https://zguide.zeromq.org, zmq_socket(3).
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.bind_and_dial import ipc_address, remove_file
from ipcbench.measure.transports.libraries.zeromq import close_socket, open_socket

# PUSH skips a peer that it believes full. It learns of reads in steps of half a high-water mark, and checks for them at
# most once per millisecond. With a mark of one window, PUSH would skip peers that have room, and send a second sentinel
# to one worker. With this many windows, that happens only after 128 messages to one peer within a millisecond.
_ROOMS = 6


def open_end(kind: str, address: str, window: int, callers: int) -> Any:
    """Return a PUSH or PULL socket: bound, after `callers` peers have connected, or connected if `callers` is 0."""
    import zmq

    socket = open_socket(kind, window)
    if not callers:
        socket.reconnect_ivl = 1  # ms; the other side may bind later
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
    """PUSH to send and PULL to receive; the driver binds, whether it sends or receives."""

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
        "PUSH deals tasks in turn, even to busy workers, and skips a worker that seems full",
        "under load one worker may get no sentinel and another two, so no fan-out; task-queue has room for six windows",
        "one side binds: many senders and many receivers need a broker between them",
        "unpickles whatever reaches its socket",
    ),
)
