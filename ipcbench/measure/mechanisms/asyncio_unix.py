"""asyncio streams over a UNIX socket: write() and drain(), readexactly(); an 8-byte length and the payload.

Each call is a run_until_complete(), since the loops that are timed are not coroutines: part of every figure is the
price of entering and leaving the event loop, which a program that lives in it does not pay. drain() must wait until all
is written (write buffer limit 0), as what is left in the transport moves only while the loop runs.
Source: Lib/asyncio/streams.py, Lib/asyncio/selector_events.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.measure.transports.asyncio_streams import LOOPED_UNIX, LoopedUnixSocket

if TYPE_CHECKING:
    import asyncio


class AsyncioUnixChannel(LoopedUnixSocket):
    def new_loop(self) -> asyncio.AbstractEventLoop:
        import asyncio

        return asyncio.new_event_loop()


MECHANISM = LOOPED_UNIX._replace(
    name="asyncio-unix",
    title="asyncio streams over a UNIX socket",
    short="asyncio UNIX",
    channel=AsyncioUnixChannel,
)
