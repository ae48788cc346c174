"""Remarks: what a run says beside its rankings, on made-up runs with figures that can be foretold."""

from __future__ import annotations

import re

from synthetic import make_result

from ipcbench.model import Case, StartMethod
from ipcbench.report.content.study import study

METHODS: tuple[StartMethod, ...] = ("fork", "spawn", "forkserver")


def said(cases: list[Case], seconds: dict[str, float], noise: float = 1e-6) -> list[str]:
    result = make_result(cases, 5, seconds=lambda case: seconds[case.id], noise=noise)
    for facts in result.ipcbench.mechanisms:
        facts.ranked = facts.name != "thread-queue"
    return study(result).remarks


def test_a_run_that_asked_none_of_these_questions_has_no_remark() -> None:
    assert said([Case("ping-pong", "pipe", 64)], {"ping-pong/pipe/64B/1w": 1e-4}) == []


def test_the_rate_of_many_workers_is_told_as_times_that_of_one_best_first() -> None:
    cases = [Case("task-queue", name, 64, workers) for name in ("queue", "simple-queue") for workers in (1, 4)]
    [text] = said(cases, dict(zip([case.id for case in cases], (1e-4, 2e-4, 1e-4, 5e-5), strict=True)))
    assert "with 4 workers, relative to 1 worker: simple-queue 2.0× (2.0–2.0×) and queue 0.50× (0.50–0.50×)." in text


def test_what_a_pool_takes_for_a_task_that_does_nothing_is_said_once_for_each_pool() -> None:
    cases = [Case("tasks", "pool", 64, 2, way) for way in ("apply", "map")] + [Case("tasks", "serial", 64, 1, "map")]
    [text] = said(cases, {cases[0].id: 1e-4, cases[1].id: 4e-5, cases[2].id: 1e-6})
    assert "takes at best 40.0 µs with pool (map, 2 workers)." in text


def test_beginning_is_told_for_every_start_method_the_quickest_first() -> None:
    cases = [Case("set-up", "pipe", 64, start_method=method) for method in METHODS]
    [text] = said(cases, dict(zip([case.id for case in cases], (0.003, 0.07, 0.02), strict=True)))
    assert "pipe takes 3.00 ms under fork, 20.0 ms under forkserver and 70.0 ms under spawn" in text


def test_threads_stand_beside_the_best_between_processes() -> None:
    cases = [Case("ping-pong", name, 64) for name in ("thread-queue", "pipe", "queue")]
    [text] = said(cases, dict(zip([case.id for case in cases], (1e-5, 5e-5, 9e-5), strict=True)))
    assert "takes 10.0 µs between threads (queue.Queue) and at best 50.0 µs between processes (pipe)" in text


def test_the_first_rate_that_is_not_kept_up_with_is_named_with_what_is_achieved() -> None:
    cases = [Case("tail", "queue", 64, operation=f"open-{rate}k") for rate in (1, 10, 30)]
    [text] = said(cases, dict(zip([case.id for case in cases], (1e-3, 1e-4, 5e-5), strict=True)))
    kept = r"queue keeps up with 10\.0 k/s, 99 % of them within \d+ µs, "
    assert re.search(kept + r"but achieves 20\.0 k/s of 30\.0 k/s", text), text
