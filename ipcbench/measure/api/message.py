"""The class of the payload `dataclass`, which a codec for messages of one type knows too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Message:
    """A message of a user: what it is, when it was made, from where, and its data."""

    number: int
    created: float
    origin: str
    data: bytes
