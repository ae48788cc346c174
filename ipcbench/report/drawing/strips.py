"""Compute the strips of `stability`: the cases to show, and their values in the order of the run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ipcbench.report.content.study import Study
from ipcbench.units import format_size

NOISY = 0.10  # the middle half of the visits spans more than this share of the median
MOST = 24
FILLED = 8  # the least number of strips, if need be with steady cases
MOST_MARKS = 72  # marks in a strip; more would touch
CONTROLS = ("no-op", "memcpy")
FACTS = ["case", "about", "question", "mechanism", "family", "size", "workers", "control"]
FACTS += ["seconds", "spread", "drift", "groups", "flags", "unsteady", "cases", "rounds"]
MARKS = ["round", "place", "value", "warmup", "time", "least", "most"]


def table(about: Study) -> pd.DataFrame:
    """Return the values of at most 24 cases: two controls, and the least steady others, worst first.

    Cases that drift, form two groups or scatter by more than 10 % come first, by the greater of drift and scatter;
    steady cases follow only if there are fewer than 8 others. Columns of the case: about (in words), control, seconds
    (its median), spread, drift, groups (2 or less), flags (in words). Columns of the run: unsteady (how many cases have
    flags), cases (how many could be judged), rounds. Columns of the value: round, place (in the order of the run, in
    rounds from 0), value (its number in the visit), warmup, time (seconds). If a case has more than 72 values, a row is
    a visit or several visits: value is 0, time the mean of the visit (the median of several), least and most the
    smallest and largest value.
    """
    judged = about.summary[about.summary["spread"].notna()]
    judged = judged.assign(
        about=_about(judged, about),
        control=judged["mechanism"].isin(CONTROLS) & ~judged["ranked"],
        groups=judged["modes"].fillna(0).astype(int),
        flags=[_flags(row) for row in judged.itertuples(index=False)],
        rounds=about.record.rounds,
    )
    judged = judged.assign(unsteady=int((judged["flags"] != "").sum()), cases=len(judged))
    worst = np.maximum(judged["spread"], judged["drift"].abs().fillna(0))
    ordered = judged.assign(worst=-worst, steady=judged["flags"] == "").sort_values(["steady", "worst", "case"])
    controls = ordered[ordered["control"]].sort_values(["size", "question", "case"])
    controls = controls.sort_values("question", key=lambda asked: asked != "ping-pong", kind="stable")
    controls = controls.drop_duplicates("mechanism")
    others = ordered[~ordered["control"]]
    shown = max(FILLED, int((~others["steady"]).sum()))
    chosen = pd.concat([controls, others[: min(shown, MOST - len(controls))]])
    values = {str(key): rows for key, rows in about.values.groupby("case", sort=False)}
    parts = []
    for row in chosen.to_dict("records"):
        marks = _marks(values[str(row["key"])], about.record.rounds)
        parts.append(marks.assign(**{name: row[name] for name in FACTS}))
    return pd.concat(parts, ignore_index=True)[[*FACTS, *MARKS]]


def _about(cases: pd.DataFrame, about: Study) -> list[str]:
    """Describe a case without its mechanism, and with its setting only if the charts show another one."""
    found = []
    for row in cases.itertuples(index=False):
        setting = (row.payload, row.start_method, row.placement, row.cpus, row.python)
        other = [str(word) for word, usual in zip(setting, about.setting, strict=True) if word != usual and word]
        workers = [f"{row.workers} workers"] if int(str(row.workers)) > 1 else []
        found.append(", ".join([str(row.question), format_size(float(str(row.size))), *workers, *other]))
    return found


def _flags(row: Any) -> str:
    parts = []
    if not math.isnan(row.drift):
        parts.append(f"{100 * abs(row.drift):,.0f} % {'slower' if row.drift > 0 else 'faster'} by the end")
    if row.modes is not pd.NA and row.modes == 2:
        parts.append("two groups")
    if row.spread > NOISY:
        parts.append("noisy")
    return ", ".join(parts)


def _marks(values: pd.DataFrame, rounds: int) -> pd.DataFrame:
    """Return the values of one case with their places, or its visits if there are too many values."""
    if len(values) <= MOST_MARKS:
        many = values.groupby("round")["value"].transform("size")
        within = (values.groupby("round").cumcount() + 1) / (many + 1)
        marks = values.assign(place=values["round"] - 1 + within, time=values["seconds"])
        return marks.assign(least=marks["time"], most=marks["time"])[MARKS]
    visits = values[~values["warmup"]].groupby("round")["seconds"].agg(["mean", "min", "max"]).reset_index()
    together = math.ceil(rounds / MOST_MARKS)
    found = visits.groupby((visits["round"] - 1) // together).agg(
        round=("round", "first"), time=("mean", "median"), least=("min", "min"), most=("max", "max")
    )
    place = (found.index.to_numpy(dtype=float) + 0.5) * together
    return found.assign(place=np.minimum(place, rounds - 0.5), value=0, warmup=False)[MARKS].reset_index(drop=True)
