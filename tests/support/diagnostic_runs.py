"""Computed runs for the charts of steps, CPU time, placement and stability."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chart_runs import HOSTILE, all_failed
from synthetic import MECHANISMS, make_result, model_seconds

from ipcbench.measure.api.load import split
from ipcbench.model import Case, Placement
from ipcbench.results.schema import ResultFile

SIZES = (64, 4096, 32768, 65536, 2**20)
CLASSIC = list(MECHANISMS)
LONG = [f"mechanism-with-name-of-{number:05}" for number in range(40)]


def cases(
    names: Sequence[str], placements: Sequence[Placement] = ("spread",), sizes: Sequence[int] = SIZES
) -> list[Case]:
    found = [Case("ping-pong", name, size, placement=where) for name in names for size in sizes for where in placements]
    return found + [Case("hand-over", name, 0, placement=where) for name in names[::2] for where in placements]


def seconds(stepped: Sequence[str]) -> Callable[[Case], float]:
    """Return the model's time: 90 ms longer at 32 KiB for some mechanisms, shorter if processes share a CPU."""

    def find(case: Case) -> float:
        step = 0.09 if case.mechanism in stepped and case.size == 32768 else 0.0
        return (model_seconds(case) + step) * {"pack": 0.2, "free": 1.01}.get(case.placement, 1.0)

    return find


def wandering(case: Case, round_: int) -> float:
    """Return a factor by round: some cases become slower, some fall into two groups, the others stay."""
    if case.mechanism == "queue" or case.mechanism.endswith("1"):
        return 1 + 0.1 * round_
    if case.mechanism == "pipe" or case.mechanism.endswith("2"):
        return 1.9 if round_ % 2 else 1.0
    return 1.0


def memory(case: Case) -> int:
    """Return 20 MiB for each of two processes, 15 for a manager's, and 6 messages, or one if memory is shared."""
    processes = 40 * 2**20 + 15 * 2**20 * case.mechanism.startswith("manager")
    return processes + case.size * (1 if case.mechanism == "array" else 6)


def run(names: Sequence[str], rounds: int = 8, **more: object) -> ResultFile:
    chosen = cases(names, ("spread", "pack", "free"))
    usual: dict[str, object] = {"seconds": seconds(names[::2]), "over_time": wandering, "memory": memory}
    return make_result(chosen, rounds, **(usual | more))  # type: ignore[arg-type]


def with_controls() -> ResultFile:
    chosen = [*cases(["queue", "pipe", "array"]), *cases(["no-op", "memcpy"], sizes=[64])]
    return make_result(
        chosen, 7, seconds=seconds(["pipe"]), over_time=wandering, unranked=["no-op", "memcpy"], values=5, noise=0.004
    )


WORKS = ("10us", "100us", "1ms")
HANDING_OVER = {"queue": 150e-6, "pipe": 5e-6, "array": 5e-3, "serial": 1e-7}  # seconds for a task


def with_work(*names: str) -> list[Case]:
    """Return tasks with three amounts of work on two workers, or in a plain loop."""
    counts = {name: 1 if name == "serial" else 2 for name in names}
    return [Case("tasks", name, 64, count, f"map-work-{work}") for name, count in counts.items() for work in WORKS]


def worked(chosen: Sequence[Case] = tuple(with_work("queue", "pipe", "array", "serial"))) -> ResultFile:
    """Make a run of tasks with work: two workers halve the work, and handing a task over has a price."""

    def time_of(case: Case) -> float:
        return split(case.operation).seconds / case.workers + HANDING_OVER[case.mechanism]

    return make_result(chosen, 6, seconds=time_of, noise=0.01)


DIAGNOSTIC_RUNS: dict[str, Callable[[], ResultFile]] = {
    "3 mechanisms": lambda: run(["queue", "pipe", "array"]),
    "16 mechanisms": lambda: run([*CLASSIC, "os-pipe"]),
    "40 mechanisms": lambda: run(LONG, 7, cpu=lambda _: 2.04),
    "hostile": lambda: run([*HOSTILE, "pipe"], 7),
    "all failed": all_failed,
    "one round": lambda: run(["queue", "pipe", "array"], 1),
    "two rounds": lambda: run(["queue", "pipe", "array"], 2),
    "one mechanism": lambda: run(["pipe"], 7),
    "many rounds": lambda: run(["queue", "pipe", "array"], 90, values=3),
    "controls": with_controls,
    "without CPU time": lambda: run(["queue", "pipe"], 7, cpu=lambda _: 0.0),
    "some without CPU time": lambda: run(["queue", "pipe"], 7, cpu=lambda case: float(case.mechanism == "pipe")),
    "without memory": lambda: run(["queue", "pipe"], 7, memory=lambda _: 0),
    "memory at one size": lambda: run(["queue", "pipe"], 7, memory=lambda case: memory(case) if case.size == 64 else 0),
    "wide range": lambda: make_result(
        cases(["queue", "pipe", "array"], ("spread", "pack")),
        5,
        seconds=lambda case: 8e-8 if case.mechanism == "pipe" or case.placement == "pack" else 90.0,
        noise=0.9,
    ),
}
