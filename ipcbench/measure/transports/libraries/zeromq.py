"""Sockets of ZeroMQ, through pyzmq; each has its own context, whose I/O thread reads and writes.

High-water marks count messages, on each side and for each peer. close() drops unsent messages.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.transports.libraries.bind_and_dial import BindAndDialChannel


def open_socket(kind: str, window: int) -> Any:
    """Return a socket of a kind ("PAIR") in its own context, with room for `window` messages on each side."""
    import zmq

    socket = zmq.Context().socket(getattr(zmq, kind))
    socket.linger = 0
    socket.sndhwm = socket.rcvhwm = window
    return socket


def close_socket(socket: Any) -> None:
    """Close a socket and its context, which ends its I/O thread."""
    socket.close()
    socket.context.term()


class PairSocket(BindAndDialChannel):
    """A PAIR socket on each side."""

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
