"""dataclass: an instance with a number, a time, text and bytes, as a program defines its messages."""

from __future__ import annotations

from ipcbench.measure.api.kind import Kind
from ipcbench.measure.api.message import Message

_TEXT = 24  # letters


def make(source: bytes) -> Message:
    """Return an instance whose data, together with 8 B for each number and its text, have as many bytes as `source`."""
    number = int.from_bytes(source[:8], "little")
    return Message(number, number % 2**52 / 2**20, source[8 : 8 + _TEXT // 2].hex(), source[16 + _TEXT :])


KIND = Kind(
    name="dataclass",
    title="a dataclass",
    make=make,
    least=16 + _TEXT,
    beside=256,  # the name of its module and class, the names of its fields
)
