"""Kinds of payload: how one is made from random bytes, and how a channel of bytes carries it.

A kind is one file in `measure/payloads/` that ends with `KIND = Kind(...)`.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from ipcbench.measure.api.ports import Channel, Receive, Send, Side


class CodedChannel(Channel):
    """A channel of payloads over a channel of bytes, with the code that a user would write there in every message."""

    def __init__(self, inner: Channel) -> None:
        self.inner = inner

    def connect(self, side: Side) -> None:
        self.inner.connect(side)

    def close(self) -> None:
        self.inner.close()

    def destroy(self) -> None:
        self.inner.destroy()


class PickledChannel(CodedChannel):
    """Pickles every message with protocol 5, buffers in band."""

    def sender(self) -> Send:
        send, dumps = self.inner.sender(), partial(pickle.dumps, protocol=5)

        def send_pickled(message: Any) -> None:
            send(dumps(message))

        return send_pickled

    def receiver(self) -> Receive:
        receive, loads = self.inner.receiver(), pickle.loads

        def receive_pickled() -> Any:
            return loads(receive())

        return receive_pickled


class Kind(NamedTuple):
    """One kind of payload.

    make returns the payload made from `size` random bytes, a different one for different bytes. A payload of the user's
    has messages instead, which returns all that there are.
    """

    # The file's name.
    name: str
    # One line for lists.
    title: str
    make: Callable[[bytes], Any]
    # The smallest size, and what every size is a multiple of, in bytes; the latter in words.
    least: int = 1
    unit: int = 1
    unit_words: str = ""
    # Packages that it imports beyond the standard library, by import name. Default (): none.
    requires: tuple[str, ...] = ()
    # The package whose mechanisms alone carry it as an object, as importing it changes how multiprocessing pickles it.
    # Default "": every mechanism that carries objects.
    only_by: str = ""
    # Whether it consists of bytes, text, numbers, lists and dicts. Default False.
    plain: bool = False
    # Whether the first item of a payload, or an empty one, is shorter than any payload. Default False.
    has_length: bool = False
    # How a channel of bytes carries it; None for bytes. codec says it in words.
    coded: Callable[[Channel], Channel] | None = PickledChannel
    codec: str = "pickled"
    # Bytes that the coded payload has at most beyond its size, and whether some have less. Default 0 and False.
    beside: int = 0
    varies: bool = False
    # Files that hold one: how their names end, and what reads one.
    ending: str = ""
    read: Callable[[Path], Any] | None = None
    # Of a payload of the user's: what returns the messages, the one size that they have, and the built-in kind that
    # stands for them where a mechanism carries only some kinds.
    messages: Callable[[], Sequence[Any]] | None = None
    only_size: int | None = None
    like: str = ""

    def prepare(self) -> None:
        """Import what payloads need, before anything waits for one: on a busy machine that can take ten seconds."""
        for package in self.requires:
            importlib.import_module(package)

    def unfit(self, size: int) -> str | None:
        """Return why there is no payload of this size, in words; None if there is one."""
        if self.only_size is not None:
            return None if size == self.only_size else f"{self.title} has {self.only_size:,} B, and not {size:,}"
        if size < self.least:
            return f"{self.title} takes at least {self.least} B"
        return f"{self.title} is of {self.unit_words}: {size:,} B are none" if size % self.unit else None


@cache
def built_in(name: str) -> Kind:
    """Return the built-in kind of that name; raises ModuleNotFoundError."""
    kind: Kind = importlib.import_module(f"ipcbench.measure.payloads.{name}").KIND
    return kind
