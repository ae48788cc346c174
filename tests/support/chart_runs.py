"""Computed runs of kinds that once broke charts."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from synthetic import make_cases, make_result, make_skips, tail_cases

from ipcbench.model import Case, Verdict
from ipcbench.report.drawing.theme import FAMILY_MARKS
from ipcbench.results.schema import ResultFile

HOSTILE = ["a$\\frac{1}{2}$|b", "<script>alert(1)<", "x\x1b[31m\x00y\u202ez", "表|名$^2$", "-" * 300]


def everything() -> ResultFile:
    cases = [*make_cases(), *tail_cases(), *(Case("ping-pong", "memcpy", size) for size in (64, 2**20))]
    return make_result(
        cases, skips=make_skips(), notes={"ping-pong/pipe/64B/1w": ["noisy"], "counter/value/8B/2w": ["oversubscribed"]}
    )


def each_verdict() -> ResultFile:
    bad: list[Verdict] = ["failed", "timed-out", "unverified", "leaked", "unsupported"]
    cases = make_cases()
    chosen = [case for case in cases if case.mechanism in ("queue", "array", "manager-list")]
    words = itertools.cycle(bad)
    return make_result(cases, 4, verdicts={case.id: (next(words), "a reason") for case in chosen[::2]})


def all_failed() -> ResultFile:
    cases = make_cases()
    return make_result(cases, 3, verdicts={case.id: ("failed", "exit 1") for case in cases})


def hostile() -> ResultFile:
    return make_result(
        make_cases(mechanisms=[*HOSTILE, "pipe"]) + [Case("task-queue", name, 64, 2) for name in HOSTILE],
        4,
        cpu_model="<b>$CPU$</b>|" + "w" * 300,
        notes={f"ping-pong/{name}/64B/1w": ["$x$ | <i>\u202e" + "n" * 400] for name in HOSTILE},
    )


def many() -> ResultFile:
    """Make forty mechanisms of all families at twelve sizes; names have 28 characters, and three mechanisms spin."""
    names = ["queue", *(f"mechanism-with-name-of-{i:05}" for i in range(39))]
    cases = [Case("ping-pong", name, 2**power) for name in names for power in range(3, 26, 2)]
    cases += [Case("stream", name, 2**power) for name in names for power in (3, 12, 25)]
    cases += [Case("task-queue", name, 64, count) for name in names[:24] for count in (1, 2, 4, 8, 16, 32, 64)]
    cases += [Case("counter", name, 8, count) for name in names[:24] for count in (1, 2, 4)]
    result = make_result(cases, 3, seconds=lambda case: 8e-8 if case.mechanism == names[1] else 9e-5 * case.size)
    for facts, family in zip(result.ipcbench.mechanisms, itertools.cycle([*FAMILY_MARKS, "other"]), strict=False):
        facts.family = family
        facts.wait = "spin" if facts.name in names[-3:] else "block"
    return result


def spinning() -> ResultFile:
    """Make three mechanisms, one that spins, on a machine with a name in other scripts."""
    result = make_result(
        make_cases([8, 64, 2**20], ["queue", "pipe", "array"]), 5, noise=0.3, cpus=2, label="Büro 笔记本 №1"
    )
    for facts in result.ipcbench.mechanisms:
        facts.wait = "spin" if facts.name == "array" else "block"
    return result


def wide_range() -> ResultFile:
    return make_result(rounds=5, seconds=lambda case: 8e-8 if case.mechanism == "pipe" else 90.0, noise=0.4)


RUNS: dict[str, Callable[[], ResultFile]] = {
    "everything": everything,
    "one mechanism": lambda: make_result(make_cases(mechanisms=["array"]), 5),
    "one size": lambda: make_result(make_cases(sizes=[64]), 5),
    "spinning": spinning,
    "all tied": lambda: make_result(rounds=5, seconds=lambda _: 5e-5, noise=0.005),
    "each verdict": each_verdict,
    "all failed": all_failed,
    "one round": lambda: make_result(rounds=1),
    "hostile": hostile,
    "many": many,
    "wide range": wide_range,
    "one worker": lambda: make_result([case for case in make_cases() if case.workers == 1], 4),
}
