"""marshal over multiprocessing.Pipe(): marshal.dumps() and send_bytes(), recv_bytes() and marshal.loads().

marshal is what .pyc files are written in: fast, for built-in types only, unsafe for data from others, and its format
changes between versions of Python. Source: Lib/marshal, Python/marshal.c.
"""

import marshal

from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class MarshalPipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        return marshal.dumps, marshal.loads


MECHANISM = CODEC_PIPE._replace(
    name="marshal-pipe",
    title="multiprocessing.Pipe, marshal",
    short="marshal Pipe",
    channel=MarshalPipeChannel,
    arrays=False,
    caveats=(
        "for built-in types only, and both sides need the same version of Python",
        *CODEC_PIPE.caveats,
    ),
)
