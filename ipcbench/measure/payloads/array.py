"""array: a numpy array of float64, sent over a channel of bytes as a view of its memory.

What arrives there is an array over the bytes that arrive: nothing is pickled, and only the channel copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipcbench.measure.api.kind import CodedChannel, Kind
from ipcbench.measure.api.ports import Channel, Receive, Send


class ArrayChannel(CodedChannel):
    """Sends the memory of arrays that have elements of one type, and one shape; a sentinel has fewer rows."""

    def __init__(self, inner: Channel, dtype: str = "<f8", shape: Sequence[int] = (-1,)) -> None:
        super().__init__(inner)
        self.dtype, self.shape = dtype, (-1, *shape[1:])

    def sender(self) -> Send:
        send = self.inner.sender()

        def send_array(array: Any) -> None:
            send(array.data.cast("B"))

        return send_array

    def receiver(self) -> Receive:
        from numpy import dtype, frombuffer

        receive, of, shape = self.inner.receiver(), dtype(self.dtype), self.shape

        def receive_array() -> Any:
            return frombuffer(receive(), of)

        def receive_and_shape() -> Any:
            return frombuffer(receive(), of).reshape(shape)

        return receive_array if len(shape) == 1 else receive_and_shape


def make(source: bytes) -> Any:
    """Return an array over a copy of these bytes."""
    import numpy  # only cases of arrays pay for the import

    return numpy.frombuffer(bytearray(source), dtype=numpy.float64)


def read(path: Path) -> Any:
    """Read a file of one array."""
    import numpy

    return numpy.load(path, allow_pickle=False)


KIND = Kind(
    name="array",
    title="an array",
    make=make,
    least=8,
    unit=8,
    unit_words="whole float64, 8 B each",
    requires=("numpy",),
    has_length=True,
    coded=ArrayChannel,
    codec="as the bytes of its memory",
    ending=".npy",
    read=read,
)
