"""Sockets of ZeroMQ by pyzmq, each with a context of its own, whose I/O thread does the reading and writing.

High-water marks count messages, on each side and for each peer. close() drops what has not been sent.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.bind_and_dial import MeetingChannel, ipc_address, remove_file

# PUSH passes over a peer that it believes full. It learns what was read half a high-water mark at a time, and looks for
# that once in a millisecond at most: with a mark of one window it passes over peers that have room, and a sentinel goes
# to a worker that has one. With this many windows it would take 128 messages to one peer in that millisecond.
_ROOMS = 6


def open_socket(kind: str, window: int) -> Any:
    """A socket of a kind ("PAIR") in a context of its own, with room for a window on each side."""
    import zmq

    socket = zmq.Context().socket(getattr(zmq, kind))
    socket.linger = 0
    socket.sndhwm = socket.rcvhwm = window
    return socket


def close_socket(socket: Any) -> None:
    """Close a socket and its context, which ends its thread."""
    socket.close()
    socket.context.term()


class PairSocket(MeetingChannel):
    """A PAIR socket on either side."""

    def bind(self, address: str) -> str:
        self.socket = open_socket("PAIR", self.window)
        self.socket.bind(address)
        return str(self.socket.last_endpoint.decode())

    def dial(self, address: str) -> None:
        self.socket = open_socket("PAIR", self.window)
        self.socket.connect(address)

    def close(self) -> None:
        if self.socket is not None:
            close_socket(self.socket)
        super().close()


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
