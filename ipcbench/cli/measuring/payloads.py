"""The value of --payload: a built-in kind, or a function, file or folder of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipcbench.cli.options import known
from ipcbench.errors import BadRequest, UnknownName
from ipcbench.model import PAYLOADS, Interpreter, OwnPayload
from ipcbench.run.own_payload import announce, own_payloads


def chosen_payloads(
    texts: Sequence[str], trusted: bool, pythons: Sequence[Interpreter] = ()
) -> tuple[tuple[str, ...], tuple[OwnPayload, ...]]:
    """Return the names of payloads for case ids, and those among them that are the user's own.

    Raises BadRequest for one that is neither a kind nor a source, or whose messages cannot be proven.
    """
    sources = [text for text in texts if _is_source(text)]
    own = dict(zip(sources, own_payloads(sources, trusted, pythons), strict=True))
    announce(tuple(own.values()))
    return tuple(own[text].name if text in own else _kind(text) for text in texts), tuple(own.values())


def _is_source(text: str) -> bool:
    return text not in PAYLOADS and (":" in text or "/" in text or Path(text).exists())


def _kind(text: str) -> str:
    try:
        return known("payload", text, PAYLOADS)
    except UnknownName as error:
        more = "or a function of yours, such as frames:make, or a file or folder that exists"
        raise BadRequest(f"{error}; {more}") from error
