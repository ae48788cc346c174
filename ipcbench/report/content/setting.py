"""The setting of a case: kind of payload, start method, placement, CPUs, Python. Charts show one setting at a time."""

from __future__ import annotations

from collections import Counter

import pandas as pd

SETTING = ["payload", "start_method", "placement", "cpus", "python"]
Setting = tuple[str, ...]


def main_setting(summary: pd.DataFrame) -> Setting:
    """Return the most common setting of a run; of two that are equally common, the one with idle CPUs."""
    found = Counter(settings(summary))
    return min(found, key=lambda each: (-found[each], "awake" in each, each), default=("",) * len(SETTING))


def in_words(setting: Setting) -> str:
    """Write a setting with the names of its parts: 'payload bytes, start method fork, placement spread, CPUs idle'."""
    names = ("payload", "start method", "placement", "CPUs", "Python")
    return ", ".join(f"{name} {value}" for name, value in zip(names, setting, strict=True) if value)


def brief(setting: Setting) -> list[str]:
    """Return the values of a setting without names; idle CPUs, the default, go without saying."""
    return [value for value in setting if value not in ("", "idle")]


def settings(summary: pd.DataFrame) -> list[Setting]:
    """Return the setting of each row."""
    return list(zip(*(summary[column] for column in SETTING), strict=True))


def in_setting(summary: pd.DataFrame, setting: Setting) -> pd.Series[bool]:
    """Return which rows have a setting."""
    return pd.Series([found == setting for found in settings(summary)], summary.index, dtype=bool)
