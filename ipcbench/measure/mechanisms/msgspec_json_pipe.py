"""JSON by msgspec over multiprocessing.Pipe(): encode() and send_bytes(), recv_bytes() and decode().

Like `json-pipe`, with another library; like `msgspec-pipe`, with another format. Source: https://jcristharif.com/msgspec.
"""

from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class MsgspecJsonPipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        from msgspec import json

        return json.Encoder().encode, json.Decoder().decode


MECHANISM = CODEC_PIPE._replace(
    name="msgspec-json-pipe",
    title="multiprocessing.Pipe, JSON by msgspec",
    short="msgspec JSON",
    channel=MsgspecJsonPipeChannel,
    requires=("msgspec",),
    extra="msgspec",
    licence="BSD-3-Clause",
    payloads=("str", "object"),
    caveats=(
        "carries text, numbers, lists and dicts with text as keys; other classes need a declared type",
        *CODEC_PIPE.caveats,
    ),
)
