"""ipcbench: which way should my processes talk to each other?

Light on purpose: every measured process imports this package first. What is for notebooks is loaded when it is asked
for: `ipcbench.load("laptop")`.
"""

TYPE_CHECKING = False  # as in typing, which is not imported: it may be a file of the user's, see __main__
if TYPE_CHECKING:
    from ipcbench.notebook import Run as Run
    from ipcbench.notebook import RunChart as RunChart
    from ipcbench.notebook import load as load

__version__ = "0.1.0"

_LATER = {"load", "Run", "RunChart"}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module("ipcbench.notebook"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
