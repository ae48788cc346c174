"""faster_fifo.Queue: a ring of bytes in shared memory under one mutex, with room for a window of messages."""

from __future__ import annotations

from functools import partial
from typing import Any

from ipcbench.measure.api.ports import Channel, Send
from ipcbench.measure.api.settings import PortSettings

FOR_EVER = 1e9  # seconds; by default the library's calls give up after ten
_OVERHEAD = 256  # bytes of a message beyond its payload: pickle, a task's number, a length


class FifoQueue(Channel):
    """A channel over one queue; subclasses provide the receiver, which first calls `make_room`."""

    def __init__(self, settings: PortSettings) -> None:
        import faster_fifo

        self.message = settings.size + _OVERHEAD
        self.queue: Any = faster_fifo.Queue(settings.window * self.message)

    def make_room(self) -> None:
        """Make this receiver's buffer large enough for any message.

        A blocking get enlarges a buffer that is too small and tries again without blocking: it raises Empty if another
        receiver has taken the message by then (faster_fifo.pyx, get_many).
        """
        self.queue.reallocate_msg_buffer(self.message)

    def sender(self) -> Send:
        return partial(self.queue.put, timeout=FOR_EVER)

    def close(self) -> None:
        self.queue.close()
