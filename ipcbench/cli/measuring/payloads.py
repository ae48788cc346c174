"""The values of --payload and --work: a built-in kind or a time, or a function, file or folder of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipcbench.cli.options import known
from ipcbench.errors import BadRequest, UnknownName
from ipcbench.model import PAYLOADS, Interpreter, OwnPayload, OwnWork
from ipcbench.run.own_payload import announce, own_payloads
from ipcbench.run.own_work import own_works
from ipcbench.units import parse_work, work_name


def chosen_payloads(
    texts: Sequence[str], trusted: bool, pythons: Sequence[Interpreter] = (), folder: Path | None = None
) -> tuple[tuple[str, ...], tuple[OwnPayload, ...]]:
    """Return the names of payloads for case ids, and those among them that are the user's own.

    Sources are found from the folder, by default the current one. Raises BadRequest for one that is neither a kind nor
    a source, or whose messages cannot be proven.
    """
    folder = folder or Path.cwd()
    sources = [text for text in texts if _is_source(text, folder)]
    own = dict(zip(sources, own_payloads(sources, trusted, pythons, str(folder)), strict=True))
    announce(tuple(own.values()))
    return tuple(own[text].name if text in own else _kind(text) for text in texts), tuple(own.values())


def chosen_works(
    texts: Sequence[str], pythons: Sequence[Interpreter] = (), folder: Path | None = None
) -> tuple[tuple[str, ...], tuple[OwnWork, ...]]:
    """Return the work for each message as case ids name it, and what of it is the user's own.

    Modules are found from the folder, by default the current one. Raises BadRequest for what is neither a time nor a
    function.
    """
    folder = folder or Path.cwd()
    sources = [text for text in texts if ":" in text]
    own = dict(zip(sources, own_works(sources, pythons, str(folder)), strict=True))
    return tuple(dict.fromkeys(own[text].name if text in own else work_name(parse_work(text)) for text in texts)), (
        *own.values(),
    )


def _is_source(text: str, folder: Path) -> bool:
    return text not in PAYLOADS and (":" in text or "/" in text or Path(folder, text).exists())


def _kind(text: str) -> str:
    try:
        return known("payload", text, PAYLOADS)
    except UnknownName as error:
        more = "or a function of yours, such as frames:make, or a file or folder that exists"
        raise BadRequest(f"{error}; {more}") from error
