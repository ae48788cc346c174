"""What a report says of blocks that were measured with idle and with awake CPUs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from synthetic import make_result

from ipcbench.model import Case
from ipcbench.report.content.study import Study, study

BOTH = [Case("ping-pong", name, 64, cpus=cpus) for cpus in ("idle", "awake") for name in ("pipe", "queue")]
IDLE = {"pipe": 60e-6, "queue": 90e-6}
ALIKE = {"pipe": 30e-6, "queue": 60e-6}
OTHER = {"pipe": 55e-6, "queue": 40e-6}


def about(awake: dict[str, float], cases: list[Case] = BOTH) -> Study:
    times: Callable[[Case], float] = lambda case: (awake if case.cpus == "awake" else IDLE)[case.mechanism]  # noqa: E731
    return study(make_result(cases, 8, seconds=times))


def said(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text.startswith("Sleeping CPUs")]


def test_another_winner_on_either_side_is_a_trap_with_both_times() -> None:
    found = about(OTHER)
    (sentence,) = said(found.warnings)
    assert not said(found.remarks)
    assert sentence.startswith("Sleeping CPUs change the winner of 1 of 1 block measured both ways.")
    assert "In ping-pong, 64 B, 1 worker, the fastest is pipe (" in sentence
    assert "while idle CPUs sleep, and queue (" in sentence


def test_the_same_winner_is_a_remark() -> None:
    found = about(ALIKE)
    (sentence,) = said(found.remarks)
    assert not said(found.warnings)
    assert re.fullmatch(
        r"Sleeping CPUs change no winner in 1 block measured both ways, ties left out\. In ping-pong, 64 B, 1 worker, "
        r"pipe takes [\d.]+ µs while idle CPUs sleep, and [\d.]+ µs while they are kept awake\.",
        sentence,
    )


def test_a_run_of_one_kind_says_nothing() -> None:
    for cases in (BOTH[:2], BOTH[2:]):
        found = about(OTHER, cases)
        assert not said([*found.warnings, *found.remarks])


def test_idle_and_awake_are_ranked_apart_and_charts_show_idle_ones() -> None:
    found = about(OTHER)
    assert dict(zip(found.summary["case"], found.summary["best"], strict=True)) == {
        "ping-pong/pipe/64B/1w": True,
        "ping-pong/queue/64B/1w": False,
        "ping-pong/pipe/64B/1w/awake": False,
        "ping-pong/queue/64B/1w/awake": True,
    }
    assert found.setting == ("bytes", "fork", "spread", "idle", "")
    assert found.other_settings == ["payload bytes, start method fork, placement spread, CPUs awake"]
    assert about(OTHER, BOTH[2:]).provenance.startswith("bytes, fork, spread, awake · ")
