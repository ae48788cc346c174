"""faster_fifo.Queue: a ring of bytes in shared memory under one mutex, as large as a window of messages."""

from __future__ import annotations

from functools import partial
from typing import Any

from ipcbench.measure.api.ports import Channel, Send
from ipcbench.measure.api.settings import PortSettings

FOR_EVER = 1e9  # seconds; its calls give up after ten by themselves
_OVERHEAD = 256  # bytes a message may take beside its payload: pickle, a task's number, a length


class FifoQueue(Channel):
    """A mechanism says how it is received from, after `make_room`."""

    def __init__(self, settings: PortSettings) -> None:
        import faster_fifo

        self.message = settings.size + _OVERHEAD
        self.queue: Any = faster_fifo.Queue(settings.window * self.message)

    def make_room(self) -> None:
        """Make the buffer of this receiver large enough for any message.

        Where it is too small, a get that blocks makes it larger and asks again without blocking: it raises Empty if
        another receiver has taken the message meanwhile (faster_fifo.pyx, get_many).
        """
        self.queue.reallocate_msg_buffer(self.message)

    def sender(self) -> Send:
        return partial(self.queue.put, timeout=FOR_EVER)

    def close(self) -> None:
        self.queue.close()
