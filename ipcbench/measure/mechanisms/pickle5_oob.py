"""A control: pickle protocol 5 with buffers out of band: an array is copied neither into the pickle nor out of it.

Bytes and other objects have no buffers out of band; they cost as much as in `pickle5`.
Source: Lib/pickle.py, PEP 574.
"""

import pickle
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.loopback import Loopback


class Pickle5OobControl(Loopback):
    def sender(self) -> Send:
        held, dumps = self.held, pickle.dumps

        def send(message: Any) -> None:
            buffers: list[pickle.PickleBuffer] = []
            held[0] = dumps(message, 5, buffer_callback=buffers.append), buffers

        return send

    def receiver(self) -> Receive:
        held, loads = self.held, pickle.loads

        def receive() -> Any:
            packed, buffers = held[0]
            return loads(packed, buffers=buffers)

        return receive


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
