"""A ring of slots in shared memory, each the IPC stream of one record batch of Arrow, by pyarrow."""

from __future__ import annotations

import mmap
from typing import Any

from ipcbench.measure.api.ports import Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.light_import import import_lightly
from ipcbench.measure.transports.ring import LINE
from ipcbench.measure.transports.shared_memory import LendingRing

_BESIDE = 1024  # bytes that a stream of one batch of one column has beside the column: schema, lengths, its end
_COLUMN = "payload"
_NO_THREAD = "background_thread:false"  # jemalloc comes with pyarrow, which allocates by mimalloc unless told otherwise


class ArrowRing(LendingRing):
    """The payload is a column of bytes; the receiver opens the stream where it is and gets the column's own memory."""

    buffers: list[Any]

    def make_slots(self, settings: PortSettings) -> None:
        self.stride = -(-(settings.size + _BESIDE) // LINE) * LINE
        self.make_memory(settings, self.stride * self.slots)
        self.buffers = []

    def connect(self, side: Side) -> None:
        super().connect(side)
        self.arrow: Any = import_lightly("pyarrow", JE_ARROW_MALLOC_CONF=_NO_THREAD)
        self.ipc: Any = import_lightly("pyarrow.ipc")
        self.kind = self.arrow.uint8()
        self.schema = self.arrow.schema([(_COLUMN, self.kind)])

        starts = range(0, self.stride * self.slots, self.stride)
        self.buffers = [self.arrow.py_buffer(self.segment.view(at, at + self.stride)) for at in starts]

    def sender(self) -> Send:
        wait, next_slot, post, slots = self.free.acquire, self.next_slot(), self.full.release, self.buffers
        buffer, array, batch = self.arrow.py_buffer, self.arrow.Array.from_buffers, self.arrow.RecordBatch.from_arrays
        into, stream, kind, schema = self.arrow.FixedSizeBufferWriter, self.ipc.new_stream, self.kind, self.schema

        def send(payload: Any) -> None:
            wait()
            column = array(kind, len(payload), [None, buffer(payload)])
            with into(slots[next_slot()]) as sink, stream(sink, schema) as writer:
                writer.write_batch(batch([column], schema=schema))
            post()

        return send

    def receiver(self) -> Receive:
        wait, next_slot, post, slots = self.full.acquire, self.next_slot(), self.free.release, self.buffers
        stream, page = self.ipc.open_stream, mmap.PAGESIZE

        def receive() -> memoryview:
            post()
            wait()
            with stream(slots[next_slot()]) as reader:
                column = reader.read_next_batch().column(0)
            self.lent = payload = memoryview(column.buffers()[1])
            bytes(payload[::page])
            return payload

        return receive

    def close(self) -> None:
        self.buffers.clear()  # which keep the memory from being closed
        super().close()
