"""Does a gate fail when it should, and only then? `--suite ci` between two environments, equal and one 10 % slower.

Each gate is a run and a `compare --fail-if`, as docs/gate.md shows them. Both environments have a plug-in,
`delayed-pipe`, whose driver spins after each message that it receives: for no time, or in the slower environment for
10 % of its round trip in the gate before. So the round trips of the plug-in are slower and all other cases equal.
Aim: of ten gates between equal environments none fails, of ten with the slower one at least nine.

    python benchmarks/harness/gate.py [--gates N] [--rounds N] [--quick] [--folder FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import numpy as np
from figures import Figure, at_least, at_most, plain, write

import ipcbench
from ipcbench.analysis.stats import by_round
from ipcbench.model import Case
from ipcbench.results.frame import visit_frame
from ipcbench.results.store import load

SLOWER = 0.10
SLOW, BLIND = "slower>5%", "blind>10%"
CONDITIONS = (SLOW, BLIND, "missing")
MECHANISMS = ("pipe", "simple-queue", "shared-memory")
LONGEST = 900.0  # seconds of one command

PLUGIN = '''"""A pipe whose driver spins after each message that it receives, by the size of the message in bytes."""

from time import perf_counter

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.ports import Channel

SECONDS = {seconds!r}


class DelayedPipe(Channel):
    def __init__(self, settings):
        self.ends = settings.context.Pipe()

    def connect(self, side):
        self.side = side
        self.end = self.ends[side == "peer"]
        self.ends[side == "driver"].close()

    def sender(self):
        return self.end.send_bytes

    def receiver(self):
        receive = self.end.recv_bytes
        if self.side == "peer":
            return receive

        def receive_and_spin():
            payload = receive()
            until = perf_counter() + SECONDS.get(len(payload), 0.0)
            while perf_counter() < until:
                pass
            return payload

        return receive_and_spin

    def close(self):
        for end in self.ends:
            end.close()


MECHANISM = Mechanism(
    name="delayed-pipe", title="a pipe that is slow on purpose", short="delayed", family="pipes", carries="bytes",
    bounded_by="bytes", channel=DelayedPipe, duplex=True, semaphores=False, dead_peer="end of file",
)
'''


@dataclass(frozen=True, slots=True)
class Gate:
    """What one gate found: the rows of each condition that is true, the ratio of each case, and the seconds it took."""

    slower: bool
    failed: Mapping[str, Sequence[str]]
    ratios: Mapping[str, float]
    visible: Sequence[float]
    seconds: float

    @property
    def line(self) -> str:
        """One row of the table."""
        case = max(self.ratios, key=lambda case: self.ratios[case])
        true = ", ".join(f"{len(rows)} {condition}" for condition, rows in self.failed.items() if rows) or "passed"
        head = "10 % slower" if self.slower else "equal"
        seen = f"{100 * max(self.visible):.1f} %"
        return f"| {head} | {true} | {case} {self.ratios[case]:.3f} | {seen} | {self.seconds:.0f} s |"


def environment(folder: Path) -> Path:
    """Make a virtual environment that shares the installed packages, with its own plug-in; return its Python."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    shared = [
        str(Path(ipcbench.__file__).parent.parent),
        *{sysconfig.get_path(name) for name in ("purelib", "platlib")},
    ]
    (site / "shared.pth").write_text("\n".join([*shared, ""]))
    about = site / "delayed_pipe-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: delayed-pipe\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ipcbench.mechanisms]\ndelayed-pipe = delayed_pipe:MECHANISM\n")
    delay(folder, {})
    return folder / "bin" / "python"


def delay(folder: Path, seconds: Mapping[int, float]) -> None:
    """Write the plug-in of an environment: the driver spins for these seconds, by the size of a message in bytes."""
    (site,) = folder.glob("lib/python3*/site-packages")
    (site / "delayed_pipe.py").write_text(PLUGIN.format(seconds=dict(seconds)))


def ipcbench_of(program: Path, folder: Path, words: Sequence[str], accepted: Sequence[int]) -> str:
    """Return what a command prints; raises SystemExit if it ends with another exit code than those accepted."""
    command = [str(program), "-m", "ipcbench", *words]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, timeout=LONGEST)
    if done.returncode not in accepted:
        raise SystemExit(f"{shlex.join(command)}: ended with code {done.returncode}")
    return done.stdout


def run(folder: Path, label: str, pythons: Mapping[str, Path], words: Sequence[str]) -> None:
    """Run `--suite ci` under these interpreters; the first one also plans."""
    named = [word for name, program in pythons.items() for word in ("--python", f"{name}={program}")]
    first = next(iter(pythons.values()))
    ipcbench_of(first, folder, ["run", "--suite", "ci", *words, *named, "--label", label, "--quiet"], (0, 7))


def round_trips(path: Path) -> dict[int, float]:
    """Return the round trips of the plug-in in the base of a gate: median over rounds in seconds, by size in bytes."""
    series = {Case.parse(case): seconds for case, seconds in by_round(visit_frame(load(path))).items()}
    wanted = ("ping-pong", "delayed-pipe", "base")
    return {
        case.size: float(np.nanmedian(seconds))
        for case, seconds in series.items()
        if (case.pattern, case.mechanism, case.python) == wanted
    }


def gate(folder: Path, number: int, base: Path, head: Path, selection: Sequence[str]) -> Gate:
    """Measure both environments in one run, and compare them."""
    started, label = time.monotonic(), f"gate-{number}"
    run(folder, label, {"base": base, "head": head}, selection)
    conditions = [word for condition in CONDITIONS for word in ("--fail-if", condition)]
    words = ["compare", label, "--column", "python", *conditions, "--format", "json"]
    found = json.loads(ipcbench_of(base, folder, words, (0, 9)))
    return Gate(
        slower=base != head,
        failed=found["failed"],
        ratios={row["row"]: row["ratio"] for row in found["cases"]},
        visible=[row["visible"] for row in found["cases"]],
        seconds=time.monotonic() - started,
    )


def figures(gates: Sequence[Gate]) -> list[Figure]:
    """Return the shares of gates that failed; one with a slower head must have found the plug-in."""
    equal, slower = ([found for found in gates if found.slower == which] for which in (False, True))
    seen = [any("delayed-pipe" in row for row in found.failed[SLOW]) for found in slower]
    delayed = [ratio for found in slower for row, ratio in found.ratios.items() if row.startswith("ping-pong/delayed")]
    return [
        at_most("gates that failed, equal environments", share(any(found.failed.values()) for found in equal), 0.0),
        at_least("gates that failed, 10 % slower", share(seen), 0.9),
        plain("equal environments of which a case was called slower", share(found.failed[SLOW] for found in equal)),
        plain("gates that were blind in a case", share(found.failed[BLIND] for found in gates)),
        plain("seen in all cases of a gate, median", 100 * median(max(found.visible) for found in gates), " %"),
        plain("slowdown as measured, median", 100 * (median(delayed) - 1), " %"),
        plain("duration of a gate, median", median(found.seconds for found in gates), " s"),
        plain("gates of each kind", float(len(equal))),
    ]


def share(claims: Iterable[object]) -> float:
    """Return the share of claims that are true."""
    return mean(map(bool, claims))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gates", type=int, default=10, help="gates of each kind")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of a gate")
    parser.add_argument("--folder", type=Path, help="keep the environments and results files in this folder")
    parser.add_argument("--quick", action="store_true", help="one gate of each kind, of three rounds: does it work?")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    many, rounds = (1, 3) if args.quick else (args.gates, args.rounds)
    names = ("delayed-pipe",) if args.quick else (*MECHANISMS, "delayed-pipe")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.folder or Path(temporary)).resolve()
        base, head = environment(folder / "base"), environment(folder / "head")
        words = ["--mechanism", ",".join(names), "--rounds", str(rounds)]
        print("| head | conditions that are true | slowest case | seen in all | |\n|---|---|---|---|---|")
        gates = []
        for number in range(2 * many):
            if number % 2:
                measured = round_trips(folder / "results" / f"gate-{number - 1}.json")
                delay(folder / "head", {size: SLOWER * seconds for size, seconds in measured.items()})
            gates.append(gate(folder, number, base, head if number % 2 else base, words))
            print(gates[-1].line, flush=True)
    said = figures(gates)
    for figure in said:
        print(figure.line)
    write(args.json, said)


if __name__ == "__main__":
    main()
