"""Patterns: every mechanism in every pattern that fits, end to end, and what a turn counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ipcbench.measure.pattern import Lap, Pattern, Seat, Turn, Unverified
from ipcbench.measure.patterns.counter import Counter
from ipcbench.measure.patterns.ping_pong import PingPong
from ipcbench.measure.patterns.stream import Stream
from ipcbench.measure.patterns.task_queue import TaskQueue
from ipcbench.measure.payload import digest
from ipcbench.measure.registry import load_mechanism, load_pattern, mechanism_names, pattern_names
from ipcbench.model import Case, Outcome, StartMethod, Timing, Visit
from ipcbench.run.interrupt import Stop
from ipcbench.run.visit import Visitor

QUICK = Timing(values=1, warmups=0, min_time=0.001)
LOOPS = 5


def possible_cases() -> list[Case]:
    """Each mechanism in each question that it fits, at 64 B or, where it carries a number, 8 B."""
    found = []
    for pattern in map(load_pattern, pattern_names()):
        for mechanism in map(load_mechanism, mechanism_names()):
            size = 8 if mechanism.carries == "number" or pattern.name == "counter" else 64
            workers = 1 if pattern.most_workers else 2
            cases = [Case(pattern.name, mechanism.name, size, workers, name) for name in pattern.operations]
            found += [case for case in cases if pattern.unfit(mechanism, case) is None]
    return found


@pytest.fixture
def visitor(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    made = Visitor(QUICK, stop)
    yield made
    made.close()


def check(found: object, case: Case) -> None:
    assert isinstance(found, Outcome), found
    assert found.loops == LOOPS
    assert found.operations == LOOPS * load_pattern(case.pattern).per_loop(case.workers)
    assert len(found.values) == 1


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("case", possible_cases(), ids=lambda case: case.id)
def test_every_mechanism_works_in_every_pattern_that_it_fits(visitor: Visitor, case: Case) -> None:
    check(visitor.visit(Visit(case, 1, 0, LOOPS)), case)


@pytest.mark.slow
@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
@pytest.mark.parametrize(
    "case",
    [
        Case("ping-pong", "pipe", 64),
        Case("stream", "array", 2**20),
        Case("task-queue", "queue", 64, 2),
        Case("counter", "manager-value", 8, 2),
        Case("access", "raw-value", 8, 2, "write"),
    ],
    ids=lambda case: case.id,
)
def test_other_start_methods_work_too(visitor: Visitor, case: Case, method: StartMethod) -> None:
    case = case._replace(start_method=method)
    check(visitor.visit(Visit(case, 1, 0, LOOPS)), case)


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("placement", ["pack", "free"])
def test_other_placements_work_too(visitor: Visitor, placement: Any) -> None:
    case = Case("ping-pong", "queue", 64, placement=placement)
    found = visitor.visit(Visit(case, 1, 0, LOOPS))
    check(found, case)
    assert isinstance(found, Outcome)
    assert len(set(found.cpus)) == 1


def test_more_than_sixty_combinations_are_walked() -> None:
    cases = possible_cases()
    assert {case.mechanism for case in cases} == set(mechanism_names())
    assert {case.pattern for case in cases} == set(pattern_names())
    assert len(cases) > 50


class Line:
    """Two directions of messages, and how many went each way; a peer that echoes if asked to."""

    def __init__(self, answer: Callable[[Any], Any] | None = None) -> None:
        self.there: deque[Any] = deque()
        self.back: deque[Any] = deque()
        self.sent = self.received = 0
        self.answer = answer

    def send(self, message: Any) -> None:
        self.sent += 1
        self.there.append(message)
        if self.answer and message is not None:
            self.back.append(self.answer(message))

    def receive(self) -> Any:
        self.received += 1
        return self.back.popleft()


def turn_of(pattern: Pattern, operations: int) -> Turn:
    return Turn(operations, pattern.messages([number.to_bytes(8, "little") for number in range(operations)]))


@pytest.mark.parametrize("operations", [1, 2, 63, 64, 65, 300])
def test_ping_pong_sends_and_receives_once_an_operation(operations: int) -> None:
    line = Line(lambda message: message)
    told: list[int] = []
    turn = turn_of(PingPong(), operations)
    lap = PingPong().drive(Seat(-1, "", 1, 64, line.send, line.receive), told.append, turn)
    assert (line.sent, line.received, lap.operations, told) == (operations, operations, operations, [operations])
    assert lap.last == turn.payloads[-1]


@pytest.mark.parametrize("operations", [1, 64, 300])
def test_stream_sends_once_an_operation_and_receives_nothing(operations: int) -> None:
    line = Line()
    lap = Stream().drive(Seat(-1, "", 1, 64, line.send, line.receive), print, turn_of(Stream(), operations))
    assert (line.sent, line.received, lap.operations) == (operations, 0, operations)


@pytest.mark.parametrize("pattern", [PingPong(), Stream()], ids=lambda pattern: pattern.name)
def test_a_peer_takes_as_many_messages_as_it_was_told(pattern: Pattern) -> None:
    line = Line()
    line.back.extend(range(100))
    lap = pattern.serve(Seat(0, "", 1, 64, line.send, line.receive), Turn(70))
    assert (line.received, lap.operations, lap.last) == (70, 70, 69)
    assert line.sent == (70 if pattern.name == "ping-pong" else 0)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("operations", [1, 63, 64, 65, 300])
def test_task_queue_sends_each_task_once_and_one_sentinel_a_worker(operations: int, workers: int) -> None:
    line = Line(lambda task: (task[0], 0))
    turn = turn_of(TaskQueue(), operations)
    lap = TaskQueue().drive(Seat(-1, "", workers, 64, line.send, line.receive), print, turn)
    tasks = [message for message in line.there if message is not None]
    assert tasks == list(turn.payloads)
    assert list(line.there)[operations:] == [None] * workers
    assert line.received == lap.operations == operations
    assert sorted(number for number, _ in lap.finished) == list(range(operations))


def test_task_queue_never_has_more_than_a_window_outstanding() -> None:
    outstanding, most = 0, 0
    line = Line(lambda task: (task[0], 0))

    def send(message: Any) -> None:
        nonlocal outstanding, most
        outstanding += message is not None
        most = max(most, outstanding)
        line.send(message)

    def receive() -> Any:
        nonlocal outstanding
        outstanding -= 1
        return line.receive()

    TaskQueue().drive(Seat(-1, "", 2, 16, send, receive), print, turn_of(TaskQueue(), 300))
    assert most == 16


def test_a_worker_of_task_queue_answers_every_task_and_ends_at_its_sentinel() -> None:
    line = Line()
    line.back.extend([(0, b"a"), (1, b"b"), None, (2, b"c")])
    lap = TaskQueue().serve(Seat(4, "", 5, 64, line.send, line.receive), Turn(99))
    assert list(line.there) == [(0, 4), (1, 4)]
    assert lap.operations == 2
    assert len(line.back) == 1


@pytest.mark.parametrize("finished", [[(0, 0), (1, 0)], [(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 0), (3, 1)]])
def test_a_missing_doubled_or_strange_result_is_noticed(finished: list[tuple[int, int]]) -> None:
    seat = Seat(-1, "", 1, 64)
    with pytest.raises(Unverified, match="tasks"):
        TaskQueue().check(seat, Turn(3), Lap(0, 1, 3, finished=finished), [Lap(0, 1, 3)])


def test_tasks_done_by_nobody_are_noticed() -> None:
    finished = [(0, 0), (1, 0), (2, 1)]
    with pytest.raises(Unverified, match="did 2 tasks of 3"):
        TaskQueue().check(Seat(-1, "", 2, 64), Turn(3), Lap(0, 1, 3, finished=finished), [Lap(0, 1, 1), Lap(0, 1, 1)])


@pytest.mark.parametrize("pattern", [PingPong(), Stream()], ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("lap", [Lap(0, 1, 2, digest(b"b")), Lap(0, 1, 3, digest(b"a"))], ids=["count", "content"])
def test_a_wrong_count_or_last_message_is_noticed(pattern: Pattern, lap: Lap) -> None:
    turn = Turn(3, [b"a", b"a", b"b"])
    with pytest.raises(Unverified):
        pattern.check(Seat(-1, "", 1, 64), turn, Lap(0, 1, 3, b"b"), [lap])
    pattern.check(Seat(-1, "", 1, 64), turn, Lap(0, 1, 3, b"b"), [Lap(0, 1, 3, digest(b"b"))])


def test_time_of_ping_pong_is_the_drivers_and_of_stream_ends_with_the_last_receive() -> None:
    driver, peers = Lap(10.0, 12.0, 5), [Lap(9.0, 13.0, 5), Lap(9.5, 14.0, 5)]
    assert PingPong().elapsed(driver, peers) == 2.0
    assert TaskQueue().elapsed(driver, peers) == 2.0
    assert Stream().elapsed(driver, peers) == 4.0
    assert Counter().elapsed(driver, peers) == 5.0


def test_a_side_without_a_port_says_so() -> None:
    with pytest.raises(NotImplementedError):
        Seat(0, "", 1, 64).send(b"")
