"""Look at a function of the user's that is to work on messages, in a process of its own.

    python -m ipcbench.measure.try_work '<JSON of measure.api.own.Source>'

It is imported and not called, since it may expect the messages of a certain payload.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import signal
import sys
import threading
from typing import Any

from ipcbench.errors import BadRequest
from ipcbench.measure.api.own import Source, function_of, said
from ipcbench.measure.process.stages import RESULT, leave, mark, show_stacks


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
    waiting = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if waiting:
        raise BadRequest(f"importing it starts a thread, {waiting[0]}, which still runs afterwards")
    try:
        text = inspect.getsource(sys.modules[function.__module__])
    except (OSError, TypeError, KeyError, AttributeError):  # it has no source, as a builtin
        text = source.text
    return {"digests": [hashlib.sha256(text.encode(errors="replace")).hexdigest()]}


def main() -> None:
    """Leave the digest, or why there is none."""
    show_stacks("work")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = Source(*json.loads(sys.argv[1]))
    mark("importing")
    source.find_modules()
    try:
        leave(RESULT, describe(source))
    except BadRequest as error:
        leave(RESULT, {"refused": str(error)})
    except (Exception, SystemExit) as error:  # a module may raise anything, and call sys.exit
        leave(RESULT, {"refused": f"it raised {said(error)}"})


if __name__ == "__main__":
    main()
