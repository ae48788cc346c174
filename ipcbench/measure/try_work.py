"""Look at a function of the user's that is to work on messages, in a process of its own.

    python -m ipcbench.measure.try_work '<JSON of measure.api.own.Source>'

It is imported and not called, since it may expect the messages of a certain payload.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from typing import Any

from ipcbench.errors import BadRequest
from ipcbench.measure.api.own import Source, function_of
from ipcbench.measure.try_payload import left_threads, look


def describe(source: Source) -> dict[str, Any]:
    """Return the digest of the source text; raises BadRequest in one line for what cannot be called with a message."""
    function = function_of(source)
    try:
        signature = inspect.signature(function)
        signature.bind(None)
    except ValueError:  # a builtin without a signature
        pass
    except TypeError:
        raise BadRequest(f"it is called with the message alone, and is {signature}") from None
    if waiting := left_threads():
        raise BadRequest(f"importing it starts a thread, {waiting[0]}, which still runs afterwards")
    try:
        text = inspect.getsource(sys.modules[function.__module__])
    except (OSError, TypeError, KeyError, AttributeError):  # it has no source, as a builtin
        text = source.text
    return {"digests": [hashlib.sha256(text.encode(errors="replace")).hexdigest()]}


if __name__ == "__main__":
    look("work", "importing", describe)
