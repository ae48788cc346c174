"""What is said after a run is grouped and has an end, however many cases it is about."""

from __future__ import annotations

from pathlib import Path

from synthetic import make_result

from ipcbench.cli.measuring.summary import MOST_ABSENT, MOST_NAMES, skip_lines, summary_lines
from ipcbench.model import Case, Skip, Verdict
from ipcbench.plan import catalog

NAMES = [found.name for found in catalog.mechanisms()]


def test_seventy_mechanisms_that_cannot_run_are_counted_and_not_all_named() -> None:
    skips = [Skip(Case("ping-pong", name, 64), "this machine offers no semaphores (none)") for name in NAMES[:71]]
    (line,) = skip_lines(skips)
    assert line.startswith("skipped 71 cases of ping-pong: this machine offers no semaphores (none): ")
    assert sum(name in line.replace(",", "").split() for name in NAMES[:71]) < MOST_NAMES
    assert line.endswith(f" and {71 - MOST_NAMES + 1} more")


def test_few_mechanisms_that_cannot_run_are_all_named() -> None:
    skips = [Skip(Case("ping-pong", name, 64), "no semaphores") for name in ("pipe", "queue", "tcp")]
    assert skip_lines(skips) == ["skipped 3 cases of ping-pong: no semaphores: pipe, queue and tcp"]


def test_many_cases_that_failed_alike_are_one_line_and_few_are_one_each() -> None:
    for many in (MOST_ABSENT, MOST_ABSENT + 1):
        cases = [Case("ping-pong", "queue", size) for size in range(1, many + 1)]
        verdicts: dict[str, tuple[Verdict, str]] = {case.id: ("failed", "exit 1") for case in cases}
        good = Case("ping-pong", "pipe", 64)
        lines = summary_lines(make_result([*cases, good], 3, verdicts=verdicts, skips=[]), Path("x"))[1:]
        if many == MOST_ABSENT:
            assert lines == [f"{case.id}: failed in timed: exit 1" for case in cases]
        else:
            assert lines == [f"{many} cases failed in timed: exit 1: queue; ping-pong; {many} sizes, 1 B to {many} B"]


def test_updates_lost_without_a_lock_are_a_finding_and_no_fault() -> None:
    careless = Case("counter", "value", 8, 2, "unlocked")
    careful, good = careless._replace(operation=""), Case("ping-pong", "pipe", 64)
    lost: tuple[Verdict, str] = ("wrong", "lost 3 of 10 increments")
    verdicts: dict[str, tuple[Verdict, str]] = {careless.id: lost}
    lines = summary_lines(make_result([careless, good], 3, verdicts=verdicts, skips=[]), Path("x"))
    assert lines[0].startswith("x: 1 measured; 1 shows lost updates, as expected without a lock; 3 complete rounds in ")
    assert lines[1] == f"{careless.id}: lost 3 of 10 increments, as expected without a lock"
    verdicts |= {careful.id: lost, good.id: ("failed", "exit 1")}
    lines = summary_lines(make_result([careless, careful, good], 3, verdicts=verdicts, skips=[]), Path("x"))
    assert lines[0].startswith("x: 0 measured; 1 shows lost updates, as expected without a lock; 1 failed; 1 wrong; ")
    assert f"{careful.id}: wrong: lost 3 of 10 increments" in lines


def test_reasons_have_an_end_too() -> None:
    cases = [Case("ping-pong", "queue", size) for size in range(1, 3 * MOST_ABSENT + 1)]
    verdicts: dict[str, tuple[Verdict, str]] = {case.id: ("failed", f"fault {'x' * case.size}") for case in cases}
    lines = summary_lines(
        make_result([*cases, Case("ping-pong", "pipe", 64)], 3, verdicts=verdicts, skips=[]), Path("x")
    )
    assert len(lines) == 1 + MOST_ABSENT + 1
    assert lines[-1] == f"{2 * MOST_ABSENT} cases more without a number: the report has all"
