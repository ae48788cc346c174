"""A control: pickle.dumps with protocol 5, and loads, without a transport and without ForkingPickler's table.

An array is copied into the pickle and out of it; `pickle5-oob` shows the cost of these copies.
Source: Lib/pickle.py, PEP 574.
"""

import pickle
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.loopback import Loopback


class Pickle5Control(Loopback):
    def sender(self) -> Send:
        held, dumps = self.held, pickle.dumps

        def send(message: Any) -> None:
            held[0] = dumps(message, 5)

        return send

    def receiver(self) -> Receive:
        held, loads = self.held, pickle.loads

        def receive() -> Any:
            return loads(held[0])

        return receive


MECHANISM = Mechanism(
    name="pickle5",
    title="pickle protocol 5, dumps and loads",
    short="pickle 5",
    family="controls",
    carries="objects",
    bounded_by="slots",
    channel=Pickle5Control,
    duplex=True,
    peers="nobody",
    control=True,
    copies=2,
    semaphores=False,
    caveats=("a control: no other process takes part",),
)
