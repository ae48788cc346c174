"""What do sittings and templates change? Cases that take turns ÷ the same visits one after the other, in one run.

In each round every case is measured in four ways, in random order: in a sitting of visits that are forked from a
template; in a sitting of fresh interpreters; in a sitting of both, where the two visits of a case take turns, so that
their ratio does not depend on the time; and alone, one forked visit after the other. A pair is two cases of one round;
the scatter of a pair is the standard deviation of the logarithm of its ratio over the rounds.

Aim: a pair scatters by at most 4 %; a visit takes at most 40 ms beyond its turns; neither template nor company moves a
value by more than 2 %.

    python benchmarks/harness/sittings.py [--rounds N] [--json FILE]
"""

import argparse
import itertools
import math
import random
import statistics
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import msgspec
from figures import at_most, near_one, plain, write

from ipcbench.model import Case, Outcome, Timing, Visit
from ipcbench.run.containment.warden_client import Request
from ipcbench.run.cost import loops_for
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

CASES = tuple(
    Case("ping-pong", name, 64) for name in ("pipe", "queue", "simple-queue", "unix-stream", "tcp", "shared-memory")
)
TIMING = Timing()
KINDS = ("template", "fresh", "mixed", "alone")


class Mixed(Visitor):
    """A visitor whose visits are fresh interpreters at odd positions, and otherwise forked from a template."""

    def _request(self, visit: Visit, folder: Path) -> Request:
        request = super()._request(visit, folder)
        return msgspec.structs.replace(request, template="") if visit.position % 2 else request


class Measured:
    """The means of all visits, by kind and case, and the seconds that visits took beyond their turns, by kind.

    The fresh visits of a mixed sitting have the kind "mixed fresh".
    """

    def __init__(self) -> None:
        self.means: dict[str, dict[Case, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.beyond: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self.shares: dict[str, list[float]] = {kind: [] for kind in KINDS}

    def sit(self, kind: str, visitor: Visitor, visits: list[Visit], seed: str) -> None:
        """Make the visits, together or one after the other."""
        began = time.monotonic()
        together = [visits] if kind != "alone" else [[visit] for visit in visits]
        found = [outcome for sitting in together for outcome in visitor.sitting(sitting, seed)]
        wall, timed = time.monotonic() - began, 0.0
        for visit, outcome in zip(visits, found, strict=True):
            if not isinstance(outcome, Outcome):
                raise SystemExit(f"{visit.case.id}: {outcome}")
            fresh = " fresh" if kind == "mixed" and visit.position % 2 else ""
            self.means[kind + fresh][visit.case].append(statistics.fmean(outcome.values))
            timed += sum(outcome.values) * outcome.loops
        self.beyond[kind].append((wall - timed) / len(visits))
        self.shares[kind].append(timed / wall)

    def scatter(self, kind: str) -> float:
        """Return the scatter of a pair, the median of all pairs, as a share."""
        found = []
        for one, other in itertools.combinations(CASES, 2):
            ratios = zip(self.means[kind][one], self.means[kind][other], strict=True)
            found.append(statistics.stdev(math.log(first / second) for first, second in ratios))
        return statistics.median(found)

    def moved(self, kind: str, reference: str) -> tuple[float, float, float]:
        """Return the mean ratio of the values of two kinds over all cases, with its 95 % interval over rounds."""
        rounds = zip(*(self.means[kind][case] for case in CASES), strict=True)
        others = zip(*(self.means[reference][case] for case in CASES), strict=True)
        logs = [
            statistics.fmean(math.log(one / other) for one, other in zip(here, there, strict=True))
            for here, there in zip(rounds, others, strict=True)
        ]
        middle, error = statistics.fmean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
        return math.exp(middle), math.exp(middle - 2 * error), math.exp(middle + 2 * error)


def main() -> None:
    """Measure, print the figures, and write the JSON on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="default: 20")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    args = parser.parse_args()
    chance, measured = random.Random(1), Measured()
    with (
        Stop() as stop,
        closing(Visitor(TIMING, stop)) as forking,
        closing(Visitor(TIMING._replace(fresh=True), stop)) as starting,
        closing(Mixed(TIMING, stop)) as mixing,
    ):
        visitors = {"template": forking, "fresh": starting, "mixed": mixing, "alone": forking}
        calibrated = forking.sitting([Visit(case, 0, 0) for case in CASES], "0")
        loops = {
            case: loops_for(case, found, TIMING)
            for case, found in zip(CASES, calibrated, strict=True)
            if isinstance(found, Outcome)
        }
        for number in range(1, args.rounds + 1):
            for kind in chance.sample(KINDS, len(KINDS)):
                order = [case for case in chance.sample(CASES, len(CASES)) for _ in range(1 + (kind == "mixed"))]
                visits = [Visit(case, number, place, loops[case]) for place, case in enumerate(order)]
                measured.sit(kind, visitors[kind], visits, str(number))
    said = [at_most("scatter of a pair in a sitting", 100 * measured.scatter("template"), 4, " %")]
    said += [plain("scatter of a pair, one visit after the other", 100 * measured.scatter("alone"), " %")]
    for kind in KINDS:
        beyond, name = 1e3 * statistics.median(measured.beyond[kind]), f"a visit beyond its turns, {kind}"
        said += [at_most(name, beyond, 40, " ms") if kind == "template" else plain(name, beyond, " ms")]
    said += [plain(f"timed share, {kind}", statistics.median(measured.shares[kind])) for kind in KINDS]
    said += [
        near_one(f"values, {what}", *measured.moved(kind, reference), share=0.02)
        for what, kind, reference in (
            ("template ÷ fresh, in one sitting", "mixed", "mixed fresh"),
            ("in a sitting ÷ alone", "template", "alone"),
        )
    ]
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
