"""A UNIX stream socket under asyncio streams: every send and every receive is one run_until_complete().

The price is asyncio's, from the event loop to the stream reader's buffer, for code that is not asynchronous itself;
a program that lives in a loop saves the starting and stopping of it. A send waits until everything is handed to the
kernel. Source: Lib/asyncio/streams.py.
"""

import asyncio
from typing import Any

from ipcbench.measure.framed import HEAD, LENGTH, UnixChannel
from ipcbench.measure.ports import Mechanism, Receive, Send, Side


class AsyncioUnixChannel(UnixChannel):
    loop: asyncio.AbstractEventLoop | None = None

    def connect(self, side: Side) -> None:
        super().connect(side)
        self.loop = asyncio.new_event_loop()
        self.reader, self.writer = self.run(asyncio.open_connection(sock=self.socket))
        self.writer.transport.set_write_buffer_limits(0)  # so that drain() leaves nothing behind in this process

    def run(self, coroutine: Any) -> Any:
        assert self.loop is not None
        return self.loop.run_until_complete(coroutine)

    def sender(self) -> Send:
        writer, pack, run = self.writer, LENGTH.pack, self.run

        async def write(payload: Any) -> None:
            writer.writelines((pack(len(payload)), payload))
            await writer.drain()

        return lambda payload: run(write(payload))

    def receiver(self) -> Receive:
        read, unpack, run = self.reader.readexactly, LENGTH.unpack, self.run

        async def one() -> bytes:
            (length,) = unpack(await read(HEAD))
            payload: bytes = await read(length)
            return payload

        return lambda: run(one())

    def close(self) -> None:
        if self.loop:
            self.writer.close()
            self.run(self.writer.wait_closed())
            self.loop.close()
            self.loop = None
        super().close()


MECHANISM = Mechanism(
    name="asyncio-unix",
    title="asyncio streams on a UNIX socket",
    short="asyncio UNIX",
    family="sockets",
    carries="bytes",
    bounded_by="bytes",
    channel=AsyncioUnixChannel,
    duplex=True,
    semaphores=False,
    copies=4,
    dead_peer="end of file",
    systems=("linux", "darwin"),
    caveats=("each call starts and stops the event loop: code that lives in one saves that",),
)
