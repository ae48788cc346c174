"""ipcbench: which way should my processes talk to each other?

The public interface is `ipcbench.load("laptop")`. It is imported on first use, because every measured process imports
this package and must stay light.
"""

TYPE_CHECKING = False  # as in typing, which is not imported: a typing.py of the user's may shadow it, see __main__
if TYPE_CHECKING:
    from ipcbench.errors import ResultError as ResultError
    from ipcbench.notebook import Run as Run
    from ipcbench.notebook import RunChart as RunChart
    from ipcbench.notebook import load as load

__version__ = "0.1.0"

_LATER = {
    "load": "ipcbench.notebook",
    "Run": "ipcbench.notebook",
    "RunChart": "ipcbench.notebook",
    "ResultError": "ipcbench.errors",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
