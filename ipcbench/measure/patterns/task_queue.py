"""task-queue: the driver sends numbered tasks to N workers and receives results; a sentinel per worker ends the turn.

A task is (number, payload), its result (number, worker); the payload goes one way. At most a window of tasks is
outstanding, so that neither queue can fill while both sides wait. Sentinels follow the last result and come from the
only producer of tasks; with several producers, a feeder thread could let a sentinel overtake a task of another.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import ChannelPattern, Go, Lap, Seat, Turn, Unverified, is_something
from ipcbench.measure.api.payload import Payload
from ipcbench.model import Case


class TaskQueue(ChannelPattern):
    name = "task-queue"
    question = "How fast do N workers take tasks and answer?"
    operation = "one task done and its result back"
    sizes = (64, 65_536)
    workers = (1, 2, 4, 8)
    senders = receivers = "many"
    two_way = True
    rule = "shared"
    compares_last = False
    works = rated = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        if mechanism.channel and mechanism.carries not in ("objects", "reference"):
            return f"{mechanism.name} carries {mechanism.carries}, and a task is an object"
        return super().unfit(mechanism, case)

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0]

    def messages(self, payloads: Sequence[Payload]) -> Sequence[Any]:
        return list(enumerate(payloads))

    def payloads_in(self, messages: Sequence[Any]) -> Sequence[Any]:
        return [task[1] for task in messages if task is not None]

    def is_message(self, seat: Seat) -> Callable[[Any], bool]:
        return is_something

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        put, get = seat.send, seat.receive
        finished: list[tuple[int, int]] = []
        keep = finished.append
        first, rest = turn.payloads[: seat.window], turn.payloads[seat.window :]
        go(turn.operations)
        # Clock: starts before the first task, stops after the last result, both here. Operation: one task done and its
        # result back. Sentinels are outside.
        start = perf_counter()
        for task in first:
            put(task)
        for task in rest:
            keep(get())
            put(task)
        for _ in first:
            keep(get())
        end = perf_counter()
        for _ in range(seat.workers):
            put(None)
        return Lap(start, end, len(finished), finished=finished)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        put, get, index = seat.send, seat.receive, seat.number
        done = 0
        start = perf_counter()
        while (task := get()) is not None:
            put((task[0], index))
            done += 1
        return Lap(start, perf_counter(), done)

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return driver.ended - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        self._check_finished(turn, driver)
        done = sum(lap.operations for lap in peers)
        if done != turn.operations:
            raise Unverified(f"the workers did {done:,} tasks of {turn.operations:,}")

    def replies(self, turn: Turn, driver: Lap, kept: Sequence[Any]) -> list[list[str]]:
        self._check_finished(turn, driver)
        return []

    @staticmethod
    def _check_finished(turn: Turn, driver: Lap) -> None:
        numbers = sorted(number for number, _ in driver.finished)
        if numbers != list(range(turn.operations)):
            raise Unverified(
                f"{len(set(numbers)):,} of {turn.operations:,} tasks have a result, {len(numbers):,} results"
            )


PATTERN = TaskQueue()
