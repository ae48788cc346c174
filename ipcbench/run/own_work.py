"""Look at functions of the user's that work on messages, before a run: import them in custody, name, announce them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing

from ipcbench.errors import BadRequest, ResultError
from ipcbench.measure.api import own
from ipcbench.measure.api.own import Source
from ipcbench.model import Interpreter, OwnWork, Timing
from ipcbench.run.own_payload import described, name_of
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

_PROGRAM = "ipcbench.measure.try_work"


def own_works(
    texts: Sequence[str], pythons: Sequence[Interpreter] = (), folder: str | None = None
) -> tuple[OwnWork, ...]:
    """Look at functions given as 'module:function', under this Python or those of the run.

    Modules are found from the folder, by default the current one. Raises BadRequest in one line for one that cannot be
    called with a message, and Interrupted.
    """
    if not texts:
        return ()
    sources = [Source(text, folder or os.getcwd()) for text in texts]
    with Stop() as stop:
        return _looked(sources, pythons, stop)


def refuse_changed(works: Sequence[OwnWork], pythons: Sequence[Interpreter], stop: Stop) -> None:
    """Raise ResultError if work of a run that is resumed has another source text now, and BadRequest as above."""
    now = _looked([Source(one.source, one.folder) for one in works], pythons, stop)
    for one, other in zip(works, now, strict=True):
        if one.name != other.name:
            raise ResultError(f"the work {one.source} is another than when the run began: begin a new run")


def announce(works: Sequence[OwnWork]) -> None:
    """Tell this process, and all that it starts, of this work."""
    own.announce_works({one.name: Source(one.source, one.folder) for one in works})


def _looked(sources: Sequence[Source], pythons: Sequence[Interpreter], stop: Stop) -> tuple[OwnWork, ...]:
    with closing(Visitor(Timing(), stop, pythons=pythons)) as visitor:
        return tuple(_look(visitor, source, [python.tag for python in pythons] or [""]) for source in sources)


def _look(visitor: Visitor, source: Source, tags: Sequence[str]) -> OwnWork:
    """Import a function under each Python."""
    if not source.is_function:
        raise BadRequest(f"--work {source.text}: expected a time such as 2ms, or a function such as detector:detect")
    found = [described(visitor, _PROGRAM, "work", source, tag) for tag in tags]
    return OwnWork(name_of(source.text.rpartition(":")[2], found[0].digests), source.text, source.folder)
