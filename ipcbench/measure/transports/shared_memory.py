"""A SharedMemory segment: made and unlinked by the driver, attached to by its name everywhere else.

The name travels and not the object, whose pickle forgets `track`. All processes of a visit share the driver's resource
tracker, which runs before they start and keeps a set of names: attaching before 3.13, which cannot be told not to
register, adds what is there already, and the driver's unlink() removes it once. Taking the name out by hand, as is
advised where trackers differ, would make that unlink() an error in the tracker, and leave the segment if the driver is
killed.
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
    """One segment; `memory` is None in a process that has not attached to it."""

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
        """Attach to it, unless this process made it or was forked from the one that did."""
        if self.memory is None:
            self.memory = attach(self.name)

    def view(self, start: int = 0, stop: int | None = None, format: str = "B") -> memoryview:
        """A part of it, good until close."""
        if self.memory is None:
            raise RuntimeError("not connected")
        self.views.append(self.memory.buf[start:stop].cast(format))
        return self.views[-1]

    def close(self) -> None:
        """Let go of it and of all views, which would keep it from being closed."""
        for view in self.views:
            view.release()
        if self.memory is not None:
            self.memory.close()

    def destroy(self) -> None:
        """Take its name away."""
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
    """A ring that is read in place, with one slot more than messages in flight, for the one that the receiver holds.

    A receiver first gives back the slot that it was lent last; what it holds of the memory then goes in close.
    """

    lent: memoryview | None = None

    def slot_count(self, settings: PortSettings) -> int:
        return settings.window + 1

    def make_signals(self, settings: PortSettings) -> None:
        super().make_signals(settings)
        self.free = settings.context.Semaphore(settings.window)  # the first receive gives the slot more

    def close(self) -> None:
        if self.lent is not None:
            self.lent.release()
        super().close()


def reserve(memory: Any) -> None:
    """Have the file system find the space now, as OSError; later it would be SIGBUS at the first store."""
    if sys.platform == "linux":
        os.posix_fallocate(memory._fd, 0, memory.size)  # private, the same in CPython 3.8 to 3.14


def touch(view: memoryview) -> None:
    """Write to every page, so that none is missing when the clock runs."""
    view[:: mmap.PAGESIZE] = bytes(len(range(0, len(view), mmap.PAGESIZE)))


def attach(name: str) -> SharedMemory:
    """The segment of that name, which stays its maker's to unlink."""
    if sys.version_info >= (3, 13):
        return SharedMemory(name, track=False)
    return SharedMemory(name)
