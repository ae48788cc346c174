"""JSON by orjson over multiprocessing.Pipe(): dumps() and send_bytes(), recv_bytes() and loads().

Like `json-pipe`, with another library. Source: https://github.com/ijl/orjson.
"""

from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class OrjsonPipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        import orjson

        return orjson.dumps, orjson.loads


MECHANISM = CODEC_PIPE._replace(
    name="orjson-pipe",
    title="multiprocessing.Pipe, JSON by orjson",
    short="orjson Pipe",
    channel=OrjsonPipeChannel,
    requires=("orjson",),
    extra="orjson",
    licence="MPL-2.0 AND (Apache-2.0 OR MIT)",
    payloads=("str", "object"),
    caveats=(
        "carries text, numbers of 64 bits, lists and dicts with text as keys, no bytes; dataclasses arrive as dicts",
        *CODEC_PIPE.caveats,
    ),
)
