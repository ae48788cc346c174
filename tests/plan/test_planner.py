"""From a request to a plan: the product of what was chosen, every gap explained, and the order of the rounds."""

from __future__ import annotations

import itertools
import re
import sys
from dataclasses import replace
from itertools import chain

import pytest
from commands import complaint
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.cli.measuring.request import LEAST_ROUNDS, MOST_ROUNDS_UNASKED, SECONDS, TIMING
from ipcbench.errors import BadRequest, NotHere, UnknownName
from ipcbench.measure.api.load import split
from ipcbench.measure.registry import mechanism_names, pattern_names
from ipcbench.model import MOST_WORKERS, Budget, Capabilities, Case, Interpreter, Placement, Room, Timing
from ipcbench.plan import catalog
from ipcbench.plan.planner import MOST_TOGETHER, Plan, Request, make_plan, needs, shuffled_blocks, why_not
from ipcbench.plan.suites import SUITES, suite
from ipcbench.run.cost import estimate, fitted

GIB = 2**30
MACHINE = Capabilities(2, 8 * GIB, 4 * GIB, None, ("fork", "spawn", "forkserver"))
START = 0.05  # seconds for a worker to start on the 2-CPU machine that the suites are made for


def plan(request: Request, offer: Capabilities = MACHINE, seed: int = 1, budget: Budget | None = None) -> Plan:
    return make_plan(request, offer, seed, budget or Budget(rounds=3), Timing())


def ask(mechanism: str = "pipe", pattern: str = "ping-pong", size: int = 64, **more: tuple[str, ...]) -> Request:
    return Request(mechanisms=(mechanism,), patterns=(pattern,), sizes=(size,), **more)  # type: ignore[arg-type]


catalog.mechanisms()  # imported here, not while an example of Hypothesis has its deadline
NAMES = st.lists(st.sampled_from(mechanism_names()), min_size=1, max_size=3, unique=True).map(tuple)
QUESTIONS = st.lists(st.sampled_from(catalog.questions()), min_size=1, max_size=3, unique=True).map(tuple)
SIZES = st.lists(st.sampled_from([8, 64, 4096]), min_size=1, max_size=3, unique=True).map(tuple)
WORKERS = st.lists(st.sampled_from([1, 2, 4]), min_size=1, max_size=3, unique=True).map(tuple)


@given(NAMES, QUESTIONS, SIZES, WORKERS)
def test_the_product_of_the_selection_is_cases_and_skips_together(
    names: tuple[str, ...], questions: tuple[str, ...], sizes: tuple[int, ...], workers: tuple[int, ...]
) -> None:
    request = Request(mechanisms=names, patterns=questions, sizes=sizes, workers=workers)
    wanted = {
        (question, name, size, count)
        for question, name, size, count in itertools.product(catalog.select_questions(questions), names, sizes, workers)
    }
    said = complaint(BadRequest, lambda: plan(request))
    if said is not None:
        assert said.startswith("nothing to measure: ")
        return
    made = plan(request)
    everything = [*made.cases, *(skip.case for skip in made.skips)]
    assert len(everything) == len(set(everything)) == len(wanted)
    assert {(case.question, case.mechanism, case.size, case.workers) for case in everything} == wanted
    assert all(skip.reason for skip in made.skips)


def test_a_glob_chooses_all_that_match_and_a_pattern_all_its_operations() -> None:
    made = plan(Request(mechanisms=("raw-*",), patterns=("access",), sizes=(8,), workers=(1,)))
    assert {case.mechanism for case in made.cases} == {"raw-array", "raw-value"}
    assert {case.question for case in made.cases} == {"access:read", "access:write"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(mechanisms=("nope-*",)), "unknown mechanism 'nope-\\*'"),
        (Request(patterns=("nope",)), "unknown pattern 'nope'"),
        (Request(suites=("nope",)), "unknown suite 'nope'"),
    ],
    ids=["mechanism", "pattern", "suite"],
)
def test_a_name_that_chooses_nothing_is_unknown(request_: Request, words: str) -> None:
    with pytest.raises(UnknownName, match=words):
        plan(request_)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(("workers",), ("value",)), "suite 'workers' has no mechanism 'value'"),
        (Request(("workers",), (), ("access:read",)), "suite 'workers' has no pattern 'access:read'"),
        (ask("value"), "the only case is skipped: value carries one 8 B number"),
        (ask("pipe", "counter", 8), "pipe holds no state"),
        (ask("array", "task-queue"), "array carries bytes, and a task is an object"),
        (ask("value", "access", 64), "value carries one 8 B number"),
    ],
    ids=["suite x mechanism", "suite x pattern", "size", "port", "object", "state"],
)
def test_an_empty_selection_says_what_emptied_it(request_: Request, words: str) -> None:
    with pytest.raises(BadRequest, match=r"^nothing to measure: ") as caught:
        plan(request_)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.type is BadRequest
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("request_", "offer"),
    [
        (ask("queue"), MACHINE._replace(semaphores="this machine offers no semaphores (for a reason)")),
        (ask("pipe", start_methods=("fork",)), MACHINE._replace(start_methods=("spawn",))),
        (ask("queue", size=2**20), MACHINE._replace(memory=2**20)),
        (ask("array", size=2**20), MACHINE._replace(shared_memory=2**16)),
        (Request(mechanisms=("queue", "value"), patterns=("ping-pong",), sizes=(64,)), MACHINE._replace(memory=0)),
    ],
    ids=["semaphores", "start method", "memory", "shared memory", "one of two"],
)
def test_a_selection_that_another_machine_could_measure_is_not_here(request_: Request, offer: Capabilities) -> None:
    with pytest.raises(NotHere, match=r"^nothing to measure: ") as caught:
        plan(request_, offer)
    assert caught.value.exit_code == 8


@pytest.mark.parametrize("workers", [0, -1, MOST_WORKERS + 1])
def test_workers_out_of_range_are_refused(workers: int) -> None:
    with pytest.raises(BadRequest, match=f"workers {workers}: expected 1 to {MOST_WORKERS}"):
        plan(Request(mechanisms=("queue",), patterns=("task-queue",), workers=(workers,)))


@given(st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_the_same_seed_gives_the_same_order(seed: int, number: int) -> None:
    request = Request(mechanisms=("p*", "queue", "array"), patterns=("ping-pong", "stream"), sizes=(64, 4096))
    one, two = plan(request, seed=seed), plan(request, seed=seed)
    assert one.sittings(number, one.cases, {}) == two.sittings(number, two.cases, {})


def test_rounds_and_seeds_differ_in_their_order() -> None:
    made = plan(Request(suites=("latency",)))
    orders = [[visit.case for visit in chain(*made.sittings(number, made.cases, {}))] for number in range(1, 6)]
    assert len({tuple(order) for order in orders}) == 5
    other = plan(Request(suites=("latency",)), seed=2)
    assert [visit.case for visit in chain(*other.sittings(1, other.cases, {}))] != orders[0]


@pytest.mark.parametrize("name", SUITES)
def test_every_round_holds_each_case_once_and_a_sitting_holds_one_block(name: str) -> None:
    made = plan(Request(suites=(name,)))
    sittings = made.sittings(3, made.cases, dict.fromkeys(made.cases, 9))
    visits = [*chain(*sittings)]
    assert sorted(visit.case for visit in visits) == sorted(made.cases)
    assert [visit.position for visit in visits] == list(range(len(made.cases)))
    assert {(visit.round, visit.loops) for visit in visits} == {(3, 9)}
    blocks = [{visit.case.block for visit in sitting} for sitting in sittings]
    assert all(len(block) == 1 for block in blocks)
    in_order = [block for (block,) in blocks]
    assert len([*itertools.groupby(in_order)]) == len(set(in_order)), "the sittings of a block follow each other"


@given(
    st.lists(st.builds(Case, st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 3)), unique=True), st.text()
)
def test_shuffling_loses_and_doubles_nothing(cases: list[Case], seed: str) -> None:
    assert sorted(shuffled_blocks(cases, seed)) == sorted(cases)


BARE = MACHINE._replace(semaphores="this machine offers no semaphores (for a reason)")


@pytest.mark.parametrize(
    ("case", "offer", "words"),
    [
        (Case("ping-pong", "queue", 64), BARE, "this machine offers no semaphores (for a reason)"),
        (Case("counter", "manager-value", 8), BARE, "this machine offers no semaphores (for a reason)"),
        (
            Case("ping-pong", "pipe", 64),
            MACHINE._replace(start_methods=("spawn",)),
            "start method fork is not available on this machine, only spawn",
        ),
        (
            Case("ping-pong", "array", 2**20),
            MACHINE._replace(shared_memory=2**20),
            "needs 16 MiB of shared memory, and /dev/shm has 1 MiB free",
        ),
        (Case("stream", "pipe", 2**28), MACHINE._replace(memory=2**30), "needs 4.02 GiB of memory, and 1 GiB are free"),
    ],
    ids=["queue", "manager", "fork", "shared memory", "memory"],
)
def test_what_the_machine_cannot_offer_is_a_skip_with_its_reason(case: Case, offer: Capabilities, words: str) -> None:
    assert why_not(case, MACHINE) is None
    assert why_not(case, offer) == words


def test_what_needs_no_semaphores_runs_without() -> None:
    for name in ("pipe", "pipe-bytes", "manager-queue"):
        assert why_not(Case("ping-pong", name, 64), BARE) is None


def test_pipes_need_no_shared_memory() -> None:
    assert why_not(Case("ping-pong", "pipe", 2**20), MACHINE._replace(shared_memory=0)) is None


def test_one_cpu_packs_unless_told_otherwise() -> None:
    one = MACHINE._replace(cpus=1)
    (case,) = plan(ask(), one).cases
    assert case.placement == "pack"
    with pytest.raises(NotHere, match="placement spread needs 2 CPUs and this process may use 1: choose pack or free"):
        plan(ask(placements=("spread",)), one)
    made = plan(ask(placements=("spread", "free")), one)
    assert ([case.placement for case in made.cases], len(made.skips)) == (["free"], 1)


def test_idle_and_awake_are_blocks_of_their_own_and_idle_is_the_default() -> None:
    assert [case.cpus for case in plan(ask()).cases] == ["idle"]
    made = plan(ask(cpus=("idle", "awake")))
    assert [case.id.endswith("/awake") for case in made.cases] == [False, True]
    assert len({case.block for case in made.cases}) == 2


AWAKE = Case("ping-pong", "pipe", 64, cpus="awake")


def test_awake_needs_a_machine_that_can_keep_its_cpus_awake() -> None:
    assert why_not(AWAKE, MACHINE) is None
    assert why_not(AWAKE, MACHINE._replace(asleep="a quota")) == "a quota"
    assert why_not(AWAKE._replace(cpus="idle"), MACHINE._replace(asleep="a quota")) is None


@pytest.mark.parametrize(
    ("cpus", "cores", "placement", "refused"),
    [
        (2, 1, "spread", True),
        (2, 1, "pack", False),
        (8, 4, "spread", False),
        (8, 4, "free", True),
        (2, 2, "free", False),
    ],
)
def test_awake_needs_a_core_for_each_cpu_in_use(cpus: int, cores: int, placement: Placement, refused: bool) -> None:
    reason = why_not(AWAKE._replace(placement=placement), MACHINE._replace(cpus=cpus, cores=cores))
    assert (reason or "").startswith("cpus awake needs a core for each CPU in use") == refused


def test_without_fork_the_start_method_is_spawn() -> None:
    (case,) = plan(ask(), MACHINE._replace(start_methods=("spawn",))).cases
    assert case.start_method == "spawn"


def test_more_workers_than_cpus_are_measured_and_noted() -> None:
    made = plan(Request(mechanisms=("queue",), patterns=("task-queue",), sizes=(64,), workers=(1, 4)))
    one, four = made.cases
    assert (made.notes.get(one.id), made.notes.get(four.id)) == (None, ("oversubscribed",))


@pytest.mark.parametrize("name", SUITES)
def test_suites_name_only_what_exists_and_leave_gaps_only_for_numbers_newer_pythons_and_libraries(name: str) -> None:
    for row in suite(name).rows:
        assert set(row.mechanisms) | set(row.fast_mechanisms or ()) <= set(mechanism_names())
        assert {question.partition(":")[0] for question in row.questions} <= set(pattern_names())
        assert set(row.questions) <= set(catalog.questions())
        assert set(row.fast_mechanisms or ()) <= set(row.mechanisms)
    for fast in (False, True):
        made = plan(Request(suites=(name,), fast=fast))
        assert made.cases
        told = re.compile(
            r'.*(carries one 8 B number|needs Python 3\.14|needs [a-z_., 0-9]+: pip install "ipcbench\[\S+\]")'
        )
        assert all(told.fullmatch(skip.reason) for skip in made.skips)
        assert name != "all" or not [skip for skip in made.skips if re.search("Python|pip", skip.reason)]


def test_everything_leaves_no_pair_of_question_and_mechanism_unsaid() -> None:
    made = plan(Request(full=True))
    said = [*made.cases, *(skip.case for skip in made.skips)]
    assert len(said) == len(set(said))
    without_work = [case for case in said if not split(case.operation).works]
    assert {(case.question, case.mechanism) for case in without_work} == set(
        itertools.product(catalog.questions(), mechanism_names())
    )
    assert all(skip.reason for skip in made.skips)
    in_suites = {case for name in SUITES for case in plan(Request(suites=(name,))).cases}
    assert in_suites <= set(made.cases)


def test_every_mechanism_and_question_is_in_some_suite() -> None:
    rows = [row for name in SUITES for row in suite(name).rows]
    assert {name for row in rows for name in row.mechanisms} == set(mechanism_names())
    assert {name for row in rows for name in row.questions} == set(catalog.questions())


@pytest.mark.parametrize("effort", ["", "fast"])
def test_the_default_plan_fits_its_time_with_enough_rounds(effort: str) -> None:
    budget = Budget(SECONDS[effort], None, LEAST_ROUNDS[effort], MOST_ROUNDS_UNASKED)
    made = make_plan(Request(suites=("all",), fast=effort == "fast"), MACHINE, 1, budget, TIMING[effort])
    rounds, seconds = estimate(fitted(made, START), START)
    assert rounds >= LEAST_ROUNDS[effort] >= 5
    assert seconds <= 1.1 * SECONDS[effort]


def test_the_default_plan_covers_the_whole_lesson_of_multiprocessing() -> None:
    cases = plan(Request(suites=("all",))).cases
    asked = {(case.mechanism, case.pattern) for case in cases}
    for name in ("queue", "pipe", "value", "array", "manager-list", "manager-dict", "manager-namespace"):
        assert (name, "ping-pong") in asked
    for name in ("value", "array", "manager-list", "manager-dict", "manager-namespace"):
        assert {(name, "counter"), (name, "access")} <= asked
    assert ("queue", "task-queue") in asked
    sizes = {
        name: {case.size for case in cases if (case.mechanism, case.question) == (name, "ping-pong")}
        for name in ("manager-list", "manager-namespace")
    }
    assert sizes["manager-list"] == sizes["manager-namespace"], "they are compared side by side"


def test_the_fast_plan_has_a_case_of_every_mechanism_of_that_lesson() -> None:
    asked = {case.mechanism for case in plan(Request(suites=("all",), fast=True)).cases}
    assert asked >= {"queue", "pipe", "value", "array", "manager-list", "manager-dict", "manager-namespace"}


def test_a_short_budget_costs_values_before_rounds() -> None:
    made = plan(Request(suites=("all",)), budget=Budget(60.0, None, 5))
    short = fitted(made, START)
    assert (short.timing.values, short.cases, short.budget) == (1, made.cases, made.budget)
    long = plan(ask(), budget=Budget(600.0, None, 5))
    assert fitted(long, START) == long
    counted = plan(Request(suites=("all",)), budget=Budget(rounds=2))
    assert fitted(counted, START) == counted


def test_choosing_nothing_is_the_suite_all_and_a_pattern_alone_takes_its_own_sizes() -> None:
    assert plan(Request()).cases == plan(Request(suites=("all",))).cases
    made = plan(Request(mechanisms=("pipe",), patterns=("stream",)))
    assert [case.size for case in made.cases] == list(catalog.pattern("stream").sizes)


def test_arrays_are_skipped_under_a_python_without_numpy_and_nothing_else_is() -> None:
    bare = Interpreter("py3.13.0", "/x", "CPython", "3.13.0", (3, 13), ())
    request = Request(mechanisms=("pipe",), patterns=("ping-pong",), sizes=(64,), payloads=("bytes", "array"))
    made = plan(replace(request, pythons=(bare,)))
    assert [case.payload for case in made.cases] == ["bytes"]
    (skip,) = made.skips
    assert skip.reason == "an array needs numpy, which is not installed in CPython 3.13.0 of --python"


SHARERS = ("pipe", "queue", "tcp", "fifo", "shared-memory", "shared-memory-pipe")
LARGE = tuple(Case("ping-pong", name, 2**20) for name in SHARERS)


@given(st.integers(1, 2**28), st.integers(1, 2**26), st.integers(0, 9))
def test_a_block_that_has_too_little_room_is_split_and_no_visit_is_lost(memory: int, shared: int, number: int) -> None:
    made = Plan(LARGE, (), 1, Budget(rounds=1), Timing(), room=Room(memory, shared))
    sittings = made.sittings(number, LARGE, {})
    assert sorted(visit.case for sitting in sittings for visit in sitting) == sorted(LARGE)
    for sitting in sittings:
        needed = [needs(visit.case) for visit in sitting]
        fits = sum(n.memory or 0 for n in needed) <= memory and sum(n.shared_memory or 0 for n in needed) <= shared
        assert fits or len(sitting) == 1
    assert len(Plan(LARGE, (), 1, Budget(rounds=1), Timing()).sittings(number, LARGE, {})) == 1


def test_a_sitting_has_at_most_so_many_visits() -> None:
    cases = tuple(Case("ping-pong", "pipe", 64)._replace(python=f"py3.11.{number}") for number in range(70))
    made = Plan(cases, (), 1, Budget(rounds=1), Timing())
    assert [len(sitting) for sitting in made.sittings(1, cases, {})] == [MOST_TOGETHER, MOST_TOGETHER, 6]


def test_the_suite_for_ci_has_a_dozen_cases_and_no_wake_ups() -> None:
    made = plan(Request(suites=("ci",)))
    assert len(made.cases) == 12
    assert {case.placement for case in made.cases} == {"pack"}


def test_the_suite_for_ci_asks_its_questions_of_the_mechanisms_that_are_named() -> None:
    own = {case._replace(mechanism="") for case in plan(Request(suites=("ci",))).cases}
    made = plan(Request(suites=("ci",), mechanisms=("os-pipe", "queue")))
    assert {case.mechanism for case in made.cases} == {"os-pipe", "queue"}
    assert {case._replace(mechanism="") for case in made.cases} == own
    assert [skip.reason for skip in made.skips] == ["os-pipe carries bytes, and a task is an object"]


def test_named_interpreters_share_the_sittings_of_their_blocks() -> None:
    here = Interpreter("base", sys.executable, "CPython", "3.13.1", sys.version_info[:2])
    made = plan(Request(suites=("ci",), pythons=(here, here._replace(tag="head"))))
    assert len(made.cases) == 24
    for sitting in made.sittings(1, made.cases, {}):
        cases = [visit.case for visit in sitting]
        assert {case._replace(python="head") for case in cases} == {case for case in cases if case.python == "head"}
        assert len(cases) == 2 * len({case.mechanism for case in cases})


@given(st.integers(1, 2**28), st.integers(0, 9))
def test_the_visits_of_two_interpreters_stay_together_when_a_block_is_split(memory: int, number: int) -> None:
    names = [name for name in mechanism_names() if catalog.mechanism(name).channel][:25]
    cases = tuple(Case("ping-pong", name, 64, python=python) for name in names for python in ("base", "head"))
    room = Room(memory)
    sittings = Plan(cases, (), 1, Budget(rounds=1), Timing(), room=room).sittings(number, cases, {})
    assert sorted(visit.case for sitting in sittings for visit in sitting) == sorted(cases)
    assert len(sittings) >= 2
    for case in (visit.case for sitting in sittings for visit in sitting if len(sitting) == 1):
        assert 2 * needs(case).memory > memory, "both have room in a sitting"
