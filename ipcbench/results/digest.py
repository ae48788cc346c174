"""The digest of a results file: SHA-256 over canonical JSON, everything in the file but the digest itself.

It is of values: keys are sorted, there are no blanks, and a number has one form however it was written, see
`one_form`. So another layout, another order of keys, 0 for 0.0 or 0.00001 for 1e-05 change nothing, while any other
content does. It shows accidents, not forgery: anybody who changes a file can compute it anew.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_EXACT = 2**53  # up to here every whole number is a double, and no type of a results file holds a larger one


def digest_of(document: dict[str, Any]) -> str:
    """The digest of a document, as 64 hex digits; of one with an "ipcbench" object, a digest in it does not count.

    The document is not changed. Raises OverflowError for numbers that no double holds.
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
    """A copy of a document in which equal numbers look the same: a whole number up to 2**53 is an int, others floats.

    This is what JSON itself says of numbers: programs that rewrite a file write 0.0 as 0 and 1e17 in digits.
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
