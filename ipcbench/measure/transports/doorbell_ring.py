"""A ring of bytes with two pipes as doorbells: a byte in one means a free slot, a byte in the other a full slot.

A wait sleeps in read(2). Between processes it raises EOFError once the other side has ended.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.ring import LENGTH, BytesRing

BELL = b"\0"
_GONE = "the other side has ended"


class DoorbellRing(BytesRing):
    """A ring with doorbells; subclasses make the pipes and choose the descriptors of each side."""

    def make_signals(self, settings: PortSettings) -> None:
        self.free, self.full = self.make_pipe(settings), self.make_pipe(settings)
        self.fill(self.slots)

    @abstractmethod
    def make_pipe(self, settings: PortSettings) -> Any:
        """Return a new pipe."""

    @abstractmethod
    def fill(self, slots: int) -> None:
        """Write one byte per slot to the free pipe; a pipe holds far more bytes than a ring has slots."""

    @abstractmethod
    def sending_ends(self) -> tuple[int, int]:
        """Return the descriptors of a sender: read end of the free pipe, write end of the full pipe."""

    @abstractmethod
    def receiving_ends(self) -> tuple[int, int]:
        """Return the descriptors of a receiver: read end of the full pipe, write end of the free pipe."""

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
