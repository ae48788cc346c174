"""Faults that spoil messages: a Tampering wraps send and receive of a correct channel.

`struck` is 0 until the fault strikes, 1 for that operation, and greater than 1 for later ones. A process has one
Tampering for all its channels.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ipcbench.measure.api.ports import Receive, Send


class Tampering:
    """Pass on every message unchanged; subclasses change messages."""

    def __init__(self, size: int, content: str, is_driver: bool) -> None:
        self.blank: bytes | int = 0 if content == "number" else bytes(size)
        self.is_driver = is_driver
        self.held: deque[Any] = deque()

    def send(self, send: Send, message: Any, struck: int) -> None:  # noqa: ARG002 - subclasses use it
        """Send this message, or something instead of it."""
        send(message)

    def receive(self, receive: Receive, struck: int) -> Any:  # noqa: ARG002
        """Receive a message, or return something instead of one."""
        return receive()


class Lose(Tampering):
    def send(self, send: Send, message: Any, struck: int) -> None:
        if struck != 1:
            send(message)

    def receive(self, receive: Receive, struck: int) -> Any:
        if struck == 1:
            receive()
        return receive()


class Duplicate(Tampering):
    def send(self, send: Send, message: Any, struck: int) -> None:
        send(message)
        if struck == 1:
            send(message)

    def receive(self, receive: Receive, struck: int) -> Any:
        if self.held:
            return self.held.popleft()
        message = receive()
        if struck == 1:
            self.held.append(message)
        return message


class Reorder(Tampering):
    def send(self, send: Send, message: Any, struck: int) -> None:
        if struck and not self.held:
            self.held.append(message)
            return
        send(message)
        if self.held:
            send(self.held.popleft())

    def receive(self, receive: Receive, struck: int) -> Any:
        if self.held:
            return self.held.popleft()
        if struck:
            self.held.append(receive())
        return receive()


class Corrupt(Tampering):
    def send(self, send: Send, message: Any, struck: int) -> None:
        send(_with_payload(message, lambda whole: _flip(whole, 0)) if struck else message)

    def receive(self, receive: Receive, struck: int) -> Any:
        message = receive()  # not the bit flipped in sending: two flips would restore it
        return _with_payload(message, lambda whole: _flip(whole, -1)) if struck else message


class Short(Tampering):
    def send(self, send: Send, message: Any, struck: int) -> None:
        send(_with_payload(message, _cut) if struck else message)

    def receive(self, receive: Receive, struck: int) -> Any:
        message = receive()
        return _with_payload(message, _cut) if struck else message


class Stale(Tampering):
    sent: Any = None
    received: Any = None

    def send(self, send: Send, message: Any, struck: int) -> None:
        before, self.sent = self.sent, message
        send(message if before is None or not struck else before)

    def receive(self, receive: Receive, struck: int) -> Any:
        before, self.received = self.received, receive()
        return self.received if before is None or not struck else before


class Cached(Tampering):
    def receive(self, receive: Receive, struck: int) -> Any:
        message = receive()
        if struck and not self.held:
            self.held.append(message)
        return self.held[0] if self.held else message


class EchoLocal(Tampering):
    """Answer in the driver and feed zeros to the peer, from a message of the driver on.

    The peer begins when it receives that message, so that it never waits for a message that was not sent.
    """

    local = False

    def send(self, send: Send, message: Any, struck: int) -> None:
        if struck and self.is_driver:
            self.local = True
        if not self.local:
            send(message)
        elif self.is_driver:
            self.held.append(message)

    def receive(self, receive: Receive, struck: int) -> Any:
        if struck and not self.is_driver:
            self.local = True
        if not self.local:
            return receive()
        return self.held.popleft() if self.is_driver else self.blank


TAMPERINGS: dict[str, type[Tampering]] = {
    "lose": Lose,
    "duplicate": Duplicate,
    "reorder": Reorder,
    "corrupt": Corrupt,
    "short": Short,
    "stale": Stale,
    "cached": Cached,
    "echo-local": EchoLocal,
}


def _with_payload(message: Any, change: Callable[[Any], Any]) -> Any:
    """Return the message with its payload changed; a task is (number, payload), and a sentinel has no payload."""
    if isinstance(message, tuple):
        return (message[0], change(message[1]))
    return message if message is None else change(message)


def _flip(payload: bytes | int, at: int) -> bytes | int:
    bit = 1 if at == 0 else 2
    if isinstance(payload, int):
        return payload ^ bit
    flipped = bytearray(payload)
    flipped[at] ^= bit
    return bytes(flipped)


def _cut(payload: bytes | int) -> bytes | int:
    return payload >> 8 if isinstance(payload, int) else payload[:-1]
