"""Import matplotlib so that no setting of the user can prevent a report.

Everything that draws imports it through this module. A matplotlibrc or a style that cannot be read, a backend that does
not exist and a home that is missing end matplotlib's import with exceptions of many kinds.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from ipcbench.errors import ResultError


@contextlib.contextmanager
def _without_settings() -> Iterator[None]:
    """Have matplotlib look for its settings and its cache in an empty folder, which is removed afterwards."""
    names = ("MATPLOTLIBRC", "MPLBACKEND", "MPLCONFIGDIR")
    before = {name: os.environ.pop(name, None) for name in names}
    with contextlib.ExitStack() as stack:
        current = os.open(".", os.O_RDONLY)
        stack.callback(os.close, current)
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ipcbench-"))
        os.environ["MPLCONFIGDIR"] = folder
        stack.callback(os.fchdir, current)
        os.chdir(folder)  # where matplotlib looks first
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _load() -> None:
    import matplotlib.font_manager
    import matplotlib.style  # noqa: F401


try:
    _load()
except Exception:
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        del sys.modules[module]
    try:
        with _without_settings():
            _load()
    except Exception as error:
        raise ResultError(f"cannot draw: matplotlib cannot be imported: {error}") from error

import matplotlib as mpl  # noqa: E402
from matplotlib import style  # noqa: E402

__all__ = ["mpl", "style"]
