"""Libraries that bring more into a process than a visit may have."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any


def import_lightly(package: str, **variables: str) -> Any:
    """Import a library without numpy, which would come with threads of its own, where nobody has imported that before.

    The variables are set meanwhile; neither they nor any that the import sets stay in the environment.
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
