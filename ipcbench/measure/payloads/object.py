"""object: a nested dict of numbers and text, whose pickle has the size."""

import json
import pickle
from array import array
from pathlib import Path
from typing import Any

from ipcbench.measure.api.kind import Kind


def make(source: bytes) -> dict[str, Any]:
    """Return a nested dict made from `source`, whose pickle is as long as `source`.

    Most of it are 4-byte numbers, which take 5 bytes in a pickle; text fills the rest. The framing of a pickle depends
    on its length, so the text is fitted repeatedly.
    """
    size = len(source)
    numbers = array("i", source[: size // 5 // 8 * 8 * 4])
    text = source[-size:].hex()
    found = {"id": int.from_bytes(source[:8], "little"), "data": numbers.tolist(), "of": {"text": ""}}
    for _ in range(4):
        missing = size - len(pickle.dumps(found))
        if not missing:
            break
        if missing < 0 and not found["of"]["text"]:  # type: ignore[index]
            del found["data"][missing // 5 :]  # type: ignore[attr-defined]
            continue
        length = len(found["of"]["text"]) + missing  # type: ignore[index]
        found["of"] = {"text": text[: max(length, 0)]}
    return found


def read(path: Path) -> Any:
    """Read a file of JSON."""
    return json.loads(path.read_bytes())


KIND = Kind(
    name="object",
    title="an object",
    make=make,
    least=64,  # an empty one takes about 50
    plain=True,
    has_length=True,
    ending=".json",
    read=read,
    beside=16,  # protocol 5 and the default of an older Python may differ by a few bytes
)
