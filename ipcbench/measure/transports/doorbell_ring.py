"""A ring of bytes whose signals are bytes through two pipes: one says that a slot is free, the other that one is full.

A wait sleeps in read(2). Where processes ring, it reads nothing once the other side is gone: an EOFError.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.ring import LENGTH, BytesRing

BELL = b"\0"
_GONE = "the other side is gone"


class BellRing(BytesRing):
    """A mechanism says how a pipe is made and which descriptors are a side's own."""

    def make_signals(self, settings: PortSettings) -> None:
        self.free, self.full = self.make_pipe(settings), self.make_pipe(settings)
        self.fill(self.slots)

    @abstractmethod
    def make_pipe(self, settings: PortSettings) -> Any:
        """A pipe."""

    @abstractmethod
    def fill(self, slots: int) -> None:
        """Ring the free bell for so many slots; a pipe holds far more bytes than a ring has slots."""

    @abstractmethod
    def sending_ends(self) -> tuple[int, int]:
        """The descriptors of a sender: to read that a slot is free, to write that one is full."""

    @abstractmethod
    def receiving_ends(self) -> tuple[int, int]:
        """The descriptors of a receiver: to read that a slot is full, to write that one is free."""

    def sender(self) -> Send:
        (free, full), read, write = self.sending_ends(), os.read, os.write
        view, next_start = self.view(), self.next_start()
        put_length, head = LENGTH.pack_into, LENGTH.size

        def send(payload: Any) -> None:
            if not read(free, 1):
                raise EOFError(_GONE)
            start, length = next_start(), len(payload)
            put_length(view, start, length)
            start += head
            view[start : start + length] = payload
            write(full, BELL)

        return send

    def receiver(self) -> Receive:
        (full, free), read, write = self.receiving_ends(), os.read, os.write
        view, next_start = self.view(), self.next_start()
        get_length, head = LENGTH.unpack_from, LENGTH.size

        def receive() -> Any:
            if not read(full, 1):
                raise EOFError(_GONE)
            start = next_start()
            (length,) = get_length(view, start)
            start += head
            payload = bytes(view[start : start + length])
            write(free, BELL)
            return payload

        return receive
