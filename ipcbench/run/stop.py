"""End a run on INT, TERM or HUP: the visit under way ends at once, and complete rounds are saved.

A second signal ends the run without saving: the journal holds what was measured. A signal that was ignored at the start
stays ignored, as `nohup` and a shell's `&` require.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType, TracebackType

from ipcbench.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """While entered, signals set `by` and make `fd` readable, which wakes a poll().

    A second signal sets `twice`, and inside `breakable` raises Interrupted at any point.
    """

    def __init__(self) -> None:
        self.by: int | None = None
        self.twice = False
        self._breakable = False
        self.fd, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @property
    def requested(self) -> bool:
        """Return whether a signal has come."""
        return self.by is not None

    @contextlib.contextmanager
    def breakable(self) -> Iterator[None]:
        """Let a second signal, even one that came before, end the block; raises Interrupted."""
        self._breakable = True
        try:
            if self.twice and self.by is not None:
                raise Interrupted(self.by)
            yield
        finally:
            self._breakable = False

    def __enter__(self) -> Stop:
        heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._on_signal) for number in heeded}
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.fd)
        os.close(self._write)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.by is None:
            self.by = number
            os.write(self._write, b"!")
        elif not number == self.by == signal.SIGHUP:  # a closing terminal sends two, through kernel and shell
            self.twice = True
            # Not during visits: raising here could lose a worker that has started and is not watched yet.
            if self._breakable:
                self._breakable = False
                raise Interrupted(self.by)
