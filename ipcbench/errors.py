"""Everything ipcbench raises on purpose.

IpcbenchError           one line for the user, and the exit code that goes with it
├── BadRequest          what was asked for cannot be done as asked
│   ├── UnknownName     a name that nothing has; the message gives the known ones and the nearest
│   └── NotHere         what was asked for makes sense, but not on this machine
├── ResultError         a results file or journal that cannot be read, or must not be written
│   ├── NotSaved        what was measured cannot be written down
│   └── NotAReport      a folder that holds no report of ours, or none that can be read
├── PeerFailed          a peer died, raised or answered something else than its part
├── ServerFailed        a server that a mechanism needs does not start, does not answer, or has died
├── NotOffered          this machine does not have what a case needs, as turned out while it was set up
├── NotContained        what a visit started could not be ended or removed
├── HostLost            a host of a fleet does not answer any more
└── Interrupted         the user asked the run to stop
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

MOST_KNOWN = 24  # names that a message lists; of more it gives the nearest
MOST_NEAR = 8
_LISTED = ("mechanism", "pattern", "suite")  # what the command `list` shows
# What the system says when there is no more of something: room, memory, descriptors, processes.
SHORT_OF = (errno.ENOSPC, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN)
_SHORTAGES = ("can't start new thread", "failed to map segment")  # how Python and the dynamic loader put it


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory, descriptors, processes or threads have run out."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in SHORT_OF):
        return True
    return any(words in str(error) for words in _SHORTAGES)


class IpcbenchError(Exception):
    """Root of the tree; its text is one line that says what failed and what to do next."""

    exit_code = 2


class BadRequest(IpcbenchError):
    """A request that names something impossible, or leaves nothing to do."""


class UnknownName(BadRequest):
    """A name of the given kind that nothing carries; lists the known names, or the nearest if there are many."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        import difflib  # not needed where nothing goes wrong, as in every measured process

        names = sorted(known)
        folded: dict[str, list[str]] = {}
        for each in names:
            folded.setdefault(each.casefold(), []).append(each)
        close = difflib.get_close_matches(name.casefold(), folded, n=MOST_NEAR, cutoff=0.4)
        nearest = [each for match in close for each in folded[match]]
        alike = difflib.get_close_matches(name.casefold(), folded, n=1)
        hint = f"did you mean {nearest[0]!r}? " if alike else ""
        super().__init__(f"unknown {kind} {name!r}: {hint}{_known(kind, names, nearest)}")


def _known(kind: str, names: list[str], nearest: list[str]) -> str:
    """The known names if they are few, otherwise the nearest of them, and where all are."""
    if len(names) <= MOST_KNOWN:
        return f"known: {', '.join(names)}"
    shown = (nearest or names)[:MOST_KNOWN]
    said = f"{'nearest' if nearest else 'known'}: {', '.join(shown)}"
    if kind in _LISTED:
        from ipcbench.shell import pasted

        return f"{said}; to see all {len(names)}: {pasted('list')}"
    return f"{said}; and {len(names) - len(shown)} more" if len(names) > len(shown) else said


class NotHere(BadRequest):
    """Nothing of what was asked for can be measured on this machine, which another could."""

    exit_code = 8


class ResultError(IpcbenchError):
    """A results file or folder that cannot be read, or a label that must not be overwritten."""


class NotSaved(ResultError):
    """The file system refuses what was measured."""

    exit_code = 6


class NotAReport(ResultError):
    """A folder whose manifest.json is missing, damaged, of another program or of a newer ipcbench."""


class PeerFailed(IpcbenchError):
    """A peer ended before its part was done."""


class ServerFailed(IpcbenchError):
    """A server that was started for a visit ended before its part was done, or never began with it."""


class NotOffered(IpcbenchError):
    """What a case needs is not there, or is not what it seems; the case is unsupported on this machine."""


class NotContained(IpcbenchError):
    """Something outlived its visit and could not be removed, so no other visit may follow."""

    exit_code = 6


class HostLost(IpcbenchError):
    """A host of a fleet has gone and not come back, so its visits end; those of other hosts go on."""

    exit_code = 6


class Interrupted(IpcbenchError):
    """A signal asked the run to stop; what was measured until then is saved by whoever catches this."""

    def __init__(self, signal_number: int, text: str = "stopped before anything was measured; nothing was written"):
        super().__init__(text)
        self.exit_code = 128 + signal_number  # as a shell says it
