"""asyncio streams over a UNIX socket; each mechanism provides its event loop.

A message is an 8-byte length and the payload. Each call is a run_until_complete(), because timed loops are not
coroutines. drain() waits until everything is written (write buffer limit 0), because the transport writes the rest only
while the event loop runs.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.streams import LENGTH, UnixSocket

if TYPE_CHECKING:
    import asyncio


class AsyncioUnixSocket(UnixSocket):
    """A UNIX socket with asyncio streams; subclasses provide the event loop."""

    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.loop: asyncio.AbstractEventLoop | None = None

    @abstractmethod
    def new_loop(self) -> asyncio.AbstractEventLoop:
        """Return a new event loop, in the process that uses it."""

    def connect(self, side: Side) -> None:
        import asyncio  # not at the top: the import takes 40 ms

        super().connect(side)
        self.loop = self.new_loop()
        self.run = self.loop.run_until_complete
        self.reader, self.writer = self.run(asyncio.open_unix_connection(sock=self.end))
        self.writer.transport.set_write_buffer_limits(0)

    def sender(self) -> Send:
        run, write, drain, pack = self.run, self.writer.write, self.writer.drain, LENGTH.pack

        async def send_one(payload: Any) -> None:
            write(b"".join((pack(len(payload)), payload)))
            await drain()

        def send(payload: Any) -> None:
            run(send_one(payload))

        return send

    def receiver(self) -> Receive:
        run, read, unpack, head = self.run, self.reader.readexactly, LENGTH.unpack, LENGTH.size

        async def receive_one() -> bytes:
            (length,) = unpack(await read(head))
            return await read(length)

        def receive() -> bytes:
            return run(receive_one())

        return receive

    def close(self) -> None:
        loop, self.loop = self.loop, None
        if loop:
            self.writer.close()
            loop.run_until_complete(self.writer.wait_closed())
            loop.close()
        super().close()


ASYNCIO_UNIX = Mechanism(  # the facts that its mechanisms share
    name="asyncio-unix",
    title="asyncio streams over a UNIX socket",
    short="asyncio UNIX",
    family="sockets",
    semaphores=False,
    carries="bytes",
    bounded_by="bytes",
    duplex=True,
    copies=5,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("every call enters and leaves the event loop; a program inside the loop pays no such cost",),
)
