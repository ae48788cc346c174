"""os.mkfifo() with os.writev() and os.read(): a pipe with a path, which unrelated processes can open.

open() waits for the other end, so two processes that open two fifos in different orders deadlock. Here neither end
waits: the sender opens for reading and writing, the receiver opens without blocking. Messages are framed as in
`os-pipe`. Source: fifo(7).
"""

import contextlib
import os
import select

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.streams import reader_of, writer_of


def _wait_for_a_writer(descriptor: int) -> None:
    """Wait for data in a fifo that has no writer yet; raises EOFError if its writer has ended.

    read() reports end of file in both cases, poll() only in the second.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    ((_, event),) = poll.poll()
    if not event & select.POLLIN:
        raise EOFError


class FifoChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.path = settings.new_path()
        self.opened: list[int] = []
        os.mkfifo(self.path, 0o600)

    def sender(self) -> Send:
        self.opened.append(os.open(self.path, os.O_RDWR))
        return writer_of(self.opened[-1])

    def receiver(self) -> Receive:
        self.opened.append(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK))
        os.set_blocking(self.opened[-1], True)
        return reader_of(self.opened[-1], _wait_for_a_writer)

    def close(self) -> None:
        while self.opened:
            os.close(self.opened.pop())

    def destroy(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


MECHANISM = Mechanism(
    name="fifo",
    title="os.mkfifo, os.writev and os.read",
    short="FIFO",
    family="pipes",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    channel=FifoChannel,
    copies=3,
    dead_peer="end of file",
    systems=("linux",),
    caveats=("open() waits for the other end by default",),
)
