"""The token of a sitting: of several visits that are alive at once, only the one that holds it works.

A visit asks its custodian for the token over a socket whose descriptor the environment names, and sleeps until it has
it. Asking again gives it back. A worker that was started by hand has no such descriptor, and never waits.
"""

from __future__ import annotations

import os
import socket
from typing import Literal

TOKEN = "IPCBENCH_TOKEN"  # the environment variable with the number of the descriptor
GIVEN = b"+"
WISHES = {"turn": b"t", "end": b"e"}


class Token:
    """The right of one visit to work."""

    def __init__(self) -> None:
        number = os.environ.get(TOKEN)
        self._line = socket.socket(fileno=int(number)) if number else None
        if self._line:
            self._line.set_inheritable(False)

    @property
    def shared(self) -> bool:
        """Return whether other visits may hold the token."""
        return self._line is not None

    def wait(self, wish: Literal["turn", "end"]) -> None:
        """Give the token back and wait for it: for one timed turn, or to verify again and end."""
        if self._line:
            self._line.send(WISHES[wish])
            if not self._line.recv(1):
                raise SystemExit("the custodian of this visit is gone")
