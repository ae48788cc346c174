"""A Pipe that damages messages after the first two."""

from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.connections import DuplexPipe

GOOD = 2


class LossyChannel(DuplexPipe):
    """A Pipe whose third and later messages arrive with one bit of their last byte flipped."""

    def sender(self) -> Send:
        send, sent = self.end.send_bytes, 0

        def send_worse(payload: Any) -> None:
            nonlocal sent
            sent += 1
            send(payload if sent <= GOOD else payload[:-1] + bytes([payload[-1] ^ 1]))

        return send_worse

    def receiver(self) -> Receive:
        return self.end.recv_bytes


MECHANISM = Mechanism(
    name="lossy",
    title="Pipe that flips a bit",
    short="Lossy",
    family="pipes",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=LossyChannel,
    duplex=True,
)
