"""Everything ipcbench raises on purpose.

IpcbenchError           one line for the user; the command line prints it and picks the exit code
├── BadRequest          what was asked for cannot be done as asked
│   └── UnknownName     a name that nothing has; the message gives the known ones and the nearest
├── ResultError         a results file that cannot be read, or must not be written
├── PeerFailed          a peer died, raised or answered something else than its part
├── NotOffered          this machine does not have what a case needs, as turned out while it was set up
├── NotContained        what a visit started could not be ended or removed
└── Interrupted         the user asked the run to stop
"""

from __future__ import annotations

from collections.abc import Iterable


class IpcbenchError(Exception):
    """Root of the tree; its text is one line that says what failed and what to do next."""


class BadRequest(IpcbenchError):
    """A request that names something impossible, or leaves nothing to do."""


class UnknownName(BadRequest):
    """A name of the given kind that nothing carries; lists the known names and the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        import difflib  # not needed where nothing goes wrong, as in every measured process

        names = sorted(known)
        nearest = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {nearest[0]!r}? " if nearest else ""
        super().__init__(f"unknown {kind} {name!r}: {hint}known: {', '.join(names)}")


class ResultError(IpcbenchError):
    """A results file or folder that cannot be read, or a label that must not be overwritten."""


class PeerFailed(IpcbenchError):
    """A peer ended before its part was done."""


class NotOffered(IpcbenchError):
    """What a case needs is not there, or is not what it seems; the case is unsupported on this machine."""


class NotContained(IpcbenchError):
    """Something outlived its visit and could not be removed, so no other visit may follow."""


class Interrupted(IpcbenchError):
    """A signal asked the run to stop; what was measured until then is saved by whoever catches this."""

    def __init__(self, signal_number: int) -> None:
        super().__init__("stopped before anything was measured; nothing was written")
        self.exit_code = 128 + signal_number  # as a shell says it
