"""A SharedMemory segment: the driver creates and unlinks it, other processes attach to it by name.

Only the name is sent to peers, because a pickled SharedMemory loses `track`. All processes of a visit share the
driver's resource tracker, which runs before they start and keeps a set of names. Before Python 3.13, attaching always
registers the name; the set already holds it, and the driver's unlink() removes it once. Removing the name by hand, as
is advised for processes with different trackers, would make that unlink() an error in the tracker, and would leave the
segment behind if the driver is killed.
"""

from __future__ import annotations

import mmap
import os
import sys
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from ipcbench.measure.api.ports import Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.ring import BytesRing


class Segment:
    """A segment; `memory` is None in a process that has not attached to it."""

    def __init__(self, settings: PortSettings, size: int) -> None:
        self.name = settings.new_name()
        self.views: list[memoryview] = []
        memory: Any = SharedMemory(self.name, create=True, size=size)
        self.memory: Any = memory
        try:
            reserve(memory)
        except OSError:
            self.close()
            self.destroy()
            raise
        touch(memory.buf)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"memory": None, "views": []}

    def connect(self) -> None:
        """Attach to the segment, unless this process created it or inherited it through fork."""
        if self.memory is None:
            self.memory = attach(self.name)

    def view(self, start: int = 0, stop: int | None = None, format: str = "B") -> memoryview:
        """Return a view of a part of the segment, valid until close."""
        if self.memory is None:
            raise RuntimeError("not connected")
        self.views.append(self.memory.buf[start:stop].cast(format))
        return self.views[-1]

    def close(self) -> None:
        """Release all views, which would prevent closing, and close the segment."""
        for view in self.views:
            view.release()
        if self.memory is not None:
            self.memory.close()

    def destroy(self) -> None:
        """Unlink the segment."""
        if self.memory is not None:
            self.memory.unlink()


class SegmentRing(BytesRing):
    """A ring whose slots are in one segment."""

    def make_memory(self, settings: PortSettings, size: int) -> None:
        self.segment = Segment(settings, size)

    def view(self) -> memoryview:
        return self.segment.view()

    def connect(self, side: Side) -> None:
        self.segment.connect()

    def close(self) -> None:
        self.segment.close()

    def destroy(self) -> None:
        self.segment.destroy()


class LendingRing(SegmentRing):
    """A ring that is read in place, with one extra slot for the message that the receiver holds.

    Each receive first gives back the slot of the message before; close() releases the last one.
    """

    lent: memoryview | None = None

    def slot_count(self, settings: PortSettings) -> int:
        return settings.window + 1

    def make_signals(self, settings: PortSettings) -> None:
        super().make_signals(settings)
        self.free = settings.context.Semaphore(settings.window)  # the first receive posts the extra slot

    def close(self) -> None:
        if self.lent is not None:
            self.lent.release()
        super().close()


def reserve(memory: Any) -> None:
    """Reserve the segment's space in the file system; raises OSError, instead of SIGBUS at the first store."""
    if sys.platform == "linux":
        os.posix_fallocate(memory._fd, 0, memory.size)  # _fd is private, unchanged in CPython 3.8 to 3.14


def touch(view: memoryview) -> None:
    """Write to every page, so that no page fault happens while the clock runs."""
    view[:: mmap.PAGESIZE] = bytes(len(range(0, len(view), mmap.PAGESIZE)))


def attach(name: str) -> SharedMemory:
    """Attach to a segment by name; its creator unlinks it."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    return SharedMemory(name)
