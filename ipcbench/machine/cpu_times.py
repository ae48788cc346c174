"""CPU times from /proc/stat, since the CPUs started. Numbers of CPUs may have gaps.

Standard library only, since the warden imports this module.
"""

from __future__ import annotations

import os
from typing import NamedTuple

TICK = 1.0 / os.sysconf("SC_CLK_TCK")
_IDLE, _IOWAIT, _IRQ, _SOFTIRQ, _STEAL = 3, 4, 5, 6, 7  # columns of /proc/stat, see proc(5)
_COLUMNS = 8  # the columns after these are included in them


class CpuTimes(NamedTuple):
    """Seconds of the usable CPUs together, since they started.

    spare is time without work of a process that is not stolen: idle, waiting for disks, in interrupts. lines is the
    number of lines of /proc/stat, each rounded, that were added up.
    """

    cpus: int
    lines: int
    spare: float
    stolen: float
    total: float


def cpu_times(stat: str, cpus: tuple[int, ...]) -> CpuTimes | None:
    """Parse the text of /proc/stat for these CPUs; None if a CPU is missing or a line is malformed.

    If these are all CPUs, the first line has their sum, which is rounded only once.
    """
    found: dict[str, list[float]] = {}
    for line in stat.splitlines():
        name, *columns = line.split() or [""]
        if not name.startswith("cpu"):
            break
        if len(columns) < _COLUMNS or not all(column.isdecimal() and len(column) < 20 for column in columns):
            return None
        found[name] = [int(column) * TICK for column in columns[:_COLUMNS]]
    whole = found.pop("cpu", None)
    wanted = {f"cpu{number}" for number in cpus}
    if not wanted or not wanted <= set(found):
        return None
    rows = [whole] if whole and wanted == set(found) else [found[name] for name in wanted]
    spare = sum(row[column] for row in rows for column in (_IDLE, _IOWAIT, _IRQ, _SOFTIRQ))
    return CpuTimes(len(wanted), len(rows), spare, sum(row[_STEAL] for row in rows), sum(map(sum, rows)))
