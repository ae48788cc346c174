"""multiprocessing.Pipe() with send_bytes() and recv_bytes_into(): the socket pair of `pipe-bytes`, a reused buffer.

recv_bytes_into() reads into a BytesIO as recv_bytes() does, and then copies into the buffer: it saves nothing. The
receiver returns a copy, as needed to keep a message beyond the next one; without that need there is one copy less.
Source: Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.connections import DuplexPipe


class PipeBytesIntoChannel(DuplexPipe):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.size = settings.size

    def sender(self) -> Send:
        return self.end.send_bytes

    def receiver(self) -> Receive:
        recv_bytes_into, buffer = self.end.recv_bytes_into, memoryview(bytearray(self.size))

        def receive() -> bytes:
            return bytes(buffer[: recv_bytes_into(buffer)])

        return receive


MECHANISM = Mechanism(
    name="pipe-bytes-into",
    title="multiprocessing.Pipe, send_bytes and recv_bytes_into",
    short="Pipe into",
    family="pipes",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=PipeBytesIntoChannel,
    duplex=True,
    copies=5,
    dead_peer="end of file",
    caveats=(
        "recv_bytes_into() makes one copy more than recv_bytes(), not one less",
        "two users of one end corrupt the stream",
    ),
)
