"""From which work for each message on several workers are faster than a plain loop in one process."""

from __future__ import annotations

import pandas as pd

from ipcbench.analysis.advice.need import LOOP
from ipcbench.analysis.difference import Difference, paired
from ipcbench.analysis.stats import FloatArray
from ipcbench.measure.api.load import EVERY_WORKER, split, unloaded

_SAME = ["work", "payload", "cpus", "start_method", "python"]  # what a case shares with the loop it is compared with


def gains(summary: pd.DataFrame, series: dict[str, FloatArray], cpus: int) -> pd.DataFrame:
    """Return the cases with work that have a plain loop to compare with, by question, mechanism and work.

    New columns: loop (the key of that loop), base (the question without its work), work (seconds for each message), and
    gain with gain_low and gain_high: how many times as fast as the loop, paired by round. Of the numbers of workers,
    the largest that leaves each a CPU is chosen, or the smallest. series has the visit means of each case by round, by
    its column key.
    """
    known = summary[summary["seconds"].notna()]
    parts = [split(operation) for operation in known["operation"]]
    worked = known.assign(work=[0.0 if part.rate else part.seconds for part in parts])
    worked = worked[worked["work"] > 0]
    loops = worked[worked["mechanism"] == LOOP].drop_duplicates(_SAME).set_index(_SAME)["key"].to_dict()
    rows = worked[(worked["mechanism"] != LOOP) & worked["ranked"]]
    rows = rows.assign(loop=[loops.get(tuple(row), "") for row in rows[_SAME].itertuples(index=False)])
    rows = rows[rows["loop"] != ""]
    rows = rows.assign(base=rows["question"].map(unloaded))
    fitting = rows["workers"].where(rows["workers"] <= cpus)
    best = fitting.groupby(rows["base"]).transform("max").fillna(rows.groupby("base")["workers"].transform("min"))
    rows = rows[rows["workers"] == best].drop_duplicates(["base", "mechanism", "work"])
    times = rows["workers"].where(rows["pattern"].isin(EVERY_WORKER), 1)  # a loop works for each of them
    found: list[Difference] = [
        paired(number * series[loop], series[key])
        for number, loop, key in zip(times, rows["loop"], rows["key"], strict=True)
    ]
    return rows.assign(
        gain=[each.ratio for each in found],
        gain_low=[each.low for each in found],
        gain_high=[each.high for each in found],
    ).sort_values(["base", "mechanism", "work"], ignore_index=True)


def pays_from(cells: pd.DataFrame) -> float | None:
    """Return the least work, in seconds, from which one mechanism is surely faster than the loop, whatever the work.

    None if it is not faster with the most work measured. cells are its rows of `gains`, by work; without an interval a
    gain above 1 counts.
    """
    sure = cells["gain_low"].fillna(cells["gain"])
    least = None
    for work, gain in zip(cells["work"].tolist()[::-1], sure.tolist()[::-1], strict=True):
        if gain <= 1:
            break
        least = work
    return least
