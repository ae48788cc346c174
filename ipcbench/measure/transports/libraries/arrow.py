"""pyarrow, imported without numpy and without the thread of its allocator, which would count as left behind."""

from __future__ import annotations

from typing import Any

from ipcbench.measure.transports.light_import import import_lightly

_NO_THREAD = "background_thread:false"  # for jemalloc, pyarrow's allocator


def arrow() -> Any:
    """Return the module pyarrow."""
    return import_lightly("pyarrow", JE_ARROW_MALLOC_CONF=_NO_THREAD)


def arrow_ipc() -> Any:
    """Return the module pyarrow.ipc."""
    arrow()
    return import_lightly("pyarrow.ipc")
