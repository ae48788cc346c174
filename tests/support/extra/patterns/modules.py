"""ping-pong in which driver and peer write the names in their sys.modules to $IPCBENCH_TEST_MODULES."""

import os
import sys
from pathlib import Path

from ipcbench.measure.api.pattern import Go, Lap, Seat, Turn
from ipcbench.measure.patterns.ping_pong import PingPong


def _write_down(who: str) -> None:
    loaded = sorted(name for name, module in sys.modules.items() if module is not None)
    Path(os.environ["IPCBENCH_TEST_MODULES"], who).write_text("\n".join(loaded))


class Modules(PingPong):
    name = "modules"

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        _write_down("driver")
        return super().drive(seat, go, turn)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        _write_down("peer")
        return super().serve(seat, turn)


PATTERN = Modules()
