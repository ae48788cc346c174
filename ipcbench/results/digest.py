"""The digest of a results file: SHA-256 over canonical JSON, everything in the file but the digest itself.

Canonical: keys sorted, no blanks, floats as short as they read back the same. So re-indenting a file changes nothing,
while any other content does. It shows accidents, not forgery: whoever changes a file can compute it anew.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def digest_of(document: dict[str, Any]) -> str:
    """The digest of a document with an "ipcbench" object, as 64 hex digits; OverflowError for integers beyond 64 bits.

    The document is not changed, and a digest that stands in it does not count.
    """
    record = {key: value for key, value in document["ipcbench"].items() if key != "digest"}
    canonical = msgspec.json.encode(document | {"ipcbench": record}, order="sorted")
    return hashlib.sha256(canonical).hexdigest()
