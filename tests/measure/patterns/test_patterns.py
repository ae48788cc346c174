"""Patterns: mechanisms in every pattern that fits, end to end, and what a turn counts.

A visit costs some 0.3 s, so not every combination is walked: every mechanism in the patterns of one channel or cell,
and in the others, which use the same ports in other numbers, one mechanism of each family and behaviour.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import Queue
from typing import Any

import pytest

from ipcbench.measure.api.digest import digest, digests
from ipcbench.measure.api.mechanism import Mechanism, is_installed
from ipcbench.measure.api.pattern import Crew, Lap, Pattern, Seat, Turn, Unverified, Verification, WrongResult
from ipcbench.measure.api.payload import load_kind, make_payloads
from ipcbench.measure.api.ports import Cell, Channel, Decode, Encode
from ipcbench.measure.patterns.broadcast import Broadcast
from ipcbench.measure.patterns.codec import Codec
from ipcbench.measure.patterns.counter import Counter
from ipcbench.measure.patterns.exchange import Exchange
from ipcbench.measure.patterns.fan_in import FanIn
from ipcbench.measure.patterns.fan_out import FanOut
from ipcbench.measure.patterns.hand_over import HandOver, in_order
from ipcbench.measure.patterns.many_to_many import ManyToMany
from ipcbench.measure.patterns.pairs import Pairs
from ipcbench.measure.patterns.ping_pong import PingPong
from ipcbench.measure.patterns.pipeline import Pipeline
from ipcbench.measure.patterns.set_up import SetUp
from ipcbench.measure.patterns.stream import Stream
from ipcbench.measure.patterns.task_queue import TaskQueue
from ipcbench.measure.registry import load_mechanism, load_pattern, mechanism_names, pattern_names
from ipcbench.model import PAYLOADS, Case, Failure, Outcome, StartMethod, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

QUICK = Timing(values=1, warmups=0, min_time=0.001)
LOOPS = 5
PATIENCE = 20.0


FULLY_WALKED = {"access", "codec", "counter", "hand-over", "ping-pong", "task-queue", "tasks"}


HERE = [found for found in map(load_mechanism, mechanism_names()) if not found.missing()]


def one_of_each_kind() -> list[Mechanism]:
    """Return the first mechanism of each family and behaviour that a pattern could notice."""
    kinds: dict[object, Mechanism] = {}
    for found in HERE:
        has_codec = found.channel is not None and found.channel.codec is not Channel.codec
        how_many = found.senders, found.receivers, found.duplex, found.holds, has_codec
        kinds.setdefault((found.family, found.ports[0], found.carries == "number", *how_many), found)
    return list(kinds.values())


def possible_cases() -> list[Case]:
    """The mechanisms of each question that they fit, at 64 B, at 8 B where they carry a number, or without payload."""
    found = []
    for pattern in map(load_pattern, pattern_names()):
        for mechanism in HERE if pattern.name in FULLY_WALKED else one_of_each_kind():
            size = 8 if mechanism.carries == "number" or pattern.name == "counter" else 64
            size = 0 if pattern.port == "signal" else size
            workers = 1 if pattern.most_workers else 2
            payload = mechanism.usual_payload
            cases = [Case(pattern.name, mechanism.name, size, workers, name, payload) for name in pattern.operations]
            found += [case for case in cases if pattern.unfit(mechanism, case) is None]
    return found


@pytest.fixture
def visitor(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    made = Visitor(QUICK, stop)
    yield made
    made.close()


def check(found: object, case: Case) -> None:
    if case.operation == "unlocked" and isinstance(found, Failure) and found.verdict == "wrong":
        return  # two workers that meet
    assert isinstance(found, Outcome), found
    assert found.loops == LOOPS
    assert found.operations == LOOPS * load_pattern(case.pattern).per_loop(case.workers)
    assert len(found.values) == 1


def marked(case: Case) -> Any:
    """Return a case as a parameter of a test."""
    marks = [pytest.mark.third_party] if load_mechanism(case.mechanism).third_party else []
    return pytest.param(case, id=case.id, marks=marks)


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("case", [marked(case) for case in possible_cases()])
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
        Case("many-to-many", "queue", 64, 2),
        Case("pairs", "pipe", 64, 2),
        Case("pipeline", "raw-array", 64, 2),
        Case("set-up", "queue", 64, 1),
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


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize(
    "case",
    [
        Case("pipeline", "pipe-bytes", 2**20, 3),
        Case("pipeline", "simple-queue", 2**20, 1),
        Case("exchange", "pipe-bytes", 2**15 - 64),
        Case("exchange", "simple-queue", 2100),
        Case("exchange", "queue", 2**20),
        Case("fan-in", "simple-queue", 2**20, 3),
        Case("fan-out", "simple-queue", 2**20, 3),
    ],
    ids=lambda case: case.id,
)
def test_messages_that_no_pipe_holds_make_no_deadlock(visitor: Visitor, case: Case) -> None:
    assert load_pattern(case.pattern).unfit(load_mechanism(case.mechanism), case) is None
    found = visitor.visit(Visit(case, 1, 0, 40))
    assert isinstance(found, Outcome), found


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("mechanism", ["queue", "simple-queue", "manager-queue", "pipe"])
@pytest.mark.parametrize("payload", ["object", "array"])
def test_a_sentinel_is_told_from_objects_and_arrays(visitor: Visitor, mechanism: str, payload: str) -> None:
    pattern = "broadcast" if mechanism == "pipe" else "fan-out"
    case = Case(pattern, mechanism, 128, 2, payload=payload)
    check(visitor.visit(Visit(case, 1, 0, LOOPS)), case)


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("payload", [name for name in PAYLOADS if all(map(is_installed, load_kind(name).requires))])
def test_every_kind_of_payload_is_proven_as_an_object_as_bytes_and_in_memory_that_is_lent(
    visitor: Visitor, payload: str
) -> None:
    for question, mechanism, workers in (
        ("fan-out", "queue", 2),
        ("ping-pong", "pipe-bytes", 1),
        ("stream", "shared-memory-view", 1),
    ):
        case = Case(question, mechanism, 9600, workers, payload=payload)
        check(visitor.visit(Visit(case, 1, 0, LOOPS)), case)


def test_every_mechanism_and_every_pattern_is_walked() -> None:
    cases = possible_cases()
    assert {case.mechanism for case in cases} == {mechanism.name for mechanism in HERE}
    assert {case.pattern for case in cases} == set(pattern_names())
    assert len(cases) > 80


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


CODED = [
    (kind, found.name)
    for found in HERE
    if found.channel and found.channel.codec is not Channel.codec
    for kind in PAYLOADS
    if all(map(is_installed, load_kind(kind).requires)) and not found.unfit("channel", 9600, payload=kind)
]


@pytest.mark.sample
@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("operation", ["encode", "decode"])
@pytest.mark.parametrize(("payload", "mechanism"), CODED, ids="-".join)
def test_every_codec_is_proven_with_every_kind_of_payload_that_it_carries(
    visitor: Visitor, payload: str, mechanism: str, operation: str
) -> None:
    case = Case("codec", mechanism, 9600, 1, operation, payload)
    found = visitor.visit(Visit(case, 1, 0, LOOPS))
    check(found, case)
    assert isinstance(found, Outcome)
    assert 0.9 * 9600 < found.encoded < 3 * 9600


@pytest.mark.parametrize("operation", ["encode", "decode"])
@pytest.mark.parametrize(
    ("encode", "decode"),
    [(bytes.upper, bytes), (bytes, bytes.upper), (lambda message: message[:-1], bytes), (lambda _: b"same", bytes)],
    ids=["spoils", "reads wrongly", "cuts", "forgets"],
)
def test_a_codec_that_does_not_return_the_message_is_noticed(encode: Encode, decode: Decode, operation: str) -> None:
    pattern, seat = Codec(), Seat(-1, operation, 1, 64, encode=encode, decode=decode)
    turn = Turn(2, [b"first one", b"last one"])
    with pytest.raises(Unverified, match="not the same"):
        pattern.check(seat, turn, pattern.drive(seat, print, turn), ())
    right = seat._replace(encode=bytes, decode=bytes)
    pattern = Codec()
    pattern.check(right, turn, pattern.drive(right, print, turn), ())
    assert pattern.encoded == len(b"last one")


@pytest.mark.parametrize("operation", ["encode", "decode"])
def test_a_codec_is_called_once_an_operation(operation: str) -> None:
    calls: list[str] = []

    def counted(name: str, message: bytes) -> bytes:
        calls.append(name)
        return message

    seat = Seat(-1, operation, 1, 64, encode=partial(counted, "encode"), decode=partial(counted, "decode"))
    one, other = b"one", b"other"
    lap = Codec().drive(seat, print, Turn(70, [one, other] * 35))
    assert lap.operations == calls.count(operation) == 70
    assert len(calls) == (70 if operation == "encode" else 72)  # each of two payloads is encoded before the clock


@pytest.mark.parametrize("operations", [1, 70])
def test_hand_over_signals_and_waits_once_an_operation_and_the_driver_begins(operations: int) -> None:
    calls: list[str] = []
    seat = Seat(-1, "", 1, 64, notify=partial(calls.append, "notify"), wait=partial(calls.append, "wait"))
    assert HandOver().drive(seat, print, Turn(operations)).operations == operations
    assert HandOver().serve(seat, Turn(operations)).operations == operations
    assert calls == ["notify", "wait"] * operations + ["wait", "notify"] * operations


@pytest.mark.parametrize(
    ("driver", "peer", "count"),
    [
        ([1, 2, 2, 5], [0, 3, 3, 4], 1),
        ([1, 2, 2, 5], [0, 3, 3, 6], 1),  # it may be back before the other's notify() has returned
        ([1, 2, 2, 5], [0, 0.5, 3, 4], 0),
        ([1, 2, 2, 2.5], [0, 1.5, 3, 4], 0),
        ([1, 2, 2, 5, 6, 7, 7, 9], [0, 3, 3, 4, 5, 5.5, 6, 7], 1),
        ([1, 2, 2, 5], [0, 3, 3, 4, 5, 6, 6, 7], 0),
        ([1, 2, 2], [0, 3, 3], 0),
        ([], [], 0),
    ],
    ids=["good", "overlapping", "woken early", "answered early", "second bad", "peer more", "cut off", "nothing"],
)
def test_a_hand_over_is_in_order_if_nobody_wakes_too_early(driver: list[float], peer: list[float], count: int) -> None:
    assert in_order(driver, peer) == count


def test_hand_over_keeps_four_stamps_an_operation() -> None:
    kept: list[Any] = []
    seat = HandOver().keep(Seat(0, "", 1, 64, notify=print, wait=print), kept)
    HandOver().serve(seat, Turn(3))
    assert kept == sorted(kept)
    assert [float(stamp) for stamp in HandOver().account(kept)] == kept
    assert len(kept) == 12


def lost_by(added: list[int], workers: int = 2) -> None:
    """Let turns of ten increments each per worker add so much, then verify again."""
    pattern, cell = Counter(), StillCell()
    seat = Seat(-1, "unlocked", workers, 64, cell=cell)
    for number in added:
        cell.number += number
        pattern.check(seat, Turn(10), Lap(0, 0, 10, cell.number - number), [Lap(0, 0, 10)] * workers)
    pattern.prove(Verification(seat, Alone(cell), "number", 8, 7))


class StillCell(Cell):
    """A number in this process."""

    def __init__(self) -> None:
        self.number = 0

    def reader(self) -> Callable[[], Any]:
        return self.total

    def writer(self) -> Callable[[Any], object]:
        return self.set_total

    def adder(self) -> Callable[[], object]:
        return partial(setattr, self, "number", 1)

    def total(self) -> int:
        return self.number

    def set_total(self, number: int) -> None:
        self.number = number


class Alone(Crew):
    """Workers of whom each adds what it is told, one at a time; fails if all are asked at once."""

    def __init__(self, cell: StillCell) -> None:
        self.cell = cell

    def prove(self, nonce: int, operations: int, only: int | None = None) -> None:
        assert only is not None
        assert nonce <= self.cell.number
        self.cell.number += operations

    def proved(self, only: int | None = None) -> list[list[str]]:
        assert only is not None
        return [[]]


def test_updates_lost_without_a_lock_are_a_wrong_result_over_all_turns() -> None:
    lost_by([20, 20])
    with pytest.raises(WrongResult, match=r"^lost 8 of 40 increments$"):
        lost_by([20, 12])
    with pytest.raises(WrongResult, match=r"^the number tore: 40 increments changed it by -780$"):
        lost_by([20, -800])
    with pytest.raises(WrongResult, match=r"^the number tore: 40 increments changed it by 40$"):
        lost_by([21, 19])


def test_a_single_worker_loses_nothing_without_a_lock() -> None:
    lost_by([10, 10], workers=1)
    with pytest.raises(Unverified, match=r"^lost 1 of 10 increments$") as caught:
        lost_by([10, 9], workers=1)
    assert caught.type is Unverified


def test_what_has_no_way_to_forget_the_lock_is_not_measured_without() -> None:
    mechanism = load_mechanism("value")._replace(cell=StillCell)
    case = Case("counter", "value", 8, 2, "unlocked")
    assert Counter().unfit(mechanism, case) == "value cannot be added to without its lock"
    assert Counter().unfit(mechanism, case._replace(operation="")) is None


def test_hand_over_carries_nothing() -> None:
    semaphore = load_mechanism("semaphore")
    assert HandOver().unfit(semaphore, Case("hand-over", "semaphore", 0)) is None
    for case in (Case("hand-over", "semaphore", 64), Case("hand-over", "semaphore", 0, payload="object")):
        assert HandOver().unfit(semaphore, case) == "hand-over carries no payload"
    assert (
        HandOver().unfit(load_mechanism("pipe"), Case("hand-over", "pipe", 0))
        == "pipe gives no signal without a message"
    )


def test_time_of_ping_pong_is_the_drivers_and_of_stream_ends_with_the_last_receive() -> None:
    driver, peers = Lap(10.0, 12.0, 5), [Lap(9.0, 13.0, 5), Lap(9.5, 14.0, 5)]
    assert PingPong().elapsed(driver, peers) == 2.0
    assert TaskQueue().elapsed(driver, peers) == 2.0
    assert Stream().elapsed(driver, peers) == 4.0
    assert Counter().elapsed(driver, peers) == 5.0
    assert HandOver().elapsed(driver, peers) == 2.0


def payloads_of(count: int, stream: int = 0) -> list[bytes]:
    return [bytes([stream]) + number.to_bytes(8, "little") for number in range(count)]


@pytest.mark.parametrize(("operations", "workers"), [(1, 1), (7, 3), (300, 2)])
def test_the_driver_of_fan_in_receives_what_all_workers_send(operations: int, workers: int) -> None:
    line, told = Line(), list[int]()
    line.back.extend(range(operations * workers + 1))
    lap = FanIn().drive(Seat(-1, "", workers, 64, receive=line.receive), told.append, Turn(operations))
    assert (line.received, lap.operations, told) == (operations * workers, operations, [operations])
    assert lap.last == operations * workers - 1


@pytest.mark.parametrize("pattern", [FanIn(), ManyToMany()], ids=lambda pattern: pattern.name)
def test_a_sender_among_many_sends_each_payload_once(pattern: Pattern) -> None:
    line = Line()
    pattern.serve(Seat(2, "", 3, 64, line.send), Turn(50, payloads_of(50)))
    assert list(line.there) == payloads_of(50)


def test_a_receiver_among_many_takes_its_share() -> None:
    line = Line()
    line.back.extend(range(100))
    lap = ManyToMany().serve(Seat(3, "", 2, 64, receive=line.receive), Turn(70))
    assert (line.received, lap.operations, lap.last) == (70, 70, 69)


@pytest.mark.parametrize("workers", [1, 3])
def test_fan_out_sends_each_message_once_and_one_sentinel_a_worker(workers: int) -> None:
    line, turn = Line(), Turn(50, payloads_of(50))
    FanOut().drive(Seat(-1, "", workers, 64, line.send), print, turn)
    assert list(line.there)[:50] == turn.payloads
    assert list(line.there)[50:] == [b"\0"] * workers


@pytest.mark.parametrize("content", ["bytes", "object", "array", "dataclass"])
def test_a_worker_of_fan_out_counts_until_its_sentinel_of_any_kind(content: str) -> None:
    line, sent = Line(), Line()
    payloads = make_payloads(content, 0, 64, 3)
    FanOut().drive(Seat(-1, "", 1, 64, sent.send, payload=content), print, Turn(3, payloads))
    line.back.extend([*sent.there, "what is another worker's"])
    lap = FanOut().serve(Seat(0, "", 2, 64, receive=line.receive, payload=content), Turn(99))
    assert (lap.operations, len(line.back)) == (3, 1)
    assert digest(lap.last) == digest(payloads[-1])
    assert digests(FanOut().payloads_in(list(sent.there))) == digests(payloads)


def test_broadcast_sends_each_message_into_every_channel() -> None:
    lines, turn = [Line(), Line(), Line()], Turn(50, payloads_of(50))
    Broadcast().drive(Seat(-1, "", 3, 64, outlets=[line.send for line in lines]), print, turn)
    assert [list(line.there) for line in lines] == [turn.payloads] * 3


@pytest.mark.parametrize("operations", [1, 63, 64, 65, 300])
def test_exchange_never_is_ahead_by_more_than_a_window(operations: int) -> None:
    line = Line()
    line.back.extend(payloads_of(operations, 1))
    ahead = []

    def send(message: Any) -> None:
        line.send(message)
        ahead.append(line.sent - line.received)

    lap = Exchange().drive(Seat(-1, "", 1, 16, send, line.receive), print, Turn(operations, payloads_of(operations)))
    assert list(line.there) == payloads_of(operations)
    assert (line.received, lap.operations, max(ahead)) == (operations, operations, min(16, operations))
    assert (lap.last, lap.sent) == (payloads_of(operations, 1)[-1], payloads_of(operations)[-1])


def together_on_threads(*parts: Callable[[], Lap]) -> list[Lap]:
    """Play the parts at once; a part that waits for ever raises, as its queues have a limit."""
    with ThreadPoolExecutor(len(parts)) as threads:
        return [lap.result() for lap in [threads.submit(part) for part in parts]]


def bounded(capacity: int) -> tuple[Callable[[Any], object], Callable[[], Any]]:
    line: Queue[Any] = Queue(capacity)
    return partial(line.put, timeout=PATIENCE), partial(line.get, timeout=PATIENCE)


@pytest.mark.parametrize("capacity", [1, 2, 5])
@pytest.mark.parametrize("operations", [1, 2, 3, 40])
def test_exchange_does_not_deadlock_with_a_lead_that_a_channel_holds(capacity: int, operations: int) -> None:
    (there, from_there), (back, from_back) = bounded(capacity), bounded(capacity)
    ours, theirs = (Turn(operations, payloads_of(operations, stream)) for stream in (0, 1))
    driver, peer = together_on_threads(
        lambda: Exchange().drive(Seat(-1, "", 1, capacity, there, from_back), print, ours),
        lambda: Exchange().serve(Seat(0, "", 1, capacity, back, from_there), theirs),
    )
    assert (driver.last, peer.last) == (theirs.payloads[-1], ours.payloads[-1])


@pytest.mark.parametrize("capacity", [1, 3])
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_pipeline_does_not_deadlock_with_as_many_items_as_a_chain_takes(capacity: int, workers: int) -> None:
    count, lines = 60, [bounded(capacity) for _ in range(workers + 1)]
    window = (workers + 1) * capacity + workers
    driver, *peers = together_on_threads(
        lambda: Pipeline().drive(
            Seat(-1, "", workers, window, lines[0][0], lines[-1][1]), print, Turn(count, payloads_of(count))
        ),
        *(
            partial(Pipeline().serve, Seat(i, "", workers, window, lines[i + 1][0], lines[i][1]), Turn(count))
            for i in range(workers)
        ),
    )
    assert [lap.last for lap in (driver, *peers)] == [payloads_of(count)[-1]] * (1 + workers)


def test_pipeline_keeps_fewer_items_in_a_chain_of_small_channels() -> None:
    window = partial(Pipeline().window, load_mechanism("pipe"))
    assert window(Case("pipeline", "pipe", 64, 2)) == 64
    assert window(Case("pipeline", "pipe", 2**20, 2)) == 2
    assert window(Case("pipeline", "pipe", 2**14, 2)) == 3 * 1 + 2
    assert Pipeline().window(load_mechanism("value"), Case("pipeline", "value", 8, 2)) == 3 * 1 + 2


@pytest.mark.parametrize(
    ("mechanism", "size", "lead"),
    [
        *(("pipe", 64, 64), ("pipe", 4096, 7), ("pipe", 2**15 - 64, 1), ("pipe", 2**15, 0), ("simple-queue", 2**24, 0)),
        *(("queue", 2**20, 8), ("array", 2**20, 8), ("value", 8, 1), ("manager-value", 64, 1)),
    ],
)
def test_exchange_leads_by_what_a_channel_is_sure_to_hold(mechanism: str, size: int, lead: int) -> None:
    case = Case("exchange", mechanism, size)
    assert Exchange().window(load_mechanism(mechanism), case) == lead
    refusal = Exchange().unfit(load_mechanism(mechanism), case)
    words = f"{mechanism} may not hold {size:,} B unread, so both ends could block while they send"
    assert refusal == (None if lead else words)


def test_a_pair_asks_and_answers_once_an_operation() -> None:
    asking, answering = Line(lambda message: message), Line()
    answering.back.extend(payloads_of(50))
    asked = Pairs().serve(Seat(2, "", 2, 64, asking.send, asking.receive), Turn(50, payloads_of(50)))
    answered = Pairs().serve(Seat(3, "", 2, 64, answering.send, answering.receive), Turn(50))
    assert list(asking.there) == list(answering.there) == payloads_of(50)
    assert asked.last == asked.sent == answered.last == payloads_of(50)[-1]


def test_set_up_plays_one_life_an_operation_and_keeps_what_each_worker_got() -> None:
    played: list[Line] = []

    def cycle(play: Callable[[Seat, Callable[[int], object]], object]) -> list[Lap]:
        line = Line()
        played.append(line)
        play(Seat(-1, "", 2, 64, outlets=[line.send] * 2), print)
        return [Lap(0, 1, 1, digest(message)) for message in line.there]

    seat, turn = Seat(-1, "", 2, 64, cycle=cycle), Turn(3, payloads_of(3))
    lap = SetUp().drive(seat, print, turn)
    assert [list(line.there) for line in played] == [[payload] * 2 for payload in turn.payloads]
    SetUp().check(seat, turn, lap, [])
    for wrong in (lap.last[:2], [*lap.last[:2], lap.last[2][:1]], [*lap.last[:2], lap.last[1]]):
        with pytest.raises((Unverified, ValueError)):
            SetUp().check(seat, turn, lap._replace(last=wrong), [])


CROWDS = [(pattern, 3) for pattern in (FanIn(), FanOut(), ManyToMany(), Broadcast(), Pairs(), Pipeline())]
MANY = [*CROWDS, (Exchange(), 1)]


def right_laps(pattern: Pattern, workers: int) -> tuple[Turn, Lap, list[Lap]]:
    """A turn of three operations as every side should tell it."""
    ours, theirs = [b"a", b"a", b"b"], digest(b"their last")
    last = digest(ours[-1])
    driver, peer = Lap(0, 1, 3, ours[-1], sent=ours[-1]), Lap(0, 1, 3, last, sent=last)
    peers = [peer] * pattern.peers(workers)
    if pattern.name == "fan-out":
        peers = [Lap(0, 1, 2, digest(b"a")), Lap(0, 1, 1, last), Lap(0, 1, 0)]
    if pattern.name == "exchange":
        driver, peers = driver._replace(last=b"their last"), [peer._replace(sent=theirs)]
    return Turn(3, ours), driver, peers


@pytest.mark.parametrize(("pattern", "workers"), MANY, ids=lambda value: getattr(value, "name", None))
def test_what_every_side_should_tell_is_right_and_anything_else_is_noticed(pattern: Pattern, workers: int) -> None:
    turn, driver, peers = right_laps(pattern, workers)
    seat = Seat(-1, "", workers, 64)
    pattern.check(seat, turn, driver, peers)
    for i, lap in enumerate(peers):
        short = [*peers[:i], lap._replace(operations=lap.operations + 1), *peers[i + 1 :]]
        with pytest.raises(Unverified):
            pattern.check(seat, turn, driver, short)
    swapped = digest(b"a")
    with pytest.raises(Unverified):
        pattern.check(seat, turn, driver._replace(last=b"a"), [lap._replace(last=swapped) for lap in peers])
    if pattern.name in ("broadcast", "exchange", "pairs", "pipeline"):  # where each side has the last message
        for i, lap in enumerate(peers):
            with pytest.raises(Unverified):
                pattern.check(seat, turn, driver, [*peers[:i], lap._replace(last=swapped), *peers[i + 1 :]])
    if pattern.name in ("exchange", "fan-in", "pipeline"):  # where the driver has it too
        with pytest.raises(Unverified):
            pattern.check(seat, turn, driver._replace(last=b"a"), peers)


def test_time_begins_and_ends_where_the_pattern_says() -> None:
    driver = Lap(10.0, 20.0, 1)
    peers = [Lap(11.0, 15.0, 1), Lap(11.5, 21.0, 1), Lap(12.0, 16.0, 1), Lap(12.5, 18.0, 1)]
    assert FanIn().elapsed(driver, peers) == 20.0 - 11.0
    assert FanOut().elapsed(driver, peers) == Broadcast().elapsed(driver, peers) == 21.0 - 10.0
    assert ManyToMany().elapsed(driver, peers) == 21.0 - 11.0
    assert Pairs().elapsed(driver, peers) == 16.0 - 11.0
    assert Exchange().elapsed(driver, peers[1:2]) == 21.0 - 10.0
    assert Pipeline().elapsed(driver, peers) == SetUp().elapsed(driver, []) == 10.0


@pytest.mark.parametrize("pattern", [load_pattern(name) for name in pattern_names()], ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("workers", [1, 3])
def test_every_port_has_two_sides_and_every_process_a_use_for_one(pattern: Pattern, workers: int) -> None:
    workers = pattern.most_workers or workers
    ports = pattern.port_count(workers)
    uses = [pattern.uses(number, ports, workers) for number in range(-1, pattern.peers(workers))]
    assert {port for used in uses for port in used} == set(range(ports))
    for port in range(ports):
        assert {used[port] for used in uses if port in used} == (
            {"driver", "peer"} if pattern.peers(workers) else {"driver"}
        )
    assert all(uses[1:])
    assert bool(uses[0]) == (not pattern.idle_driver or pattern.port == "cell")


def test_a_side_without_a_port_says_so() -> None:
    with pytest.raises(NotImplementedError):
        Seat(0, "", 1, 64).send(b"")
