"""A control: pickle protocol 5 with the buffers out of band: an array is neither copied into the pickle nor out of it.

For bytes and other objects nothing leaves the band, and the cost is that of pickle5.
Source: Lib/pickle.py, PEP 574.
"""

import pickle
from collections.abc import Callable
from typing import Any

from ipcbench.measure.alone import Alone
from ipcbench.measure.ports import Mechanism


class Pickle5OobControl(Alone):
    def pack(self) -> Callable[[Any], Any]:
        def pack(message: Any) -> tuple[bytes, list[pickle.PickleBuffer]]:
            buffers: list[pickle.PickleBuffer] = []
            return pickle.dumps(message, 5, buffer_callback=buffers.append), buffers

        return pack

    def unpack(self) -> Callable[[Any], Any]:
        def unpack(packed: tuple[bytes, list[pickle.PickleBuffer]]) -> Any:
            return pickle.loads(packed[0], buffers=packed[1])

        return unpack


MECHANISM = Mechanism(
    name="pickle5-oob",
    title="pickle protocol 5, buffers out of band",
    short="pickle 5 oob",
    family="controls",
    carries="objects",
    bounded_by="slots",
    channel=Pickle5OobControl,
    duplex=True,
    peers="nobody",
    control=True,
    copies=0,
    semaphores=False,
    caveats=("a control: no other process takes part",),
)
