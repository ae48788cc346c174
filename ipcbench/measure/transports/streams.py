"""Messages over a stream of bytes, through descriptors or stream sockets: an 8-byte length, then the payload.

One gathering call sends length and payload, so neither is copied and neither waits for the other. A blocking call may
be short, after a signal or at end of file; a loop then moves the rest.
"""

from __future__ import annotations

import contextlib
import os
import socket
from abc import abstractmethod
from collections.abc import Callable
from struct import Struct
from typing import Any

from ipcbench.measure.api.ports import Channel, Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings

LENGTH = Struct("Q")
_PIECE = 65_536  # bytes that a pipe holds; os.read allocates as many bytes as it is asked for


def _raise_end_of_file(_descriptor: int) -> None:
    raise EOFError


def writer_of(descriptor: int) -> Send:
    """Return the callable that writes one message to a pipe."""
    writev, pack, head = os.writev, LENGTH.pack, LENGTH.size

    def send(payload: Any) -> None:
        length = len(payload)
        written = writev(descriptor, (pack(length), payload))
        if written < head + length:
            rest = memoryview(b"".join((pack(length), payload)))[written:]
            while rest:
                rest = rest[os.write(descriptor, rest) :]

    return send


def reader_of(descriptor: int, at_end: Callable[[int], None] = _raise_end_of_file) -> Receive:
    """Return the callable that reads one message from a pipe; at end of file `at_end` raises, or returns to retry."""
    read, unpack, head = os.read, LENGTH.unpack, LENGTH.size

    def complete(piece: bytes, size: int) -> bytes:
        pieces, missing = [piece], size - len(piece)
        while missing:
            piece = read(descriptor, min(missing, _PIECE))
            if not piece:
                at_end(descriptor)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def receive() -> bytes:
        start = read(descriptor, head)
        if len(start) < head:
            start = complete(start, head)
        (length,) = unpack(start)
        payload = read(descriptor, length)
        return payload if len(payload) == length else complete(payload, length)

    return receive


class StreamSocket(Channel):
    """A channel over a stream socket: `end`, connected by connect(); `held` lists the sockets to close."""

    end: socket.socket
    held: list[socket.socket]

    def __init__(self, settings: PortSettings) -> None:
        self.size = settings.size

    def sender(self) -> Send:
        end, sendmsg, pack, head = self.end, self.end.sendmsg, LENGTH.pack, LENGTH.size

        def send(payload: Any) -> None:
            length = len(payload)
            sent = sendmsg((pack(length), payload))
            if sent < head + length:
                end.sendall(memoryview(b"".join((pack(length), payload)))[sent:])

        return send

    def receiver(self) -> Receive:
        recv_into, unpack, head = self.end.recv_into, LENGTH.unpack_from, LENGTH.size
        buffer = memoryview(bytearray(max(self.size, head)))

        def complete(got: int, size: int) -> None:
            while got < size:
                more = recv_into(buffer[got:size])
                if not more:
                    raise EOFError
                got += more

        def receive() -> bytes:
            got = recv_into(buffer, head)
            if got < head:
                complete(got, head)
            (length,) = unpack(buffer)
            got = recv_into(buffer, length)
            if got < length:
                complete(got, length)
            return bytes(buffer[:length])

        return receive

    def close(self) -> None:
        for held in self.held:
            held.close()


class AcceptedSocket(StreamSocket):
    """A stream socket between the side "driver", which accepts, and the side "peer", which connects.

    The driver process makes the listening socket and sends it to every peer, because the two ends may both be peers;
    the connecting process learns the address from its copy.
    """

    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.listener = self.listen(settings)
        self.held = [self.listener]

    @abstractmethod
    def listen(self, settings: PortSettings) -> socket.socket:
        """Make the listening socket."""

    def connect(self, side: Side) -> None:
        if side == "driver":
            self.end, _ = self.listener.accept()
        else:
            self.end = socket.socket(self.listener.family)
            self.end.connect(self.listener.getsockname())
        self.held.append(self.end)
        self.listener.close()


class UnixSocket(AcceptedSocket):
    """A UNIX stream socket, bound to a path in the visit's folder."""

    def listen(self, settings: PortSettings) -> socket.socket:
        self.path = settings.new_path()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(1)
        return listener

    def destroy(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


class TcpSocket(AcceptedSocket):
    """A TCP socket on the loopback interface."""

    def listen(self, settings: PortSettings) -> socket.socket:
        return socket.create_server(("127.0.0.1", 0), backlog=1)
