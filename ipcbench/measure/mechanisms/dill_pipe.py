"""multiprocess.Pipe() with send() and recv(): like `pipe`, with dill instead of pickle.

The package is a copy of multiprocessing that pickles with dill. dill also pickles lambdas, closures and classes of
__main__, and is far slower for large lists. Source: https://multiprocess.readthedocs.io, Lib/multiprocessing.
"""

from ipcbench.measure.api.ports import Decode, Encode, Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.connections import DuplexPipe
from ipcbench.measure.transports.libraries.dill import DILL, dill_context


class DillPipeChannel(DuplexPipe):
    def __init__(self, settings: PortSettings) -> None:
        self.ends = dill_context().Pipe()

    def sender(self) -> Send:
        return self.end.send

    def receiver(self) -> Receive:
        return self.end.recv

    def codec(self) -> tuple[Encode, Decode]:
        from multiprocess.reduction import ForkingPickler

        return ForkingPickler.dumps, ForkingPickler.loads


MECHANISM = DILL._replace(
    name="dill-pipe",
    title="multiprocess.Pipe, dill",
    short="dill Pipe",
    semaphores=False,
    channel=DillPipeChannel,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    caveats=("two users of one end corrupt the stream", *DILL.caveats),
)
