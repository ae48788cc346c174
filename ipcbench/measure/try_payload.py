"""Make the messages of a user's payload in a process of their own, and say what they are.

    python -m ipcbench.measure.try_payload '<JSON of measure.api.own.Source>'

A payload is refused if a message does not pickle, if its content is another after pickling, or if the function returns
something else when it is called again: then nothing could prove that every byte arrived.
"""

from __future__ import annotations

import json
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ipcbench.errors import BadRequest
from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.own import Form, Source, make_messages, said
from ipcbench.measure.api.pool import how_many
from ipcbench.measure.process.stages import RESULT, leave, mark, show_stacks

_AGAIN = 3  # messages that are made twice
_SHORTEST = 2  # bytes; a sentinel has one


def describe(source: Source) -> dict[str, Any]:
    """Return the digests, sizes and form of all messages; raises BadRequest in one line for what cannot be proven."""
    messages = make_messages(source, _many)
    mark("looking")
    for i, message in enumerate(messages):
        _check(f"message {i}", message)
    found = digests(messages)
    if source.is_function:
        _check_made_again(source, found)
    if waiting := left_threads():
        raise BadRequest(f"it starts a thread, {waiting[0]}, which still runs afterwards: end it before returning")
    form = _form(messages)
    return {"digests": found, "of": _named(type(messages[0])), "form": form}


def left_threads() -> list[str]:
    """Return the names of the threads that the user's code has started and that still run."""
    return [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]


def _many(first: Any) -> int:
    _check("message 0", first)
    return how_many(first)


def _check(name: str, message: Any) -> None:
    """Raise BadRequest for a message that is None, does not pickle, or is another after pickling."""
    if message is None:
        raise BadRequest(f"{name} is None: return the message")
    try:
        copy = pickle.loads(pickle.dumps(message, protocol=5))
    except Exception as error:
        raise BadRequest(f"{name}, {_a(message)}, does not pickle: {said(error)}") from error
    try:
        same = digest(copy) == digest(message)
    except Exception as error:
        raise BadRequest(f"{name}, {_a(message)}, has no content that can be compared: {said(error)}") from error
    if not same:
        raise BadRequest(
            f"{name}, {_a(message)}, has another content after pickling, so nothing could prove that it arrived: let "
            "its class define __reduce__, or return bytes"
        )


def _check_made_again(source: Source, known: Sequence[str]) -> None:
    again = digests(make_messages(source, lambda _: min(_AGAIN, len(known))))
    for i, (one, other) in enumerate(zip(known, again, strict=False)):
        if one != other:
            raise BadRequest(
                f"message {i} is another when it is made again: let it depend on nothing but the number of the "
                "message, as numpy.random.default_rng(i) does"
            )


def _form(messages: Sequence[Any]) -> Form:
    """Return how these messages look to a channel of bytes."""
    if all(isinstance(message, bytes | bytearray) for message in messages):
        sizes = [len(message) for message in messages]
        if min(sizes) >= _SHORTEST:
            return Form("bytes", max(sizes), len(set(sizes)) > 1)
    first = messages[0]
    if all(map(_plain_array, messages)) and len({(one.dtype.str, one.shape) for one in messages}) == 1:
        return Form("array", first.nbytes, dtype=first.dtype.str, shape=first.shape)
    sizes = [len(pickle.dumps(message, protocol=5)) for message in messages]
    return Form("plain" if all(map(_is_plain, messages)) else "object", max(sizes), len(set(sizes)) > 1)


def _is_plain(message: Any) -> bool:
    """Return whether this is text, numbers, lists and dicts with text as keys: JSON returns it as it was."""
    try:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False)
        return digest(json.loads(text.encode())) == digest(message)
    except (TypeError, ValueError, RecursionError):
        return False


def _plain_array(message: Any) -> bool:
    """Return whether this is an array of numbers in one piece, of several rows."""
    return (
        _named(type(message)) == "numpy.ndarray"
        and message.dtype.kind in "biufc"
        and message.flags.c_contiguous
        and message.ndim > 0
        and message.shape[0] > 1
        and message.nbytes > message.shape[0]
    )


def _named(kind: type) -> str:
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


def _a(message: Any) -> str:
    return f"of type {_named(type(message))}"


def look(what: str, stage: str, describe: Callable[[Source], dict[str, Any]]) -> None:
    """Leave the description of the source on the command line, or why there is none.

    what names this process where it shows its stacks, and stage what it does.
    """
    show_stacks(what)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = Source(*json.loads(sys.argv[1]))
    mark(stage)
    source.find_modules()
    try:
        leave(RESULT, describe(source))
    except BadRequest as error:
        leave(RESULT, {"refused": str(error)})
    except (Exception, SystemExit) as error:  # the user's code may raise anything, and call sys.exit
        leave(RESULT, {"refused": f"it raised {said(error)}"})


if __name__ == "__main__":
    look("payload", "making", describe)
