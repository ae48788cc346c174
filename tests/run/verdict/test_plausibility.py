"""Values are compared with the time between the marks around them, without turns of others and without stops."""

from __future__ import annotations

import pytest
from scheduler_fakes import outcome

from ipcbench.model import Case, Outcome
from ipcbench.run.containment.warden_client import Report
from ipcbench.run.verdict.plausibility import Controls, why_implausible

PIPE = Case("ping-pong", "pipe", 64)
USUAL = outcome()  # 0.12 s in all
WITH_A_STOP = USUAL._replace(values=(1e-4, 1e-4 + 10.0 / 400))  # of 10 s, in a timed loop


def marks(wall: float) -> list[tuple[float, str]]:
    """Return the stages of a visit with so many seconds between the marks around timing."""
    return [(100.0, "set-up"), (101.0, "timing"), (101.0 + wall, "second verification")]


@pytest.mark.parametrize(
    ("found", "wall", "rested", "stopped", "word"),
    [
        (USUAL, 0.2, 0.0, 0.0, None),
        (USUAL, 10.2, 0.0, 0.0, "only"),
        (USUAL, 10.2, 10.0, 0.0, None),
        (USUAL, 10.2, 0.0, 10.0, None),
        (WITH_A_STOP, 10.2, 0.0, 10.0, None),
        (WITH_A_STOP, 0.2, 0.0, 0.0, "were taken within"),
        (WITH_A_STOP, 10.2, 10.0, 0.0, "were taken within"),
    ],
    ids=[
        "usual",
        "too little",
        "beside turns of others",
        "stopped",
        "stopped while timed",
        "too much",
        "a rest too long",
    ],
)
def test_the_values_of_a_visit_fill_the_time_in_which_it_could_work(
    found: Outcome, wall: float, rested: float, stopped: float, word: str | None
) -> None:
    report = Report("visit", "ended", stages=marks(wall), rested=rested, stopped=stopped)
    reason = why_implausible(PIPE, found, 1, report, Controls())
    assert word in reason if word and reason else reason is word


def test_other_load_may_take_the_time_between_the_values_and_makes_no_value_longer_than_its_time() -> None:
    def reason(wall: float) -> str | None:
        report = Report("visit", "ended", stages=marks(wall), machine=["loaded"])
        return why_implausible(PIPE, USUAL, 1, report, Controls())

    assert reason(10.2) is None
    assert "were taken within" in (reason(0.01) or "")
