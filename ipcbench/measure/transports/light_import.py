"""Import libraries without their heavy dependencies, which a measured process must not load."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any


def import_lightly(package: str, **variables: str) -> Any:
    """Import a library but not numpy, which would start threads, unless numpy is already imported.

    `variables` are set in the environment during the import, and the environment is restored afterwards.
    """
    hidden = sys.modules.setdefault("numpy", None) is None  # type: ignore[arg-type]  # None makes the import fail
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        return importlib.import_module(package)
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update({name: before[name] for name in variables.keys() & before.keys()})
        if hidden:
            del sys.modules["numpy"]
