"""Work for each message: CPU time that its receiver spends on it, as a variant of a question: 'fan-out:work-1ms'."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from time import thread_time
from typing import Any

from ipcbench.units import parse_work, work_name

_NAMED = re.compile(r"(?:(.+)-)?work-([0-9]+[a-z]+)")


def split(operation: str) -> tuple[str, float]:
    """Return the variant of a pattern without its work, and the work in seconds; 0 if it names none.

    Raises BadRequest for work that cannot be done.
    """
    found = _NAMED.fullmatch(operation)
    return (found[1] or "", parse_work(found[2])) if found else (operation, 0.0)


def with_work(question: str, seconds: float) -> str:
    """Return a question with work: 'fan-out:work-1ms', 'tasks:map-work-1ms'."""
    if not seconds:
        return question
    return f"{question}{'-' if ':' in question else ':'}work-{work_name(seconds)}"


@cache
def busy(seconds: float) -> Callable[[Any], None]:
    """Return what a receiver does with a message: use this much CPU time of its thread, and do nothing with it.

    A busy loop reads the clock of the thread, so time in which another process had the CPU does not count.
    """
    clock = thread_time

    def work(message: Any) -> None:
        end = clock() + seconds
        while clock() < end:
            pass

    return work
