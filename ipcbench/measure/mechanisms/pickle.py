"""A control: ForkingPickler.dumps and loads without a transport, the cost of pickling in every channel of objects.

It copies a dispatch table per message and uses the default protocol, as Connection.send does.
Source: Lib/multiprocessing/reduction.py.
"""

from multiprocessing.reduction import ForkingPickler
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Receive, Send
from ipcbench.measure.transports.loopback import Loopback


class PickleControl(Loopback):
    def sender(self) -> Send:
        held, dumps = self.held, ForkingPickler.dumps

        def send(message: Any) -> None:
            held[0] = dumps(message)

        return send

    def receiver(self) -> Receive:
        held, loads = self.held, ForkingPickler.loads

        def receive() -> Any:
            return loads(held[0])

        return receive


MECHANISM = Mechanism(
    name="pickle",
    title="ForkingPickler, dumps and loads",
    short="pickle",
    family="controls",
    carries="objects",
    bounded_by="slots",
    channel=PickleControl,
    duplex=True,
    peers="nobody",
    control=True,
    copies=2,
    semaphores=False,
    caveats=("a control: no other process takes part",),
)
