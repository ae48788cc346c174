"""faster_fifo.Queue: a ring of bytes in shared memory under one mutex, as large as a window of messages."""

from __future__ import annotations

from functools import partial
from typing import Any

from ipcbench.measure.ports import Channel, PortSettings, Send

FOR_EVER = 1e9  # seconds; its calls give up after ten by themselves
_OVERHEAD = 256  # bytes a message may take beside its payload: pickle, a task's number, a length


class FifoQueue(Channel):
    """A mechanism says how it is received from."""

    def __init__(self, settings: PortSettings) -> None:
        import faster_fifo

        self.queue: Any = faster_fifo.Queue(settings.window * (settings.size + _OVERHEAD))

    def sender(self) -> Send:
        return partial(self.queue.put, timeout=FOR_EVER)

    def close(self) -> None:
        self.queue.close()
