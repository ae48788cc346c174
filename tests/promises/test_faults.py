"""Every kind of fault: its visit ends, leaves nothing behind and gets the verdict of the table."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import complaint, run, when_timing
from faults.kinds import ANYWHERE, DEVIATIONS, KINDS, TURNS, Fault, Point, Role, expected, parse_fault
from faults.promises import broken_promises
from faults.trials import Bench, Tried, faults_by_name, make_trial, matrix, try_all, verdict_of
from hypothesis import given
from hypothesis import strategies as some

from ipcbench.errors import BadRequest, Interrupted
from ipcbench.measure.registry import mechanism_names
from ipcbench.model import START_METHODS, Case, StartMethod
from ipcbench.plan import catalog
from ipcbench.run.result import _mechanism_facts
from ipcbench.run.stop import Stop

BASES = ("pipe", "queue", "array", "manager-queue", "simple-queue", "pipe-bytes")
SOON = 30.0
WALLS: dict[tuple[str, StartMethod], float] = {}  # of clean visits, for all tests of this file

# Kinds that nothing looks for yet.


def valid(kind: str, point: Point, role: Role) -> bool:
    return point in KINDS[kind].points and role in KINDS[kind].roles and (role, point) not in AMISS


AMISS = {("peer", "import"), ("peer", "setup")}
ROLES: tuple[Role, ...] = ("worker", "peer")
PLACES = [(kind, point, role) for kind in KINDS for point in ANYWHERE for role in ROLES if valid(kind, point, role)]
FAULTS = some.builds(
    lambda place, nth, base: Fault(place[0], place[1], nth, place[2], base),
    some.sampled_from(PLACES),
    some.integers(1, 999_999_999),
    some.sampled_from([*BASES, "joinable-queue"]),
)


@pytest.fixture(autouse=True)
def by_name() -> Iterator[None]:
    with faults_by_name():
        yield


@pytest.fixture
def bench(stop: Stop, no_leaks: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench in a temporary folder of its own; warnings are errors in workers and peers."""
    assert no_leaks is None
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("IPCBENCH_TIMEOUT_MUL", "1.5")  # a bench fits its deadlines to the machine by itself
    found = Bench(stop)
    found.walls = WALLS
    yield found
    assert not found.close()


def attempt(bench: Bench, name: str, base: str = "pipe", method: StartMethod = "fork") -> Tried:
    found = bench.attempt(make_trial(parse_fault(name)._replace(base=base), method))
    assert not found.left, (found.trial.case.id, found.left)
    assert found.wrong is None, (found.trial.case.id, found.wrong, found.found)
    assert not any(broken_promises([found], []).values())
    return found


@given(FAULTS)
def test_a_fault_is_read_back_from_its_name_and_from_a_case_id(fault: Fault) -> None:
    assert parse_fault(fault.name) == fault
    case = Case("ping-pong", fault.name, 64, start_method="spawn")
    assert Case.parse(case.id) == case


@given(FAULTS)
def test_a_name_may_say_what_is_at_its_default(fault: Fault) -> None:
    assert parse_fault(f"fault:{fault.kind}@{fault.point}#{fault.nth}:{fault.role}:{fault.base}") == fault


@given(some.text(some.sampled_from("fault:@#lose-timedpeerworkrqu123/ \n"), max_size=40))
def test_any_text_is_a_fault_or_refused_in_one_line(text: str) -> None:
    for name in (text, f"fault:{text}", f"fault:lose{text}"):
        refusal = complaint(BadRequest, lambda name=name: parse_fault(name))  # type: ignore[misc]
        if refusal is None:
            assert parse_fault(parse_fault(name).name) == parse_fault(name)
        else:
            assert len(refusal.splitlines()) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("fault:", "lose", "Fault:lose", "fault:nonsense", "fault:lose@", "fault:lose@never", "fault:lose@import"),
        *("fault:lose#0", "fault:lose#01", "fault:raise@timed@drain", "fault:lose:", "fault:lose:driver"),
        *("fault:raise@setup:peer", "fault:leak-fd:peer", "fault:lose:peer:", "fault:lose:peer:fault:lose"),
        "fault:lose:peer:pipe\n",
    ],
)
def test_what_is_no_fault_is_refused(name: str) -> None:
    assert complaint(BadRequest, lambda: parse_fault(name)) is not None


def test_a_fault_needs_a_mechanism_that_exists_and_carries_messages() -> None:
    assert "did you mean 'queue'" in str(complaint(BadRequest, lambda: catalog.mechanism("fault:lose:peer:quque")))
    refused = complaint(BadRequest, lambda: catalog.mechanism("fault:lose:peer:manager-value"))
    assert refused is None or "carries no messages" in refused


def test_a_faulty_mechanism_has_the_facts_of_the_correct_one() -> None:
    name = "fault:segv@import:worker:queue"  # to be loaded without harm by whoever only plans
    faulty, correct = catalog.mechanism(name), catalog.mechanism("queue")
    assert faulty.name == name
    assert faulty.cell is None
    assert faulty._replace(name="", title="", short="", channel=None) == correct._replace(
        name="", title="", short="", channel=None, cell=None
    )
    assert _mechanism_facts(name).family == "queues"


@pytest.mark.parametrize("text", ["fault:none", "fault*", "fault:*", "fault"])
def test_nobody_reaches_a_fault_by_asking_for_a_mechanism(text: str, tmp_path: Path) -> None:
    asked = run("run", "--mechanism", text, "--pattern", "ping-pong", "--dry-run", cwd=tmp_path)
    assert asked.code == 2
    assert len(asked.errors) == 1
    assert "unknown mechanism" in asked.err


def test_no_list_has_a_fault(tmp_path: Path) -> None:
    assert not [name for name in mechanism_names() if "fault" in name]
    assert not re.search(r"\bfault", run("list", "--json", cwd=tmp_path).out)


def test_the_table_says_something_about_every_deviation_and_nothing_about_kinds_there_are_not() -> None:
    faults = [Fault(kind, point, 1, role) for kind, point, role in PLACES]
    for deviation in DEVIATIONS:
        assert set(deviation.kinds) <= set(KINDS)
        assert any(deviation.covers(fault, method) for fault in faults for method in START_METHODS)
    assert expected(parse_fault("fault:lose"), "fork") == ("timed-out",)
    assert expected(parse_fault("fault:lose@operation"), "fork") == ("unverified",)
    assert [kind for kind in KINDS if expected(parse_fault(f"fault:{kind}"), "fork") == ("ok",)] == [
        "none",
        "flood",
        "close-stdio",
    ]


def rotated() -> list[object]:
    """Every kind with a start method and a base that take turns; fork, which is quick, has three turns of five."""
    methods: tuple[StartMethod, ...] = ("fork", "spawn", "fork", "forkserver", "fork")
    return [(kind, BASES[i // 2 % len(BASES)], methods[i % len(methods)]) for i, kind in enumerate(KINDS)]


@pytest.mark.parametrize(("kind", "base", "method"), rotated())
def test_every_kind_of_fault_is_contained_and_gets_its_verdict(
    bench: Bench, kind: str, base: str, method: StartMethod
) -> None:
    attempt(bench, f"fault:{kind}", base, method)


CROWDS = ("fan-in", "fan-out", "many-to-many", "broadcast", "exchange", "pairs", "pipeline")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        *((pattern, name) for pattern in CROWDS for name in ("fault:short@operation#3", "fault:duplicate@operation#3")),
        *((pattern, "fault:lose@operation#3") for pattern in CROWDS),
        *((pattern, "fault:lose@timed#3") for pattern in ("fan-in", "fan-out", "exchange")),  # a whole deadline each
    ],
)
def test_no_pattern_takes_a_message_that_is_lost_or_cut_or_doubled_for_right(
    bench: Bench, pattern: str, name: str
) -> None:
    trial = make_trial(parse_fault(name)._replace(base="queue"), "fork")
    case = Case(pattern, trial.fault.name, 64, 1 if pattern == "exchange" else 2)
    found = bench.attempt(trial._replace(case=case, verdicts=("unverified", "timed-out")))
    assert not found.left, found.left
    assert found.verdict in found.trial.verdicts, found.found


@pytest.mark.parametrize("kind", ["corrupt", "stale"])
def test_set_up_checks_what_is_passed_in_every_life(bench: Bench, kind: str) -> None:
    trial = make_trial(parse_fault(f"fault:{kind}@operation#2:worker:queue"), "fork")
    found = bench.attempt(trial._replace(case=Case("set-up", trial.fault.name, 64, 2)))
    assert found.wrong is None, (found.wrong, found.found)


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("fault:raise@import", "start"),
        ("fault:segv@setup", "set-up"),
        ("fault:hang@ready", "set-up"),
        ("fault:lose@operation#3", "first verification"),
        ("fault:sigkill@operation#5:worker", "first verification"),
        ("fault:corrupt@drain#7", "verification"),
        ("fault:raise@drain", "second verification"),
        ("fault:exit3@teardown", "tear-down"),
        ("fault:sigkill@atexit", "tear-down"),
    ],
)
def test_a_fault_strikes_at_its_point(bench: Bench, name: str, stage: str) -> None:
    found = attempt(bench, name, "queue").found
    assert getattr(found, "stage", "ok") == stage, found


@pytest.mark.parametrize("role", ["worker", "peer"])
def test_each_passage_of_a_point_can_be_the_one_and_the_first_too_many_is_no_fault(bench: Bench, role: Role) -> None:
    verdicts: list[str] = []
    while not verdicts or verdicts[-1] != "ok":
        fault = Fault("raise", "ready", len(verdicts) + 1, role, "simple-queue")
        verdicts.append(verdict_of(bench.attempt(make_trial(fault, "fork")).found))
    assert verdicts == ["failed", "failed", "ok"]  # one port each way


def test_the_same_seed_gives_the_same_order_and_another_one_another() -> None:
    once = matrix(START_METHODS, BASES[:2], 5)
    assert once == matrix(START_METHODS, BASES[:2], 5)
    assert once != matrix(START_METHODS, BASES[:2], 6)
    assert len({trial.case for trial in once}) == len(once) == len(KINDS) * 6


@pytest.mark.parametrize("kinds", [("none", "sigkill", "short", "hang"), ("none", "leak-process")])
@pytest.mark.usefixtures("no_leaks")
def test_every_promise_is_kept_by_faults_in_one_run(stop: Stop, kinds: tuple[str, ...]) -> None:
    chosen = [trial for trial in matrix(["fork"], ["pipe"], 1) if trial.fault.kind in kinds]
    promises = broken_promises(*try_all(stop, chosen))
    assert len(promises) == 6
    assert not any(promises.values()), promises


@pytest.mark.parametrize("base", ["queue", "array"])
def test_the_last_words_of_a_worker_are_not_its_trackers_warning(bench: Bench, base: str) -> None:
    attempt(bench, "fault:emfile", base, "spawn")


def test_an_interrupted_trial_ends_at_once(bench: Bench, temporary: Path) -> None:
    bench.walls = {("pipe", "fork"): SOON}  # no clean visit comes first, and the deadline is far
    began = time.monotonic()
    interrupting = when_timing(temporary, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Interrupted) as ended:
        bench.attempt(make_trial(parse_fault("fault:hang"), "fork"))
    interrupting.join()
    assert ended.value.exit_code == 130
    assert time.monotonic() - began < SOON


def test_points_of_turns_are_points() -> None:
    assert set(TURNS) < set(ANYWHERE)
