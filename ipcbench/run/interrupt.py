"""Stop: INT, TERM or HUP asks the run to end; what is under way ends at once, and what is complete is saved."""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """While entered, signals set `by` and make `fd` readable, so that whoever waits in poll() wakes up."""

    def __init__(self) -> None:
        self.by: int | None = None
        self.fd, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @property
    def requested(self) -> bool:
        """Whether a signal has come."""
        return self.by is not None

    def __enter__(self) -> Stop:
        self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self.fd)
        os.close(self._write)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # A second one changes nothing: raising out of here could lose a worker between its start and its being watched.
        if self.by is None:
            self.by = number
            os.write(self._write, b"!")
