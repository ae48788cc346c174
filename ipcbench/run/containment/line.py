"""How a process of the containment waits: for the end of a child, and for words of the process above it.

Standard library only, since the warden is.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal


class Alone(Exception):
    """The process above is gone."""


class Line:
    """A poll that wakes at the end of a child, and when the process above says something or ends.

    above is the descriptor of the connection to that process, both ways. orchestrator is a pidfd of the run's
    orchestrator, or -1.
    """

    def __init__(self, above: int, orchestrator: int = -1) -> None:
        """Take over the signals of this process; those of a terminal are ignored."""
        self.above = above
        self.orchestrator = orchestrator
        self._pending = b""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)  # not SIG_IGN: a worker starts with the default, as any shell has it
        self._wake, self._wake_end = os.pipe()
        for end in (self._wake, self._wake_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)
        self.poll = select.poll()
        for descriptor in (above, self._wake, orchestrator):
            if descriptor >= 0:
                self.poll.register(descriptor, select.POLLIN)

    def heard(self, descriptor: int) -> list[bytes]:
        """Return the lines that were said, given a descriptor that is readable; raises Alone."""
        if descriptor == self._wake:
            os.read(self._wake, 4096)
            return []
        data = os.read(self.above, 65_536) if descriptor == self.above else b""
        if not data:
            raise Alone
        *lines, self._pending = (self._pending + data).split(b"\n")
        return lines

    def say(self, line: bytes) -> None:
        """Send a line to the process above; raises Alone."""
        view = memoryview(line + b"\n")
        try:
            while view:
                view = view[os.write(self.above, view) :]
        except ConnectionError as error:
            raise Alone from error

    def close(self) -> None:
        """Close everything, in a process that was forked and has a line of its own."""
        signal.set_wakeup_fd(-1)
        for descriptor in {self._wake, self._wake_end, self.orchestrator, self.above}:
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
