"""A control: one copy of the payload into a buffer and one out of it, without any other process.

The roof of every bandwidth: no transport that copies twice can be faster on one core.
Source: memcpy(3), which slice assignment and bytes() come down to.
"""

from collections.abc import Callable
from typing import Any

from ipcbench.measure.alone import Alone
from ipcbench.measure.ports import Mechanism, PortSettings


class MemcpyControl(Alone):
    def __init__(self, settings: PortSettings) -> None:
        super().__init__(settings)
        self.buffer = bytearray(settings.size)

    def pack(self) -> Callable[[Any], Any]:
        buffer = self.buffer
        view = memoryview(buffer)

        def copy_in(message: Any) -> bytearray:
            view[:] = message
            return buffer

        return copy_in

    def unpack(self) -> Callable[[Any], Any]:
        return bytes


MECHANISM = Mechanism(
    name="memcpy",
    title="a copy in and a copy out",
    short="memcpy",
    family="controls",
    carries="bytes",
    bounded_by="slots",
    channel=MemcpyControl,
    duplex=True,
    peers="nobody",
    control=True,
    copies=2,
    semaphores=False,
    caveats=("a control: no other process takes part",),
)
