"""pyarrow, imported without numpy and without the thread of its allocator, which would count as left behind."""

from __future__ import annotations

import importlib
from typing import Any

from ipcbench.measure.process.names import visit_folder
from ipcbench.measure.transports.light_import import import_lightly

_NO_THREAD = "background_thread:false"  # for jemalloc, pyarrow's allocator


def arrow() -> Any:
    """Return the module pyarrow; in a visit without numpy, which the process that judges visits needs."""
    if not visit_folder():
        return importlib.import_module("pyarrow")
    return import_lightly("pyarrow", JE_ARROW_MALLOC_CONF=_NO_THREAD)


def arrow_ipc() -> Any:
    """Return the module pyarrow.ipc."""
    arrow()
    return import_lightly("pyarrow.ipc") if visit_folder() else importlib.import_module("pyarrow.ipc")
