"""MessagePack by msgpack over multiprocessing.Pipe(): packb() and send_bytes(), recv_bytes() and unpackb().

Like `msgspec-pipe`, with the library of the format's authors. Source: https://github.com/msgpack/msgpack-python.
"""

from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class MsgpackPipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        import msgpack

        return msgpack.packb, msgpack.unpackb


MECHANISM = CODEC_PIPE._replace(
    name="msgpack-pipe",
    title="multiprocessing.Pipe, MessagePack",
    short="msgpack Pipe",
    channel=MsgpackPipeChannel,
    requires=("msgpack",),
    extra="msgpack",
    licence="Apache-2.0",
    arrays=False,
    caveats=(
        "carries numbers of 64 bits, text, bytes, lists and dicts; tuples arrive as lists, other classes are refused",
        *CODEC_PIPE.caveats,
    ),
)
