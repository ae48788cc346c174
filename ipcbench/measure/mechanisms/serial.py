"""A control: a plain loop over the tasks in the driver, which any pool should beat.

It has no workers and sends no messages: one operation is one call, and all ways of running tasks are equal.
Source: the language.
"""

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Executor, Run
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.pools import here, loop


class Serial(Executor):
    def __init__(self, settings: PortSettings) -> None:
        pass

    def members(self) -> list[int]:
        return here()

    def runner(self, operation: str) -> Run:
        return loop


MECHANISM = Mechanism(
    name="serial",
    title="a plain loop, no workers",
    short="serial",
    family="controls",
    carries="reference",
    bounded_by="nothing",
    executor=Serial,
    operations=("apply", "submit", "map", "map-chunked", "imap"),
    peers="nobody",
    control=True,
    copies=0,
    semaphores=False,
    caveats=("a control: nothing is communicated",),
)
