"""Look at payloads of the user's before a run: make their messages in custody, name them, and announce them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from ipcbench.errors import BadRequest, ResultError
from ipcbench.measure.api import own
from ipcbench.measure.api.own import Form, Source
from ipcbench.model import Failure, Interpreter, OwnPayload, Timing
from ipcbench.run.containment.warden_client import read_json
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Errand, Visitor
from ipcbench.text import safe_text

SECONDS = 60.0  # to make all messages
_PROGRAM = "ipcbench.measure.try_payload"
_DIGITS = 8
_LONGEST_WORD = 20


class FormRecord(msgspec.Struct, array_like=True):
    """A Form as the process that looks at a payload leaves it."""

    name: Literal["bytes", "array", "plain", "object"]
    size: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    varies: bool
    dtype: str
    shape: tuple[int, ...]


class Description(msgspec.Struct):
    """What the process that looks at a payload or at work leaves, see `measure.try_payload` and `measure.try_work`."""

    refused: str = ""
    digests: tuple[str, ...] = ()
    of: str = ""
    form: FormRecord | None = None


def own_payloads(
    texts: Sequence[str], trusted: bool, pythons: Sequence[Interpreter] = (), folder: str | None = None
) -> tuple[OwnPayload, ...]:
    """Look at payloads given as 'module:function' or as a path, under this Python or those of the run.

    Paths and modules are found from the folder, by default the current one. Raises BadRequest in one line for one that
    cannot be measured or proven, and Interrupted.
    """
    if not texts:
        return ()
    sources = [Source(text, folder or os.getcwd(), trusted) for text in texts]
    with Stop() as stop:
        return _looked(sources, pythons, stop)


def refuse_changed(payloads: Sequence[OwnPayload], pythons: Sequence[Interpreter], stop: Stop) -> None:
    """Raise ResultError if a payload of a run that is resumed has other messages now, and BadRequest as above."""
    now = _looked([Source(one.source, one.folder, one.trusted) for one in payloads], pythons, stop)
    for one, other in zip(payloads, now, strict=True):
        if one.name != other.name:
            raise ResultError(f"the payload {one.source} has other messages than when the run began: begin a new run")


def _looked(sources: Sequence[Source], pythons: Sequence[Interpreter], stop: Stop) -> tuple[OwnPayload, ...]:
    with closing(Visitor(Timing(), stop, pythons=pythons)) as visitor:
        tags = [python.tag for python in pythons] or [""]
        return tuple(_look(visitor, source, tags) for source in sources)


def announce(payloads: Sequence[OwnPayload]) -> None:
    """Tell this process, and all that it starts, of these payloads."""
    own.announce({one.name: (Source(one.source, one.folder, one.trusted), Form(*one.form)) for one in payloads})


def _look(visitor: Visitor, source: Source, tags: Sequence[str]) -> OwnPayload:
    """Make the messages under each Python, in two processes of the first, whose hashes differ."""
    found = [described(visitor, _PROGRAM, "payload", source, tag) for tag in (tags[0], *tags)]
    first, form = found[0], found[0].form
    if form is None:
        raise BadRequest(f"--payload {source.text}: its description cannot be read")
    if first.digests != found[1].digests:
        raise BadRequest(
            f"--payload {source.text}: another process makes other messages: let them depend on nothing but the "
            "number of the message, and not on hash() or id()"
        )
    for tag, other in zip(tags[1:], found[2:], strict=True):
        if other.form != form or len(other.digests) != len(first.digests):
            raise BadRequest(
                f"--payload {source.text}: its messages have another size under {tag} than under {tags[0]}"
            )
    return OwnPayload(
        name=name_of(_called(source), first.digests),
        source=source.text,
        folder=source.folder,
        trusted=source.trusted,
        of=safe_text(first.of, 200),
        form=msgspec.structs.astuple(form),
        digests={tag: other.digests for tag, other in zip(tags, found[1:], strict=True)},
    )


def described(visitor: Visitor, program: str, option: str, source: Source, tag: str) -> Description:
    """Run a module that looks at a source, under the Python of this tag; raises BadRequest if it refuses the source."""
    errand = visitor.errand(("-m", program, json.dumps(source)), SECONDS, tag)
    try:
        found = read_json(errand.left or b"{}", Description)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found = Description()
    if found.refused or not found.digests:
        under = f" under {tag}" if tag else ""
        raise BadRequest(f"--{option} {source.text}: {safe_text(found.refused or _trouble(errand), 400)}{under}")
    return found


def _trouble(errand: Errand) -> str:
    """Return how the process ended that left no description, in words."""
    report = errand.report
    if isinstance(report, Failure):
        return report.detail
    if report.ending == "late":
        return f"it did not end within {errand.seconds:.0f} s: make fewer or smaller messages"
    lines = [line for line in report.tail.splitlines() if line.strip()]
    return f"the process that looks at it ended: {lines[-1].strip() if lines else report.ending}"


def _called(source: Source) -> str:
    """Return the module's or the file's last name."""
    return source.text.partition(":")[0].rpartition(".")[2] if source.is_function else Path(source.text).stem


def name_of(called: str, digests: Sequence[str]) -> str:
    """Return a name for case ids: a word in small letters, and digits of these digests."""
    words = re.sub(r"[^a-z0-9]+", "-", called.lower()).strip("-")[:_LONGEST_WORD].strip("-")
    word = words if words[:1].isalpha() else f"file-{words}".rstrip("-")
    return f"{word}-{hashlib.sha256(''.join(digests).encode()).hexdigest()[:_DIGITS]}"
