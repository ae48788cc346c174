"""The digest of a results file: SHA-256 over the canonical JSON of everything in it but the digest.

The canonical JSON has sorted keys, no blanks, and one form for each number, see `one_form`. Layout, the order of keys,
0 for 0.0 or 0.00001 for 1e-05 do not change the digest; any other change does. It detects accidents, not forgery, since
a forger can compute the digest again.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_EXACT = 2**53  # every whole number up to this is a double; no type of a results file allows a larger one


def digest_of(document: dict[str, Any]) -> str:
    """Return the digest of a document, 64 hex digits; a digest in its "ipcbench" object does not count.

    Raises OverflowError for numbers that no double holds.
    """
    return digest_of_values(one_form(document))


def digest_of_values(values: dict[str, Any]) -> str:
    """Return the digest of a document that `one_form` has returned."""
    record = values.get("ipcbench")
    if isinstance(record, dict):
        rest = {key: value for key, value in record.items() if key != "digest"}
        values = values | {"ipcbench": rest}
    return hashlib.sha256(msgspec.json.encode(values, order="sorted")).hexdigest()


def one_form(value: Any) -> Any:
    """Copy a document with one form for equal numbers: whole numbers up to 2**53 are ints, all others floats.

    JSON does not distinguish them: programs that rewrite a file write 0.0 as 0 and 1e17 in digits.
    """
    kind = type(value)
    if kind is float:
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if kind is dict:
        return {key: one_form(inner) for key, inner in value.items()}
    if kind is list:
        return [one_form(inner) for inner in value]
    if kind is int and abs(value) > _EXACT:
        return float(value)
    return value
