"""Protocol Buffers over multiprocessing.Pipe(): a message with four fields, made from a dataclass and read into one.

The message is declared here without the compiler `protoc`, and has the fields of the payload `dataclass`. Filling it
and reading its fields is part of the time, as it is where a program has classes of its own.
Source: https://protobuf.dev/reference/python.
"""

from typing import Any

from ipcbench.measure.api.message import Message
from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class ProtobufPipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        from ipcbench.measure.transports.libraries.protobuf import message_class

        wire: Any = message_class()

        def encode(message: Message) -> Any:
            made = wire(number=message.number, created=message.created, origin=message.origin, data=message.data)
            return made.SerializeToString()

        def decode(encoded: bytes) -> Message:
            made = wire.FromString(encoded)
            return Message(made.number, made.created, made.origin, made.data)

        return encode, decode


MECHANISM = CODEC_PIPE._replace(
    name="protobuf-pipe",
    title="multiprocessing.Pipe, Protocol Buffers",
    short="protobuf",
    channel=ProtobufPipeChannel,
    requires=("google.protobuf",),
    extra="protobuf",
    licence="BSD-3-Clause",
    payloads=("dataclass",),
    smallest=40,
    caveats=(
        "carries messages of one type, which is declared beforehand",
        *CODEC_PIPE.caveats,
    ),
)
