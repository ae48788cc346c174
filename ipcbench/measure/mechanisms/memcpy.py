"""A control: one copy of the payload into a buffer and one copy out of it, within one process.

The upper limit of bandwidth: no transport that copies twice can be faster on one core.
Source: memcpy(3), which slice assignment and bytes() call.
"""

from functools import partial
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings


class MemcpyControl(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.buffer = bytearray(settings.size)

    def sender(self) -> Send:
        view = memoryview(self.buffer)

        def copy_in(message: Any) -> None:
            view[:] = message

        return copy_in

    def receiver(self) -> Receive:
        return partial(bytes, self.buffer)


MECHANISM = Mechanism(
    name="memcpy",
    title="a copy in and a copy out",
    short="memcpy",
    family="controls",
    carries="bytes",
    exact=True,
    bounded_by="slots",
    channel=MemcpyControl,
    duplex=True,
    peers="nobody",
    control=True,
    copies=2,
    semaphores=False,
    caveats=("a control: no other process takes part",),
)
