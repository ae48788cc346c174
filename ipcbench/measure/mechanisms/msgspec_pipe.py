"""MessagePack by msgspec over multiprocessing.Pipe(): encode() and send_bytes(), recv_bytes() and decode().

Like `pipe`, with another codec instead of pickle. It is faster only for messages of plain types: a class needs a
declared type, and a subclass arrives as its base. Bytes are copied into the message and out of it.
Source: https://jcristharif.com/msgspec, Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class MsgspecPipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        from msgspec import msgpack

        return msgpack.Encoder().encode, msgpack.Decoder().decode


MECHANISM = CODEC_PIPE._replace(
    name="msgspec-pipe",
    title="multiprocessing.Pipe, MessagePack by msgspec",
    short="msgspec Pipe",
    channel=MsgspecPipeChannel,
    requires=("msgspec",),
    extra="msgspec",
    licence="BSD-3-Clause",
    arrays=False,
    caveats=(
        "carries numbers, text, bytes, lists and dicts; tuples arrive as lists, and other classes need a declared type",
        *CODEC_PIPE.caveats,
    ),
)
