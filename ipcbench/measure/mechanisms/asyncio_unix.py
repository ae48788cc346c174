"""asyncio streams over a UNIX socket: write() and drain(), readexactly(); an 8-byte length and the payload.

Each call is a run_until_complete(), because timed loops are not coroutines. So every number includes entering and
leaving the event loop, which a program inside the loop does not pay. drain() waits until everything is written (write
buffer limit 0), because the transport writes the rest only while the event loop runs.
Source: Lib/asyncio/streams.py, Lib/asyncio/selector_events.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.measure.transports.asyncio_streams import ASYNCIO_UNIX, AsyncioUnixSocket

if TYPE_CHECKING:
    import asyncio


class AsyncioUnixChannel(AsyncioUnixSocket):
    def new_loop(self) -> asyncio.AbstractEventLoop:
        import asyncio

        return asyncio.new_event_loop()


MECHANISM = ASYNCIO_UNIX._replace(
    name="asyncio-unix",
    title="asyncio streams over a UNIX socket",
    short="asyncio UNIX",
    channel=AsyncioUnixChannel,
)
