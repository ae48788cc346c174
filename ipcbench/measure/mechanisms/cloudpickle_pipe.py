"""cloudpickle over multiprocessing.Pipe(): dumps() and send_bytes(), recv_bytes() and pickle.loads().

It pickles lambdas, closures and classes of __main__ by value, and looks at every object in Python to find them.
Source: https://github.com/cloudpipe/cloudpickle.
"""

import pickle

from ipcbench.measure.api.ports import Decode, Encode
from ipcbench.measure.transports.connections import CODEC_PIPE, CodecPipe


class CloudpicklePipeChannel(CodecPipe):
    def codec(self) -> tuple[Encode, Decode]:
        import cloudpickle

        return cloudpickle.dumps, pickle.loads


MECHANISM = CODEC_PIPE._replace(
    name="cloudpickle-pipe",
    title="multiprocessing.Pipe, cloudpickle",
    short="cloudpickle",
    channel=CloudpicklePipeChannel,
    requires=("cloudpickle",),
    extra="cloudpickle",
    licence="BSD-3-Clause",
    caveats=(
        "for functions and classes that pickle refuses; both sides need the same version of Python",
        *CODEC_PIPE.caveats,
    ),
)
