"""A new SharedMemory segment for every message, its name sent through a Pipe; the receiver unlinks it.

Code without a ring does this: for every message, both sides open, map, fault in and unmap memory, and each create,
attach and unlink sends a message to the resource tracker. The tracker must run before the processes start: otherwise,
under fork, each process would get its own tracker, and the sender's would report every segment as leaked.
Source: Lib/multiprocessing/shared_memory.py, resource_tracker.py.
"""

import mmap
from itertools import count
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.shared_memory import Segment


class NewSegmentChannel(Channel):
    def __init__(self, settings: PortSettings) -> None:
        pages = -(-settings.size // mmap.PAGESIZE)
        all_at_once = Segment(settings, settings.window * pages * mmap.PAGESIZE)  # raises now if there is no room
        all_at_once.close()
        all_at_once.destroy()
        tracker = resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]
        if tracker is not None and tracker not in settings.started:
            settings.started.append(tracker)
        self.prefix = settings.new_name()
        self.free = settings.context.Semaphore(settings.window)
        self.reader, self.writer = settings.context.Pipe(duplex=False)

    def sender(self) -> Send:
        self.reader.close()  # an open copy would hide the end of the other side
        wait, tell, prefix, number = self.free.acquire, self.writer.send, self.prefix, count().__next__

        def send(payload: Any) -> None:
            wait()
            size = len(payload)
            segment: Any = SharedMemory(f"{prefix}-{number()}", create=True, size=size)
            segment.buf[:size] = payload
            segment.close()
            tell((segment.name, size))

        return send

    def receiver(self) -> Receive:
        self.writer.close()
        hear, post = self.reader.recv, self.free.release

        def receive() -> Any:
            name, size = hear()
            segment: Any = SharedMemory(name)
            payload = bytes(segment.buf[:size])
            segment.close()
            segment.unlink()
            post()
            return payload

        return receive

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


MECHANISM = Mechanism(
    name="shared-memory-new",
    title="a SharedMemory per message, its name through a Pipe",
    short="ShMem new",
    family="shared memory",
    carries="bytes",
    bounded_by="messages",
    copies=2,
    dead_peer="end of file",
    shared_memory=True,
    channel=NewSegmentChannel,
    background_processes=1,
    caveats=(
        "every message is three requests to the resource tracker, a process of its own",
        "one sender and one receiver; the receiver unlinks each segment",
    ),
)
