"""str: text of letters of one byte each, which a pickle copies and a channel of bytes encodes as UTF-8."""

from typing import Any

from ipcbench.measure.api.kind import CodedChannel, Kind
from ipcbench.measure.api.ports import Receive, Send

_ASCII = bytes.maketrans(bytes(range(256)), bytes(32 + i % 64 for i in range(256)))


class TextChannel(CodedChannel):
    """Encodes every message as UTF-8."""

    def sender(self) -> Send:
        send, encode = self.inner.sender(), str.encode

        def send_text(message: Any) -> None:
            send(encode(message))

        return send_text

    def receiver(self) -> Receive:
        receive = self.inner.receiver()

        def receive_text() -> Any:
            return str(receive(), "utf-8")

        return receive_text


def make(source: bytes) -> str:
    """Return the first eight bytes as hexadecimal digits, so that texts are distinct, and a letter for each other one.

    A text of less than 16 letters has the last digits only.
    """
    size, head = len(source), source[:8][::-1].hex()
    return (head[-size:] + source.translate(_ASCII).decode("ascii"))[:size]


KIND = Kind(
    name="str",
    title="text",
    make=make,
    plain=True,
    has_length=True,
    coded=TextChannel,
    codec="encoded as UTF-8",
)
