"""Messages over a byte stream: an 8-byte length, then the payload, in one system call where it takes them both.

The receiver reads into a buffer that it keeps and hands out a copy, so that what it returned stays as it was.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from struct import Struct
from typing import Any

from ipcbench.measure.ports import Channel, PortSettings, Receive, Send, Side

LENGTH = Struct("Q")
HEAD = LENGTH.size
READ_ALL = getattr(socket, "MSG_WAITALL", 0)


def sender_to(write: Callable[[list[Any]], int]) -> Send:
    """A send over `write`, which takes a list of buffers and says how many bytes of them it took."""
    pack = LENGTH.pack

    def send(payload: Any) -> None:
        size = len(payload)
        sent = write([pack(size), payload])
        while sent < HEAD + size:
            if sent < HEAD:
                sent += write([pack(size)[sent:], payload])
            else:
                sent += write([memoryview(payload)[sent - HEAD :]])

    return send


def receiver_from(read: Callable[[memoryview], int], size: int) -> Receive:
    """A receive over `read`, which fills a buffer as far as it can and says how far; payloads have at most `size`.

    Raises EOFError when the other side is gone.
    """
    view = memoryview(bytearray(HEAD + size))
    head, unpack = view[:HEAD], LENGTH.unpack

    def receive() -> bytes:
        got = read(head)
        while got < HEAD:
            got += read(head[got:]) or _end()
        (length,) = unpack(head)
        body = view[HEAD : HEAD + length]
        got = read(body)
        while got < length:
            got += read(body[got:]) or _end()
        return bytes(body)

    return receive


def _end() -> int:
    raise EOFError("the other side is gone")


class SocketChannel(Channel):
    """A stream socket; after connect, `socket` is this process's own end."""

    socket: socket.socket

    def __init__(self, settings: PortSettings) -> None:
        self.size = settings.size

    def sender(self) -> Send:
        return sender_to(self.socket.sendmsg)

    def receiver(self) -> Receive:
        read = self.socket.recv_into
        return receiver_from(lambda view: read(view, 0, READ_ALL), self.size)


class ListeningChannel(SocketChannel):
    """A stream socket with an address: the upstream side accepts, the downstream side connects.

    The listening socket is made in the driver and travels, since the upstream side may be any process.
    """

    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.listener = self.listen(settings)
        self.address = self.listener.getsockname()

    def listen(self, settings: PortSettings) -> socket.socket:
        """Make the listening socket; here, on a port of this host that nobody else reaches."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        return listener

    def connect(self, side: Side) -> None:
        if side == "driver":
            self.socket, _ = self.listener.accept()
        else:
            self.socket = socket.socket(self.listener.family)
            self.socket.connect(self.address)
        self.listener.close()

    def close(self) -> None:
        self.listener.close()
        if "socket" in self.__dict__:
            self.socket.close()


class UnixChannel(ListeningChannel):
    """A UNIX stream socket with a path."""

    def listen(self, settings: PortSettings) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(settings.new_path())
        listener.listen(1)
        return listener

    def destroy(self) -> None:
        os.unlink(self.address)


class FileChannel(Channel):
    """One way through two descriptors, `reading` and `writing`; each side closes the other's."""

    reading = -1
    writing = -1

    def __init__(self, settings: PortSettings) -> None:
        self.size = settings.size

    def sender(self) -> Send:
        self.reading = _closed(self.reading)
        writing, write = self.writing, os.writev
        return sender_to(lambda buffers: write(writing, buffers))

    def receiver(self) -> Receive:
        self.writing = _closed(self.writing)
        reading, read = self.reading, os.readv
        return receiver_from(lambda view: read(reading, [view]), self.size)

    def close(self) -> None:
        self.reading, self.writing = _closed(self.reading), _closed(self.writing)


def _closed(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1
