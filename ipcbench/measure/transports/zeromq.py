"""Sockets of ZeroMQ by pyzmq, each with a context of its own, whose I/O thread does the reading and writing.

High-water marks count messages, on each side and for each peer. close() drops what has not been sent.
"""

from __future__ import annotations

from typing import Any

from ipcbench.measure.transports.bind_and_dial import MeetingChannel


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
