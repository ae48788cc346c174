"""Interpreters in the driver's own process, each with a lock of its own and in a thread of its own (PEP 684, PEP 734).

    driver's thread i ── bytes, a descriptor, views of memory ──▶ interpreter i      nothing else gets there

What a peer needs goes in as a pickle, in which memory that both sides share is a number; `follow` then runs inside as
it does in any peer. An interpreter has imports of its own and neither signals nor fork; modules written in C must
allow for it, as faulthandler and numpy do not, so nothing here may import them.
"""

from __future__ import annotations

import importlib
import io
import os
import pickle
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from ipcbench.errors import NotOffered
from ipcbench.measure.process.placement import place
from ipcbench.measure.process.team import Job, follow

MODULE = "concurrent.interpreters"
_BEGIN = """
import sys
sys.path[:] = {path!r}
from ipcbench.measure.process.interpreters import library, serve
library()  # from here on this interpreter knows what a shared memoryview is
"""
_SERVE = "serve(job, control, views)"


def library() -> Any:
    """The module concurrent.interpreters; raises NotOffered where there is none."""
    try:
        return importlib.import_module(MODULE)
    except ImportError as error:
        raise NotOffered(f"this Python has no module {MODULE}") from error


def pack(thing: Any) -> tuple[bytes, tuple[memoryview, ...]]:
    """Pickle something but for the memory in it, which is returned beside: interpreters share that, and copy bytes."""
    file = io.BytesIO()
    packer = _Packer(file)
    packer.dump(thing)
    return file.getvalue(), tuple(packer.views)


def unpack(packed: bytes, views: Sequence[memoryview]) -> Any:
    """What was packed, with the memory in its place."""
    return _Unpacker(io.BytesIO(packed), views).load()


class _Packer(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.views: list[memoryview] = []

    def persistent_id(self, thing: Any) -> int | None:
        if not isinstance(thing, memoryview):
            return None
        self.views.append(thing)
        return len(self.views) - 1


class _Unpacker(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, views: Sequence[memoryview]) -> None:
        super().__init__(file)
        self.views = views

    def persistent_load(self, number: int) -> memoryview:
        return self.views[number]


def work(job: Job, ports: Sequence[Any], control: Connection) -> None:
    """Be a peer in an interpreter of its own; run in a thread, which is the interpreter's as long as it lives."""
    place(job.cpus)  # of the calling thread alone
    try:
        _work(job, ports, control)
    except Exception as error:
        if _kind(error) != "SystemExit":  # by which `follow` ends after it has told the driver itself
            control.send(_last_line(error))
    finally:
        control.close()


def _work(job: Job, ports: Sequence[Any], control: Connection) -> None:
    packed, views = pack((job, ports))
    interpreter = library().create()
    try:
        interpreter.exec(_BEGIN.format(path=sys.path))
        interpreter.prepare_main(job=packed, control=control.fileno(), views=views)
        interpreter.exec(_SERVE)
    finally:
        interpreter.close()


def serve(packed: bytes, control: int, views: Sequence[memoryview]) -> None:
    """Be a peer, inside the interpreter; the descriptor stays its giver's."""
    job, ports = unpack(packed, views)
    with Connection(os.dup(control)) as line:
        follow(job, ports, line, threading.get_native_id)


def _kind(error: Exception) -> str:
    """The name of what was raised in the interpreter, or here."""
    found = getattr(error, "excinfo", None)
    return str(found.type.__name__ if found else type(error).__name__)


def _last_line(error: Exception) -> str:
    found = getattr(error, "excinfo", None)
    return f"{_kind(error)}: {found.msg if found else error}"


class Meeting:
    """A barrier for the workers of a pool that are interpreters, with the wait of threading.Barrier.

    Tokens are counted off a queue, so that no two get the same one; who has the last lays them out again and lets the
    others go.
    """

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.tokens = numbers(parties)
        self.gate = library().create_queue()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until all parties wait; the calling one's number in the order of their coming."""
        number: int = self.tokens.get_nowait()
        if number < self.parties - 1:
            self.gate.get(timeout=timeout)
            return number
        for token in range(self.parties):
            self.tokens.put(token)
        for _ in range(number):
            self.gate.put(None)
        return number


def numbers(count: int) -> Any:
    """A queue that holds 0 to count - 1."""
    queue = library().create_queue()
    for number in range(count):
        queue.put(number)
    return queue
