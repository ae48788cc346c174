"""SharedMemory with pipes as doorbells: the ring of `shared-memory`, one byte through an os.pipe for each post.

The payload is in the segment, the byte says that it is there. Unlike a semaphore a pipe ends when the other side does,
so both sides notice: a wait that reads nothing is an EOFError. Source: Lib/multiprocessing/shared_memory.py, pipe(7).
"""

import os
from multiprocessing.connection import Connection
from typing import Any

from ipcbench.measure.ports import Mechanism, PortSettings, Receive, Send
from ipcbench.measure.ring import LENGTH
from ipcbench.measure.segment import SegmentRing

_BELL = b"\0"
_GONE = "the other side is gone"


class SharedMemoryPipeRing(SegmentRing):
    def make_signals(self, settings: PortSettings) -> None:
        self.free = settings.context.Pipe(duplex=False)
        self.full = settings.context.Pipe(duplex=False)
        os.write(self.free[1].fileno(), _BELL * self.slots)  # a pipe holds far more bytes than a ring has slots

    def sender(self) -> Send:
        self.let_go(self.full[0], self.free[1])
        free, full, read, write = self.free[0].fileno(), self.full[1].fileno(), os.read, os.write
        view, next_start = self.view(), self.next_start()
        put_length, head = LENGTH.pack_into, LENGTH.size

        def send(payload: Any) -> None:
            if not read(free, 1):
                raise EOFError(_GONE)
            start, length = next_start(), len(payload)
            put_length(view, start, length)
            start += head
            view[start : start + length] = payload
            write(full, _BELL)

        return send

    def receiver(self) -> Receive:
        self.let_go(self.full[1], self.free[0])
        free, full, read, write = self.free[1].fileno(), self.full[0].fileno(), os.read, os.write
        view, next_start = self.view(), self.next_start()
        get_length, head = LENGTH.unpack_from, LENGTH.size

        def receive() -> Any:
            if not read(full, 1):
                raise EOFError(_GONE)
            start = next_start()
            (length,) = get_length(view, start)
            start += head
            payload = bytes(view[start : start + length])
            write(free, _BELL)
            return payload

        return receive

    @staticmethod
    def let_go(*ends: Connection) -> None:
        """Close the other side's ends; a copy left open would keep end of file from ever arriving."""
        for end in ends:
            end.close()

    def close(self) -> None:
        for end in (*self.free, *self.full):
            end.close()
        super().close()


MECHANISM = Mechanism(
    name="shared-memory-pipe",
    title="SharedMemory, a pipe as doorbell",
    short="ShMem pipe",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    semaphores=False,
    copies=2,
    dead_peer="end of file",
    shared_memory=True,
    channel=SharedMemoryPipeRing,
    caveats=("one sender and one receiver, signalled by one byte through a pipe",),
)
