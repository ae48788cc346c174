"""arrow: an Arrow record batch of three columns, sent over a channel of bytes as the stream of its own format."""

from pathlib import Path
from typing import Any

from ipcbench.measure.api.kind import CodedChannel, Kind
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.libraries.arrow import arrow, arrow_ipc

_ROW = 24  # bytes


class StreamChannel(CodedChannel):
    """Writes every batch as a stream of Arrow, and reads it in place."""

    def sender(self) -> Send:
        send, new_stream, sink_of = self.inner.sender(), arrow_ipc().new_stream, arrow().BufferOutputStream

        def send_batch(batch: Any) -> None:
            sink = sink_of()
            with new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            send(memoryview(sink.getvalue()).cast("B"))

        return send_batch

    def receiver(self) -> Receive:
        receive, open_stream = self.inner.receiver(), arrow_ipc().open_stream

        def receive_batch() -> Any:
            return open_stream(receive()).read_next_batch()

        return receive_batch


def make(source: bytes) -> Any:
    """Return a batch of numbers and two measurements."""
    pyarrow = arrow()
    part = len(source) // 3
    columns = [pyarrow.py_buffer(source[i * part : (i + 1) * part]) for i in range(3)]
    types = (pyarrow.int64(), pyarrow.float64(), pyarrow.float64())
    arrays = [
        pyarrow.Array.from_buffers(kind, part // 8, [None, data]) for kind, data in zip(types, columns, strict=True)
    ]
    return pyarrow.RecordBatch.from_arrays(arrays, names=["number", "x", "y"])


def read(path: Path) -> Any:
    """Read a file or stream of Arrow as one record batch."""
    data, ipc = path.read_bytes(), arrow_ipc()
    table = (ipc.open_file if data[:6] == b"ARROW1" else ipc.open_stream)(data).read_all().combine_chunks()
    return table.to_batches()[0]


KIND = Kind(
    name="arrow",
    title="an Arrow record batch",
    make=make,
    least=_ROW,
    unit=_ROW,
    unit_words=f"rows of {_ROW} B",
    requires=("pyarrow",),
    coded=StreamChannel,
    codec="as a stream of Arrow",
    ending=".arrow",
    read=read,
    beside=2048,  # schema, lengths and end marker
)
