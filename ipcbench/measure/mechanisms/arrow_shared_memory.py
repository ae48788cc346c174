"""Apache Arrow in shared memory, through pyarrow: each message is the IPC stream of a record batch, read in place.

A ring of slots with two semaphores, as in `shared-memory-view`. Sending wraps the payload as a column without a copy,
and writes schema, batch and end marker into a slot. Receiving opens the stream in the slot and returns the memory of
the column, valid until the next receive. It reads one byte of every page; otherwise messages of every size would take
equally long. Plasma, Arrow's own object store, no longer exists. Source: https://arrow.apache.org/docs/python/ipc.html.
"""

from __future__ import annotations

import mmap
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.arrow import arrow, arrow_ipc
from ipcbench.measure.transports.ring import LINE
from ipcbench.measure.transports.shared_memory import LendingRing

_BESIDE = 1024  # bytes of a stream beyond its one column: schema, lengths, end marker
_COLUMN = "payload"


class ArrowRing(LendingRing):
    """A ring of record batches, each with the payload as its only column; the receiver borrows the column's memory."""

    buffers: list[Any]

    def make_slots(self, settings: PortSettings) -> None:
        self.stride = -(-(settings.size + _BESIDE) // LINE) * LINE
        self.make_memory(settings, self.stride * self.slots)
        self.buffers = []

    def connect(self, side: Side) -> None:
        super().connect(side)
        self.arrow: Any = arrow()
        self.ipc: Any = arrow_ipc()
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
        self.buffers.clear()  # they would prevent closing the memory
        super().close()


MECHANISM = Mechanism(
    name="arrow-shared-memory",
    title="Arrow record batches in SharedMemory, pyarrow",
    short="Arrow ShMem",
    family="shared memory",
    requires=("pyarrow",),
    extra="arrow",
    licence="Apache-2.0",
    carries="bytes",
    bounded_by="slots",
    copies=1,
    shared_memory=True,
    channel=ArrowRing,
    caveats=(
        "the receiver borrows a batch until the next receive; to keep it, copy it",
        "each message carries its schema: worth it for tables, not for a few bytes",
        "one sender and one receiver, signalled by two semaphores",
    ),
)
