"""torch.multiprocessing.Pipe() with send() and recv(): a new tensor for each message, in shared memory.

See `transports/libraries/pytorch.py` for how a tensor travels. torch.multiprocessing.Pipe is multiprocessing's own.
Source: torch/multiprocessing/reductions.py.
"""

from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.connections import DuplexPipe
from ipcbench.measure.transports.libraries.pytorch import TORCH, sender_of_new, stop_sharing


class TorchPipeChannel(DuplexPipe):
    def sender(self) -> Send:
        return sender_of_new(self.end.send)

    def receiver(self) -> Receive:
        return self.end.recv

    def close(self) -> None:
        super().close()
        stop_sharing()


MECHANISM = TORCH._replace(
    name="torch-pipe",
    title="torch.multiprocessing.Pipe, new tensors",
    short="torch Pipe",
    channel=TorchPipeChannel,
    semaphores=False,
    duplex=True,
    dead_peer="end of file",
    caveats=(*TORCH.caveats, "two users of one end corrupt the stream"),
)
