"""What sleeping CPUs cost: round trips over a pipe between two CPUs, which sleep in one slice and not in the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import NamedTuple

from ipcbench.machine.switches import own_options
from ipcbench.measure.process.awake import Awake
from ipcbench.measure.process.names import PACKAGE_PARENT
from ipcbench.measure.process.placement import near_first, place, usable_cpus
from ipcbench.model import Capabilities
from ipcbench.units import format_ratio, format_time

SLICES = 10  # of each kind
SLICE = 0.03  # seconds
_LIMIT = 20.0  # seconds for all
_MAIN = (
    f"import sys; sys.path = [*filter(None, sys.path), {PACKAGE_PARENT!r}]; "
    "from ipcbench.machine.waking import main; main()"
)


class Waking(NamedTuple):
    """Medians of a round trip in seconds: while idle CPUs sleep, and while they are kept awake."""

    idle: float
    awake: float

    @property
    def sentence(self) -> str:
        """The price of waking a CPU, in a sentence."""
        added = self.idle - self.awake
        price = f"adds {format_time(added)}" if added > 0 else "adds nothing"
        return (
            f"Waking a sleeping CPU {price} to a round trip over a pipe ({format_time(self.idle)} against "
            f"{format_time(self.awake)} with CPUs kept awake, {format_ratio(self.idle / self.awake)})."
        )


def waking(offer: Capabilities) -> Waking | str:
    """Measure the price of waking in about a second, or return why that is not possible, in a sentence."""
    reason = offer.asleep
    if offer.cores < 2:
        reason = f"it needs two cores, and this process may use {offer.cores}"
    if not reason:
        try:
            command = [sys.executable, *own_options(), "-c", _MAIN]
            found = subprocess.run(command, capture_output=True, timeout=_LIMIT, check=True, start_new_session=True)
            return Waking(*map(float, json.loads(found.stdout)))
        except (OSError, ValueError, TypeError, subprocess.SubprocessError) as error:
            reason = f"its processes failed ({type(error).__name__})"
    return f"The price of waking a CPU was not measured: {reason}."


def main() -> None:
    """Measure in this process and in a child, and print both medians as JSON."""
    here, there = near_first(usable_cpus())[:2]
    awake, asleep = Awake((here, there)), Awake(())
    (ping, send), (receive, pong) = os.pipe(), os.pipe()
    if not os.fork():
        os.close(send)
        place([there])
        while data := os.read(ping, 1):
            os.write(pong, data)
        os._exit(0)
    os.close(ping)
    place([here])
    medians: dict[Awake, list[float]] = {asleep: [], awake: []}
    for _ in range(SLICES):
        for state, found in medians.items():
            with state:
                found.append(median(_round_trips(send, receive)))
    awake.end()
    print(json.dumps([median(found) for found in medians.values()]))


def _round_trips(send: int, receive: int) -> list[float]:
    """Return the seconds of each round trip of a slice, without those of its first tenth."""
    found: list[float] = []
    now = perf_counter()
    begin, end = now + SLICE / 10, now + SLICE
    while now < end or not found:
        before = now
        os.write(send, b".")
        os.read(receive, 1)
        now = perf_counter()
        if before >= begin:
            found.append(now - before)
    return found
