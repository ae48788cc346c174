"""A control: it keeps a message and returns the same object, so its time is the overhead of ipcbench per operation.

A mechanism that is this fast has moved no data. Source: the language.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel, Receive, Send
from ipcbench.measure.api.settings import PortSettings


class NoOpControl(Channel):
    def __init__(self, settings: PortSettings) -> None:
        self.held: list[object] = []

    def sender(self) -> Send:
        return self.held.append

    def receiver(self) -> Receive:
        return self.held.pop


MECHANISM = Mechanism(
    name="no-op",
    title="nothing: the loop and two calls",
    short="no-op",
    family="controls",
    carries="reference",
    bounded_by="slots",
    channel=NoOpControl,
    duplex=True,
    peers="nobody",
    control=True,
    copies=0,
    semaphores=False,
    caveats=("a control: no other process takes part",),
)
