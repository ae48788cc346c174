"""uvloop instead of asyncio's own event loop, with the streams and the UNIX socket of `asyncio-unix`.

The event loop is that of libuv, in Cython. Streams, framing and the cost of entering and leaving the loop for each call
are those of `asyncio-unix`, so compare the two. Source: https://uvloop.readthedocs.io, Lib/asyncio/streams.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipcbench.measure.process.leaks import kept_by_a_library
from ipcbench.measure.transports.asyncio_streams import ASYNCIO_UNIX, AsyncioUnixSocket

if TYPE_CHECKING:
    import asyncio


class UvloopUnixChannel(AsyncioUnixSocket):
    def new_loop(self) -> asyncio.AbstractEventLoop:
        import uvloop

        with kept_by_a_library():  # libuv opens a pipe for signals once and never closes it (libuv/libuv#298)
            uvloop.new_event_loop().close()
        made: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return made


MECHANISM = ASYNCIO_UNIX._replace(
    name="uvloop-unix",
    title="uvloop, asyncio streams over a UNIX socket",
    short="uvloop UNIX",
    requires=("uvloop",),
    extra="uvloop",
    licence="MIT OR Apache-2.0",
    channel=UvloopUnixChannel,
    caveats=(
        *ASYNCIO_UNIX.caveats,
        "keeps two descriptors open for the life of a process (libuv/libuv#298)",
    ),
)
