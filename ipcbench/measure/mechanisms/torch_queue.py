"""torch.multiprocessing.Queue with put() and get(): a new tensor for each message, in shared memory.

See `transports/libraries/pytorch.py` for how a tensor travels. torch.multiprocessing.Queue is multiprocessing's own,
whose feeder thread moves the tensor to shared memory.
Source: torch/multiprocessing/reductions.py.
"""

from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.libraries.pytorch import TORCH, sender_of_new, stop_sharing


class TorchQueueChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.queue = settings.context.Queue(settings.window)

    def sender(self) -> Send:
        return sender_of_new(self.queue.put)

    def receiver(self) -> Receive:
        return self.queue.get

    def close(self) -> None:
        self.queue.close()
        self.queue.join_thread()
        stop_sharing()


MECHANISM = TORCH._replace(
    name="torch-queue",
    title="torch.multiprocessing.Queue, new tensors",
    short="torch Queue",
    bounded_by="messages",
    channel=TorchQueueChannel,
    senders="many",
    receivers="many",
    background_threads=2,
    caveats=(*TORCH.caveats, "put() returns before the tensor is in shared memory; never change it after putting it"),
)
