"""Interpreters in the driver's process, each with its own lock and in its own thread (PEP 684, PEP 734).

    driver's thread i ── bytes, a descriptor, views of memory ──▶ interpreter i      nothing else can be passed

A peer receives its job as a pickle, in which a number stands for each piece of shared memory; `follow` then runs in the
interpreter as in any peer. An interpreter does its own imports, and has neither signals nor fork. Extension modules
must support subinterpreters; faulthandler and numpy do not, so no module that a peer needs may import them.
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
library()  # from here on this interpreter can receive a shared memoryview
"""
_SERVE = "serve(job, control, views)"


def library() -> Any:
    """Return the module concurrent.interpreters; raises NotOffered if this Python has none."""
    try:
        return importlib.import_module(MODULE)
    except ImportError as error:
        raise NotOffered(f"this Python has no module {MODULE}") from error


def pack(thing: Any) -> tuple[bytes, tuple[memoryview, ...]]:
    """Return an object as a pickle and the memoryviews taken out of it, which interpreters can share."""
    file = io.BytesIO()
    packer = _Packer(file)
    packer.dump(thing)
    return file.getvalue(), tuple(packer.views)


def unpack(packed: bytes, views: Sequence[memoryview]) -> Any:
    """Return the object that `pack` pickled, with its memoryviews restored."""
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
    """Run a peer in its own interpreter, in the calling thread."""
    place(job.cpus)  # only the calling thread
    try:
        _work(job, ports, control)
    except Exception as error:
        if _kind(error) != "SystemExit":  # `follow` raises it after it has sent the driver the error
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
    """Run a peer, inside its interpreter; the descriptor `control` still belongs to the caller."""
    job, ports = unpack(packed, views)
    with Connection(os.dup(control)) as line:
        follow(job, ports, line, threading.get_native_id)


def _kind(error: Exception) -> str:
    """Return the name of the exception raised in the interpreter, or else in this one."""
    found = getattr(error, "excinfo", None)
    return str(found.type.__name__ if found else type(error).__name__)


def _last_line(error: Exception) -> str:
    found = getattr(error, "excinfo", None)
    return f"{_kind(error)}: {found.msg if found else error}"


class InterpreterBarrier:
    """A barrier for pool workers that are interpreters, with the wait() of threading.Barrier.

    Each worker takes a different token from a queue; the worker with the last token puts all back and releases the
    others.
    """

    def __init__(self, parties: int) -> None:
        self.parties = parties
        self.tokens = numbers(parties)
        self.gate = library().create_queue()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until all parties wait; return the caller's number in order of arrival, from 0."""
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
    """Return a queue that holds 0 to count - 1."""
    queue = library().create_queue()
    for number in range(count):
        queue.put(number)
    return queue
