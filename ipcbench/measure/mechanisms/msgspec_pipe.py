"""MessagePack by msgspec over multiprocessing.Pipe(): encode() and send_bytes(), recv_bytes() and decode().

Like `pipe`, with another codec instead of pickle. It is faster only for messages of plain types: a class needs a
declared type, and a subclass arrives as its base. Bytes are copied into the message and out of it.
Source: https://jcristharif.com/msgspec, Lib/multiprocessing/connection.py.
"""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.connections import DuplexPipe


class MsgspecPipeChannel(DuplexPipe):
    def sender(self) -> Send:
        from msgspec import msgpack

        send_bytes, encode = self.end.send_bytes, msgpack.Encoder().encode

        def send(message: Any) -> None:
            send_bytes(encode(message))

        return send

    def receiver(self) -> Receive:
        from msgspec import msgpack

        recv_bytes, decode = self.end.recv_bytes, msgpack.Decoder().decode

        def receive() -> Any:
            return decode(recv_bytes())

        return receive


MECHANISM = Mechanism(
    name="msgspec-pipe",
    title="multiprocessing.Pipe, MessagePack by msgspec",
    short="msgspec Pipe",
    family="pipes",
    requires=("msgspec",),
    extra="msgspec",
    licence="BSD-3-Clause",
    semaphores=False,
    carries="objects",
    bounded_by="bytes",
    channel=MsgspecPipeChannel,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    arrays=False,
    caveats=(
        "carries numbers, text, bytes, lists and dicts; tuples arrive as lists, and other classes need a declared type",
        "two users of one end corrupt the stream",
    ),
)
