"""A control: what pickling costs every channel of objects, ForkingPickler.dumps and loads, without any transport.

It copies a dispatch table per message and uses the default protocol, as Connection.send does.
Source: Lib/multiprocessing/reduction.py.
"""

from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any

from ipcbench.measure.alone import Alone
from ipcbench.measure.ports import Mechanism


class PickleControl(Alone):
    def pack(self) -> Callable[[Any], Any]:
        return ForkingPickler.dumps

    def unpack(self) -> Callable[[Any], Any]:
        return ForkingPickler.loads


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
