"""POSIX shared memory and named semaphores through posix_ipc: the ring of `shared-memory`, opened by name.

These are the objects behind SharedMemory and Semaphore of multiprocessing, but without a resource tracker: the names of
a killed process remain. Source: shm_overview(7), sem_overview(7), https://github.com/osvenskan/posix_ipc.
"""

from __future__ import annotations

import mmap
import os
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.ring import BytesRing
from ipcbench.measure.transports.shared_memory import touch


class PosixRing(BytesRing):
    """A ring that the driver creates; a process that did not inherit it opens it by name."""

    def make_signals(self, settings: PortSettings) -> None:
        import posix_ipc

        self.views: list[memoryview] = []
        self.memory: mmap.mmap | None = None
        self.names = [f"/{settings.new_name()}" for _ in range(3)]
        self.free: Any = posix_ipc.Semaphore(self.names[0], posix_ipc.O_CREX, initial_value=self.slots)
        self.full: Any = posix_ipc.Semaphore(self.names[1], posix_ipc.O_CREX)

    def make_memory(self, settings: PortSettings, size: int) -> None:
        import posix_ipc

        made = posix_ipc.SharedMemory(self.names[2], posix_ipc.O_CREX, size=size)
        try:
            os.posix_fallocate(made.fd, 0, size)  # raises OSError now, instead of SIGBUS at the first store
            self.memory = mmap.mmap(made.fd, size)
        except OSError:
            self.destroy()
            raise
        finally:
            made.close_fd()
        with memoryview(self.memory) as view:
            touch(view)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"memory": None, "views": [], "free": None, "full": None}

    def connect(self, side: Side) -> None:
        import posix_ipc

        if self.memory is None:
            self.free, self.full = map(posix_ipc.Semaphore, self.names[:2])
            opened = posix_ipc.SharedMemory(self.names[2])
            self.memory = mmap.mmap(opened.fd, self.stride * self.slots)
            opened.close_fd()

    def view(self) -> memoryview:
        assert self.memory is not None
        self.views.append(memoryview(self.memory))
        return self.views[-1]

    def close(self) -> None:
        for view in self.views:
            view.release()
        if self.memory is not None:
            self.memory.close()
            self.free.close()
            self.full.close()
            self.memory = None

    def destroy(self) -> None:
        import posix_ipc

        posix_ipc.unlink_semaphore(self.names[0])
        posix_ipc.unlink_semaphore(self.names[1])
        posix_ipc.unlink_shared_memory(self.names[2])


MECHANISM = Mechanism(
    name="posix-shm",
    title="POSIX shared memory and semaphores, posix_ipc",
    short="POSIX shm",
    family="shared memory",
    requires=("posix_ipc",),
    extra="posix-ipc",
    licence="BSD-3-Clause",
    carries="bytes",
    bounded_by="slots",
    channel=PosixRing,
    copies=2,
    shared_memory=True,
    systems=("linux",),
    caveats=(
        "one sender and one receiver, signalled by two semaphores",
        "its names remain after a crash, until unlinked",
    ),
)
