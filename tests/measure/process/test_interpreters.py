"""Interpreters as peers and as workers of a pool, with real ones where there are any.

Released Pythons have concurrent.interpreters from 3.14 on. On 3.13 the visits here are made over its forerunner, which
CPython keeps among its own tests, see tests/support/interpreters_313.py; there is nothing to be had before.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from commands import EXTRA, environment, python
from interpreters_313 import support
from paths import SUPPORT

from ipcbench.errors import NotHere, NotOffered
from ipcbench.measure import patterns
from ipcbench.measure.api.pattern import Seat
from ipcbench.measure.mechanisms.interpreter_queue_spin import InterpreterQueueSpinChannel
from ipcbench.measure.patterns.ping_pong import PingPong
from ipcbench.measure.process.interpreters import MODULE, InterpreterBarrier, library, numbers, pack, unpack, work
from ipcbench.measure.process.team import Job
from ipcbench.measure.registry import load_mechanism, load_pattern
from ipcbench.model import TOUCHED, Budget, Capabilities, Case, Failure, Outcome, Timing, Visit
from ipcbench.plan import catalog
from ipcbench.plan.planner import Request, make_plan, why_not
from ipcbench.plan.suites import SUITES
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor
from ipcbench.testing.conformance import try_rules

NAMES = ("interpreter-memory", "interpreter-pool-executor", "interpreter-queue", "interpreter-queue-spin")
MACHINE = Capabilities(2, 2**33, 2**32, None, ("fork", "spawn", "forkserver"))
LOOPS = 5


def question(name: str) -> Case:
    """Return a case that this mechanism is made for."""
    if load_mechanism(name).executor:
        return Case("tasks", name, 64, 2, "submit")
    return Case("ping-pong", name, 64)


# Plain, on every Python


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("python", [(3, 11), (3, 12), (3, 13)])
def test_before_3_14_they_are_skips_that_say_so(name: str, python: tuple[int, int]) -> None:
    assert why_not(question(name), MACHINE, python=python) == f"{name} needs Python 3.14"
    assert why_not(question(name), MACHINE, python=(3, 14)) is None or sys.version_info[:2] == (3, 14)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has them")
def test_a_selection_of_nothing_else_cannot_be_measured_here() -> None:
    with pytest.raises(NotHere, match=r"interpreter-queue needs Python 3\.14"):
        make_plan(Request(mechanisms=("interpreter-*",)), MACHINE, 1, Budget(rounds=1), Timing())


def test_the_default_suite_is_without_them_and_the_suites_that_ask_have_them() -> None:
    having = {
        suite.name for suite in SUITES.values() for row in suite.rows if set(row.mechanisms) & set(NAMES)
    }  # fmt: skip
    assert having == {"latency", "throughput", "workers", "pools"}


@pytest.mark.parametrize("name", NAMES)
def test_they_are_baselines_which_are_never_ranked_and_say_that_no_process_is_reached(name: str) -> None:
    found = load_mechanism(name)
    assert not found.ranked
    assert found.peers == ("own" if found.executor else "interpreters")
    assert found.caveats[0].startswith("reaches no other process")


@pytest.mark.parametrize("name", NAMES)
def test_a_python_that_was_built_without_the_module_is_told_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MODULE, None)  # the import fails
    found = load_mechanism(name)._replace(min_python=(3, 11))
    assert found.missing() == f"{name} needs the module {MODULE}, which this Python was built without"
    assert found.missing((3, 99)) is None, "what another Python has is for its own visits to find out"
    with pytest.raises(NotOffered, match=f"no module {MODULE}"):
        library()


@pytest.mark.parametrize("name", NAMES)
def test_numpy_is_refused_in_words(name: str) -> None:
    reason = load_pattern(question(name).pattern).unfit(load_mechanism(name), question(name)._replace(payload="array"))
    assert reason == f"{name} is between interpreters, and numpy can be imported in the first one only"


def test_their_files_load_no_interpreters(tmp_path: Path) -> None:
    modules = ", ".join(f"ipcbench.measure.mechanisms.{name.replace('-', '_')}" for name in NAMES)
    done = python("-c", f"import sys, {modules}; print({MODULE!r} in sys.modules)", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "False\n", "")


def test_what_is_packed_comes_back_with_the_very_memory_that_was_in_it() -> None:
    memory = bytearray(8)
    packed, views = pack({"name": ["text"], "memory": memoryview(memory)})
    found = unpack(packed, views)
    found["memory"][3] = 7
    assert memory == b"\0\0\0\7\0\0\0\0"
    assert found["name"] == ["text"]


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A concurrent.interpreters whose queues are between threads."""
    module = ModuleType(MODULE)
    module.create_queue = queue.Queue  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


@pytest.mark.usefixtures("pretended")
def test_numbers_are_given_out_once_each() -> None:
    given = numbers(3)
    assert [given.get_nowait() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(queue.Empty):
        given.get_nowait()


@pytest.mark.usefixtures("pretended")
@pytest.mark.parametrize("parties", [1, 2, 5])
def test_a_meeting_lets_nobody_go_before_the_last_has_come_and_can_be_held_again(parties: int) -> None:
    meeting = InterpreterBarrier(parties)
    come: list[int] = []

    def meet() -> int:
        come.append(threading.get_ident())
        meeting.wait(20)
        return len(come)

    with ThreadPoolExecutor(parties) as pool:
        for held in (1, 2, 3):
            found = [future.result(30) for future in [pool.submit(meet) for _ in range(parties)]]
            assert found == [held * parties] * parties


def test_spinning_looks_again_until_there_is_something_and_until_there_is_room() -> None:
    answers = deque([queue.Empty(), queue.Empty(), b"message"])
    room = deque([queue.Full(), None])
    sent: list[bytes] = []

    def get() -> object:
        found = answers.popleft()
        if isinstance(found, Exception):
            raise found
        return found

    def put(message: bytes) -> None:
        if refused := room.popleft():
            raise refused
        sent.append(message)

    channel = InterpreterQueueSpinChannel.__new__(InterpreterQueueSpinChannel)
    channel.queue = SimpleNamespace(get_nowait=get, put_nowait=put)
    assert channel.receiver()() == b"message"
    channel.sender()(b"there")
    assert sent == [b"there"]
    assert not answers
    assert not room


class Refusing:
    """An interpreter in which nothing can be run; what it raises looks as ExecutionFailed does."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.closed = False

    def exec(self, _code: str) -> None:
        error = RuntimeError("how it looks to an outsider")
        error.excinfo = SimpleNamespace(type=SimpleNamespace(__name__=self.kind), msg="no module")  # type: ignore[attr-defined]
        raise error

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("kind", "told"), [("ImportError", "ImportError: no module"), ("SystemExit", None)])
def test_an_interpreter_that_cannot_begin_tells_the_driver_why_unless_it_has_itself(
    pretended: ModuleType, kind: str, told: str | None
) -> None:
    interpreter = Refusing(kind)
    pretended.create = lambda: interpreter  # type: ignore[attr-defined]
    job = Job(PingPong(), "bytes", 64, Seat(0, "", 1, 4), sorted(os.sched_getaffinity(0)))
    ours, theirs = Pipe()
    with ours:
        work(job, (), theirs)
        if told:
            assert ours.recv() == told
        with pytest.raises(EOFError):
            ours.recv()
    assert interpreter.closed


# With real interpreters


@pytest.fixture
def interpreters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give concurrent.interpreters, or its forerunner, to every process of a visit, and warnings that are errors."""
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setattr(patterns, "__path__", [*patterns.__path__, str(EXTRA / "patterns")])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(EXTRA), str(SUPPORT))))
    if sys.version_info >= (3, 14):
        pytest.importorskip(MODULE, reason=f"this Python was built without {MODULE}")
    elif sys.version_info < (3, 13):
        pytest.skip(f"Python {sys.version_info[0]}.{sys.version_info[1]} has no forerunner of {MODULE}")
    elif not support():
        pytest.skip(f"this Python comes without its own tests, and so without the forerunner of {MODULE}")
    else:
        monkeypatch.setenv("IPCBENCH_TEST_FORERUNNER", "1")


@pytest.fixture
def visitor(stop: Stop) -> Iterator[Visitor]:
    made = Visitor(Timing(values=1, warmups=0, min_time=0.001), stop)
    yield made
    made.close()


CASES = [
    *(
        Case(pattern, name, 64, workers)
        for name in ("interpreter-queue", "interpreter-queue-spin")
        for pattern, workers in (("ping-pong", 1), ("stream", 1), ("fan-in", 2), ("fan-out", 2), ("task-queue", 2))
    ),
    Case("ping-pong", "interpreter-queue", 64, payload="object"),
    Case("ping-pong", "interpreter-memory", 64),
    Case("ping-pong", "interpreter-memory", 2**20),
    Case("stream", "interpreter-memory", 4096),
    Case("pairs", "interpreter-memory", 64, 2),
    Case("set-up", "interpreter-memory", 64, 2),
    *(Case("tasks", "interpreter-pool-executor", 64, 2, way) for way in ("apply", "submit", "map")),
]


@pytest.mark.slow
@pytest.mark.usefixtures("no_leaks", "interpreters")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_visit_among_interpreters_is_proven_and_leaves_nothing(visitor: Visitor, case: Case) -> None:
    found = visitor.visit(Visit(case, 1, 0, LOOPS))
    assert isinstance(found, Outcome), found
    assert found.operations == LOOPS * load_pattern(case.pattern).per_loop(case.workers)
    assert not set(found.notes) - set(TOUCHED), "others may be at work beside the tests"


@pytest.mark.usefixtures("no_leaks", "interpreters")
def test_an_interpreter_that_raises_before_it_is_ready_makes_the_case_failed_with_its_words(visitor: Visitor) -> None:
    found = visitor.visit(Visit(Case("refusing-peer", "interpreter-memory", 64), 1, 0, LOOPS))
    assert found == Failure("failed", "set-up", "peer 1 of 1 raised ValueError: not with me")


@pytest.mark.slow
@pytest.mark.usefixtures("no_leaks", "interpreters")
@pytest.mark.parametrize("name", NAMES)
def test_they_keep_the_contract_of_all_mechanisms(name: str, stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply the rules of all mechanisms to those that only the forerunner makes available, in visits and not here."""
    monkeypatch.setattr(catalog, "missing", lambda _name: None)
    found = try_rules(name, stop)
    assert found.kept, [(str(verdict.rule), verdict.why) for verdict in found.verdicts if verdict.state == "fail"]
    assert sum(verdict.state == "pass" for verdict in found.verdicts) >= 5


PINNED = """
import json, multiprocessing, os, sys
from ipcbench.measure.api.pattern import Seat
from ipcbench.measure.patterns.ping_pong import PingPong
from ipcbench.measure.process.team import Job
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.registry import load_mechanism
from ipcbench.measure.process.thread_team import start_team

cpus = sorted(os.sched_getaffinity(0))[:2]
settings = PortSettings(multiprocessing.get_context("fork"), 64, 4, 2)
settings.cpus = [(cpu,) for cpu in cpus]
found = []
if sys.argv[1] == "pool":
    pool = load_mechanism("interpreter-pool-executor").executor(settings)
    pool.connect("driver")
    found = pool.members()
    where = [os.sched_getaffinity(thread) for thread in found]
    pool.close()
else:
    mechanism, pattern = load_mechanism("interpreter-memory"), PingPong()
    ports = [pattern.make_ports(mechanism, settings) for _ in cpus]
    jobs = [Job(pattern, "bytes", 64, Seat(0, "", 1, 4), (cpu,)) for cpu in cpus]
    teams = [start_team(mechanism, settings.context, [job], laid) for job, laid in zip(jobs, ports)]
    found = [thread for team in teams for thread in team.ready()]
    where = [os.sched_getaffinity(thread) for thread in found]
    for team in teams:
        team.stop()
    for port in {port for laid in ports for port in laid}:
        port.destroy()
assert len(set(found)) == 2 and os.getpid() not in found
assert sorted(map(sorted, where)) == [[cpu] for cpu in cpus], (where, cpus)
assert os.sched_getaffinity(0) >= set(cpus)
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
@pytest.mark.usefixtures("no_leaks", "interpreters")
@pytest.mark.parametrize("whose", ["pool", "team"])
def test_every_interpreter_runs_in_a_thread_of_its_own_on_the_cpus_it_was_given(whose: str, tmp_path: Path) -> None:
    env = environment()
    env["PYTHONPATH"] = os.pathsep.join((os.environ["PYTHONPATH"], env["PYTHONPATH"]))
    done = python("-c", PINNED, whose, cwd=tmp_path, env=env)
    assert (done.code, done.err) == (0, "")
