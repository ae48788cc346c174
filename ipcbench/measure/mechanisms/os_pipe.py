"""os.pipe() with os.writev and os.readv: a kernel pipe and an 8-byte length before each message, nothing else.

The pipe holds 64 KiB; whoever writes more waits for the reader. What every other transport is compared with: "3.1 raw
pipes". Source: pipe(7), Lib/os.py.
"""

import os
from multiprocessing import reduction
from typing import Any

from ipcbench.measure.framed import FileChannel
from ipcbench.measure.ports import Mechanism, PortSettings


class OsPipeChannel(FileChannel):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.reading, self.writing = os.pipe()

    def __getstate__(self) -> dict[str, Any]:
        ends = {"reading": reduction.DupFd(self.reading), "writing": reduction.DupFd(self.writing)}
        return self.__dict__ | ends

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.reading, self.writing = state["reading"].detach(), state["writing"].detach()


MECHANISM = Mechanism(
    name="os-pipe",
    title="os.pipe, length and payload in one write",
    short="os.pipe",
    family="pipes",
    carries="bytes",
    bounded_by="bytes",
    channel=OsPipeChannel,
    semaphores=False,
    copies=3,
    dead_peer="end of file",
    systems=("linux",),
    caveats=("nothing is framed for you: reads and writes may be short",),
)
