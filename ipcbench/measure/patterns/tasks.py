"""tasks: the rate at which a pool of workers does tasks, for each way to submit them.

A task is (number, payload), its result (number, worker). The payload goes one way and the task does no work, unless the
variant names some, so that only the cost of the pool remains. apply waits for each result before the next task; submit
keeps a window of tasks outstanding; map and imap submit all tasks of a turn in chunks of one, map-chunked in chunks of
Pool.map's default size.
"""

from collections.abc import Sequence
from functools import partial
from threading import get_native_id
from time import perf_counter
from typing import Any

from ipcbench.measure.api.digest import digest
from ipcbench.measure.api.load import split, work_of
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.pattern import Go, Lap, Pattern, Proof, Seat, Turn, Unverified, Verification
from ipcbench.measure.api.payload import Payload, make_payloads
from ipcbench.measure.api.ports import Executor, Port, Side
from ipcbench.measure.api.settings import PortSettings
from ipcbench.model import Case


def answer(task: tuple[int, Any]) -> tuple[int, int]:
    """Do a task: return its number and this worker's id."""
    return task[0], get_native_id()


def work_and_answer(operation: str, task: tuple[int, Any]) -> tuple[int, int]:
    """Do a task with the work that the case's operation names."""
    work_of(operation)(task[1])
    return answer(task)


def prove_answer(task: tuple[int, Any]) -> tuple[int, int, str]:
    """Do a task of a verification turn: return its number, this worker's id and the digest of what arrived."""
    return task[0], get_native_id(), digest(task[1])


class Tasks(Pattern):
    name = "tasks"
    question = "How fast does a pool take tasks and answer?"
    operation = "one task done and its result back"
    operations = ("apply", "submit", "map", "map-chunked", "imap")
    port = "executor"
    sizes = (64, 65_536)
    workers = (1, 2, 4)
    alone = True
    rule = "shared"
    compares_last = False
    works = True

    def unfit(self, mechanism: Mechanism, case: Case) -> str | None:
        reason, way = super().unfit(mechanism, case), split(case.operation).variant
        if not reason and way not in mechanism.operations:
            return f"{mechanism.name} offers {', '.join(mechanism.operations)}, not {way}"
        return reason

    def streams(self, operation: str, workers: int) -> list[int]:
        return [0]

    def messages(self, payloads: Sequence[Payload]) -> Sequence[Any]:
        return list(enumerate(payloads))

    def make_ports(self, mechanism: Mechanism, settings: PortSettings) -> tuple[Port, ...]:
        if mechanism.executor is None:
            raise TypeError(f"{mechanism.name} has no executor")
        return (mechanism.executor(settings),)

    def equip(self, seat: Seat, ports: Sequence[Executor], side: Side) -> Seat:
        (executor,) = ports
        return seat._replace(run=executor.runner(split(seat.operation).variant))

    def drive(self, seat: Seat, go: Go, turn: Turn) -> Lap:
        run, task = seat.run, answer
        if split(seat.operation).works:
            task = partial(work_and_answer, seat.operation)
        finished: list[tuple[int, int]] = []
        keep = finished.append
        # Clock: starts before the first task is handed over, stops after the last result, both here. Operation: one
        # task done and its result back.
        start = perf_counter()
        for result in run(task, turn.payloads):
            keep(result)
        end = perf_counter()
        return Lap(start, end, len(finished), finished=finished)

    def serve(self, seat: Seat, turn: Turn) -> Lap:
        raise NotImplementedError("a pool starts its own workers, so this pattern has no peers")

    def elapsed(self, driver: Lap, peers: Sequence[Lap]) -> float:
        return driver.ended - driver.started

    def check(self, seat: Seat, turn: Turn, driver: Lap, peers: Sequence[Lap]) -> None:
        if sorted(number for number, _ in driver.finished) != list(range(turn.operations)):
            raise Unverified(f"{len(driver.finished):,} results for {turn.operations:,} tasks")

    def prove(self, verification: Verification) -> list[Proof]:
        count = max(verification.messages, verification.seat.workers)
        payloads = make_payloads(verification.content, verification.nonce, verification.size, count)
        results = list(verification.seat.run(prove_answer, self.messages(payloads)))
        if sorted(number for number, *_ in results) != list(range(count)):
            raise Unverified(f"{len(results)} results for {count} tasks of a verification turn")
        received: dict[int, list[str]] = {}
        for _, worker, found in results:
            received.setdefault(worker, []).append(found)
        proof = verification.proof(self.rule, count, list(received.values()))
        return [proof._replace(streams=self.streams(verification.seat.operation, verification.seat.workers))]


PATTERN = Tasks()
