"""Scenario files: a situation of the user's in TOML, as options of `which`."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipcbench.cli.options import USUAL_NEED
from ipcbench.errors import BadRequest
from ipcbench.results.store import check_label
from ipcbench.text import safe_text

LARGEST = 100_000  # bytes of a file
STDLIB = "standard-library"  # among the mechanisms: only those of the standard library
# The keys, each with the option of `which` that it sets; the others are read below.
KEYS = {
    "name": "",
    "pattern": "need",
    "producers": "producers",
    "consumers": "consumers",
    "payload": "",
    "size": "size",
    "work": "work",
    "rate": "rate",
    "placement": "placement",
    "cpus": "cpus",
    "must": "must",
    "mechanisms": "",
    "rank_by": "rank_by",
    "budget": "budget",
}
_NUMBERS, _LISTS = ("producers", "consumers"), ("must", "mechanisms")
_PAYLOADS = ("kind", "size", "file", "function", "trust_pickle")


def read_scenario(path: Path) -> dict[str, Any]:
    """Read a scenario file; return its name as "save", its folder, and the options of `which` that it sets.

    Raises BadRequest in one line, with the key that is wrong and what it may be.
    """
    found = _parsed(path)
    _check_keys(path, "", found, tuple(KEYS))
    given: dict[str, Any] = USUAL_NEED | {"need": "", "must": (), "mechanism": (), "stdlib": False, "family": ""}
    given |= {"size": None, "placement": "free", "cpus": "", "rank_by": "", "trust_pickle": False, "budget": "60s"}
    for key, option in KEYS.items():
        if key in found and option:
            given[option] = _value(path, key, found[key])
    given |= _payload(path, found.get("payload", "bytes"), given["size"])
    names = _value(path, "mechanisms", found.get("mechanisms", []))
    given["stdlib"] = STDLIB in names
    given["mechanism"] = tuple(name for name in names if name != STDLIB)
    if "name" not in found:
        raise BadRequest(f"{path}: the key name is missing: the results file and the report are called after it")
    try:
        given["save"] = check_label(_value(path, "name", found["name"]))
    except BadRequest as error:
        raise BadRequest(f"{path}: name: {error}") from error
    return given | {"folder": path.absolute().parent}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadRequest(f"{path}: {error.strerror}: expected a scenario file; --new NAME writes one") from error
    if len(data) > LARGEST:
        raise BadRequest(f"{path}: more than {LARGEST:,} B, which is no scenario file; --new NAME writes one")
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"{path}: not TOML: {safe_text(' '.join(str(error).split()), 200)}") from error


def _check_keys(path: Path, where: str, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in found:
        if key not in known:
            alike = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {alike[0]}? " if alike else ""
            raise BadRequest(f"{path}: unknown key {where}{safe_text(key, 40)}: {hint}expected {', '.join(known)}")


def _value(path: Path, key: str, found: Any) -> Any:
    """Return the value of a key as the option of `which` takes it; raises BadRequest if it has another type."""
    if key in _LISTS:
        if isinstance(found, list) and all(isinstance(one, str) for one in found):
            return tuple(found)
        expected = 'a list of names, such as ["queue", "pipe"]'
    elif key in _NUMBERS:
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        expected = "a whole number, such as 4"
    elif isinstance(found, str):
        return found
    elif key in ("rate", "work", "size") and isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    else:
        expected = "a text in quotes"
    raise BadRequest(f"{path}: {key} = {safe_text(found, 60)}: expected {expected}")


def _payload(path: Path, found: Any, size: str | None) -> dict[str, Any]:
    """Return the options that a payload sets: a text as for --payload, or a table."""
    if isinstance(found, str):
        return {"payload": found}
    if not isinstance(found, dict):
        raise BadRequest(
            f'{path}: payload = {safe_text(found, 60)}: expected a text such as "array" or "frames:make", or a table '
            'such as { kind = "array", size = "6 MiB" } or { file = "frame.npy" }'
        )
    _check_keys(path, "payload.", found, _PAYLOADS)
    sources = [key for key in ("kind", "file", "function") if key in found]
    if len(sources) != 1:
        raise BadRequest(f"{path}: payload: expected one of kind, file and function, and there are {len(sources)}")
    if "size" in found and size is not None:
        raise BadRequest(f"{path}: size is given twice, as size and as payload.size: leave one out")
    trusted = found.get("trust_pickle", False)
    if not isinstance(trusted, bool):
        raise BadRequest(f"{path}: payload.trust_pickle = {safe_text(trusted, 60)}: expected true or false")
    text = _value(path, f"payload.{sources[0]}", found[sources[0]])
    if sources[0] == "file" and not (path.parent / text).exists():
        raise BadRequest(f"{path}: payload.file = {text!r}: there is no such file or folder beside the scenario file")
    options = {"payload": f"./{text}" if sources[0] == "file" else text, "trust_pickle": trusted}
    return options | ({"size": _value(path, "size", found["size"])} if "size" in found else {})
