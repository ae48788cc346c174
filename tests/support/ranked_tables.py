"""Small tables of cases and visits, and results with their ranks."""

from __future__ import annotations

import pandas as pd
from synthetic import make_result

from ipcbench.analysis.ranking import rank
from ipcbench.analysis.stats import summarise
from ipcbench.model import Case
from ipcbench.results.frame import case_frame, visit_frame
from ipcbench.results.schema import ResultFile


def ping_tables(**rounds: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return case and visit tables of ping-pong at 64 B: one mechanism per keyword, with its visit means in seconds."""
    result = make_result([Case("ping-pong", name, 64) for name in rounds], rounds=1)
    rows = [
        (f"ping-pong/{name}/64B/1w", number, seconds, seconds * 0.9, seconds * 2, 1e7)
        for name, each in rounds.items()
        for number, seconds in enumerate(each, start=1)
    ]
    return case_frame(result), pd.DataFrame(rows, columns=["case", "round", "seconds", "floor", "cpu", "memory"])


def ranked(result: ResultFile) -> pd.DataFrame:
    """Return the summary of a result with its ranks."""
    visits = visit_frame(result)
    return rank(summarise(case_frame(result), visits), visits)
