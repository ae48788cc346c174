"""All exceptions of ipcbench.

IpcbenchError           root: one line for the user, and an exit code
├── BadRequest          a request that is impossible or leaves nothing to do
│   ├── UnknownName     a name that does not exist
│   └── NotHere         a request that this machine cannot fulfil
├── ResultError         a results file, journal or folder that cannot be read or must not be written
│   ├── NotSaved        results cannot be saved
│   └── NotAReport      a folder without a readable report of ipcbench
├── PeerFailed          a peer died, raised an error or broke the protocol
├── ServerFailed        a server that a mechanism needs does not start, does not answer or died
├── NotOffered          set-up found that this machine lacks what a case needs
├── NotContained        a visit left something that cannot be ended or removed
├── HostLost            a host of a fleet stopped answering
└── Interrupted         a signal stopped the run
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

MOST_KNOWN = 24  # names in a message; if there are more, it lists the nearest
MOST_NEAR = 8
_LISTED = ("mechanism", "pattern", "suite")  # kinds that `ipcbench list` shows
# errno for out of disk space, memory, file descriptors, processes.
SHORT_OF = (errno.ENOSPC, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN)
_SHORTAGES = ("can't start new thread", "failed to map segment")  # messages of Python and of the dynamic loader


def is_shortage(error: BaseException) -> bool:
    """Return whether an error or its cause means out of disk space, memory, descriptors, processes or threads."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in SHORT_OF):
        return True
    if any(words in str(error) for words in _SHORTAGES):
        return True
    return error.__cause__ is not None and is_shortage(error.__cause__)  # a library may wrap the error in its own


class IpcbenchError(Exception):
    """Root of the tree; the text is one line: what failed, and what to do next."""

    exit_code = 2


class BadRequest(IpcbenchError):
    """A request that is impossible or leaves nothing to do."""


class UnknownName(BadRequest):
    """A name that does not exist; lists the known names, or the nearest if there are many.

    kind says what the name stands for, such as a mechanism; where is the file or folder that was searched, if any.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], where: object = "") -> None:
        import difflib  # imported here, since measured processes import this module and never need it

        names = sorted(known)
        folded: dict[str, list[str]] = {}
        for each in names:
            folded.setdefault(each.casefold(), []).append(each)
        close = difflib.get_close_matches(name.casefold(), folded, n=MOST_NEAR, cutoff=0.4)
        nearest = [each for match in close for each in folded[match]]
        alike = difflib.get_close_matches(name.casefold(), folded, n=1)
        hint = f"did you mean {nearest[0]!r}? " if alike else ""
        place = f" in {where}" if where else ""
        super().__init__(f"unknown {kind} {name!r}{place}: {hint}{_known(kind, names, nearest)}")


def _known(kind: str, names: list[str], nearest: list[str]) -> str:
    """Return the known names if they are few, otherwise the nearest names and how to list all."""
    if not names:
        return "there are none"
    if len(names) <= MOST_KNOWN:
        return f"known: {', '.join(names)}"
    near = f"nearest: {', '.join(nearest[:MOST_KNOWN])}" if nearest else ""
    if kind in _LISTED:
        from ipcbench.shell import pasted

        return f"{near}{'; ' if near else ''}to see all {len(names)}: {pasted('list')}"
    shown = near or f"known: {', '.join(names[:MOST_KNOWN])}"
    return f"{shown}; and {len(names) - len(nearest or names[:MOST_KNOWN])} more"


class NotHere(BadRequest):
    """This machine can measure no case of the request, although another machine could."""

    exit_code = 8


class ResultError(IpcbenchError):
    """A results file, journal or folder that cannot be read, or a label that must not be overwritten."""


class NotSaved(ResultError):
    """The file system refuses to save results."""

    exit_code = 6


class NotAReport(ResultError):
    """A folder whose manifest.json is missing, damaged, of another program or of a newer ipcbench."""


class PeerFailed(IpcbenchError):
    """A peer ended before it finished its part."""


class ServerFailed(IpcbenchError):
    """A server that a visit started did not start up, or ended too early."""


class NotOffered(IpcbenchError):
    """Something that a case needs is missing or unusable, so the case is unsupported on this machine."""


class NotContained(IpcbenchError):
    """Something outlived its visit and cannot be removed, so no other visit may follow."""

    exit_code = 6


class HostLost(IpcbenchError):
    """A host of a fleet stopped answering for good; its visits end, other hosts continue."""

    exit_code = 6


class Interrupted(IpcbenchError):
    """A signal stopped the run; the caller that catches this saves what was measured."""

    def __init__(self, signal_number: int, text: str = "stopped before anything was measured; no file was written"):
        super().__init__(text)
        self.exit_code = 128 + signal_number  # the convention of shells
