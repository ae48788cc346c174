"""SharedMemory with two semaphores, read in place: the receiver gets a memoryview of the slot and copies nothing.

A slot is free again when the next message is asked for; until then the view is good, and no longer. The receiver reads
one byte of every page: untouched, a message of any size would take the same time. A view that is left must be released
before the segment can be closed. Source: Lib/multiprocessing/shared_memory.py.
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
    title="SharedMemory read in place, semaphores as signal",
    short="ShMem view",
    family="shared memory",
    carries="bytes",
    bounded_by="slots",
    copies=1,
    shared_memory=True,
    channel=SharedMemoryViewRing,
    caveats=(
        "the receiver borrows a message until the next one: to keep it is another copy",
        "one sender and one receiver, signalled by two semaphores",
    ),
)
