"""SharedMemory with two semaphores, read in place: the receiver gets a memoryview of the slot and copies nothing.

The view is valid until the next receive, which frees the slot. The receiver reads one byte of every page; otherwise
messages of every size would take equally long. The last view must be released before the segment can be closed.
Source: Lib/multiprocessing/shared_memory.py.
"""

import mmap

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive
from ipcbench.measure.transports.ring import LENGTH
from ipcbench.measure.transports.shared_memory import LendingRing


class SharedMemoryViewRing(LendingRing):
    def receiver(self) -> Receive:
        wait, next_start, post = self.full.acquire, self.next_start(), self.free.release
        view, page = self.view(), mmap.PAGESIZE
        get_length, head = LENGTH.unpack_from, LENGTH.size

        def receive() -> memoryview:
            post()
            wait()
            start = next_start()
            (length,) = get_length(view, start)
            start += head
            self.lent = payload = view[start : start + length]
            bytes(payload[::page])
            return payload

        return receive


MECHANISM = Mechanism(
    name="shared-memory-view",
    title="SharedMemory read in place, semaphores as signals",
    short="ShMem view",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    copies=1,
    shared_memory=True,
    channel=SharedMemoryViewRing,
    caveats=(
        "the receiver borrows a message until the next receive; to keep it, copy it",
        "one sender and one receiver, signalled by two semaphores",
    ),
)
