"""JSON over multiprocessing.Pipe(): json.dumps() and send_bytes(), recv_bytes() and json.loads().

Text, numbers, lists and dicts with text as keys arrive as they were; tuples arrive as lists, other keys as text, and
bytes are refused. Source: Lib/json.
"""

import json
from typing import Any

from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class JsonPipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        dumps = json.dumps

        def encode(message: Any) -> bytes:
            return dumps(message).encode()

        return encode, json.loads


MECHANISM = CODEC_PIPE._replace(
    name="json-pipe",
    title="multiprocessing.Pipe, json",
    short="JSON Pipe",
    channel=JsonPipeChannel,
    payloads=("str", "object"),
    caveats=(
        "carries text, numbers, lists and dicts with text as keys, and no bytes; tuples arrive as lists",
        *CODEC_PIPE.caveats,
    ),
)
