"""A Value whose adding takes no lock around both halves of `+=`: it loses updates, as the manual warns."""

from contextlib import nullcontext
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.transports.cells import ValueCell


class UnlockedCell(ValueCell):
    def make(self, settings: PortSettings) -> tuple[Any, Any]:
        return settings.context.Value("q", 0), nullcontext()


MECHANISM = Mechanism(
    name="unlocked-value",
    title="Value without get_lock()",
    short="Unlocked",
    family="shared memory",
    carries="number",
    bounded_by="slots",
    cell=UnlockedCell,
)
