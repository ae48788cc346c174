"""multiprocessing.Pipe() with send_bytes() and recv_bytes_into() a buffer that is kept, copied out of it.

recv_bytes_into() reads into a BytesIO first and copies from there, so the buffer saves no copy but adds one.
Source: Lib/multiprocessing/connection.py.
"""

from ipcbench.measure.duplex import DuplexPipe
from ipcbench.measure.ports import Mechanism, PortSettings, Receive, Send


class PipeBytesIntoChannel(DuplexPipe):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.size = settings.size

    def sender(self) -> Send:
        return self.end.send_bytes

    def receiver(self) -> Receive:
        buffer = bytearray(self.size)
        view, receive_into = memoryview(buffer), self.end.recv_bytes_into

        def receive() -> bytes:
            return bytes(view[: receive_into(buffer)])

        return receive


MECHANISM = Mechanism(
    name="pipe-bytes-into",
    title="multiprocessing.Pipe, recv_bytes_into",
    short="Pipe into",
    family="pipes",
    carries="bytes",
    bounded_by="bytes",
    channel=PipeBytesIntoChannel,
    duplex=True,
    semaphores=False,
    copies=5,
    dead_peer="end of file",
    caveats=("reads into a BytesIO and copies once more: not the saving its name suggests",),
)
