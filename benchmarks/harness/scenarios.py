"""Do the examples of scenarios predict what programs written by hand take? One alternating run of both.

For each file of examples/scenarios: `ipcbench scenario`, and between its parts the program of the same name with each
mechanism, in shuffled order. Two mechanisms agree if both put them in the same order, or if the scenario or the program
cannot tell them apart.

    python benchmarks/harness/scenarios.py [--rounds N] [--only NAME] [--budget TIME] [--json FILE]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "scenarios"
LONGEST = 600.0  # seconds of one command
SAME = 1.10  # medians of a program that differ by less, or whose ranges overlap, are not told apart


def scenario(name: str, folder: Path, budget: str | None) -> dict[str, Any]:
    """Measure a scenario; return the value of each mechanism, those that tie with the best, and the loop's time."""
    more = ["--budget", budget] if budget else []
    words = ["scenario", str(FOLDER / f"{name}.toml"), "--format", "json", "--force", *more]
    folders = ["--results", str(folder / "results"), "--reports", str(folder / "reports")]
    done = subprocess.run(
        [sys.executable, "-m", "ipcbench", *words, *folders], capture_output=True, text=True, timeout=LONGEST
    )
    if not done.stdout:
        raise SystemExit(f"{name}: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout)
    return {
        "by": found["need"]["by"],
        "values": {each["mechanism"]: each["value"]["value"] for each in found["options"]},
        "tied": [each["mechanism"] for each in found["options"] if each["best"] or each["tied"]],
        "loop": found["loop"] and found["loop"]["seconds"]["value"],
    }


def program(name: str, mechanism: str) -> float:
    """Run the program once and return what it prints."""
    words = [sys.executable, str(FOLDER / f"{name}.py"), mechanism]
    return float(subprocess.run(words, capture_output=True, text=True, timeout=LONGEST, check=True).stdout)


def compare(name: str, rounds: int, budget: str | None, folder: Path) -> dict[str, Any]:
    """Run the program in `rounds` rounds, half of them before the scenario and half after it."""
    chance = random.Random(name)
    mechanisms = mechanisms_of(name)
    times: dict[str, list[float]] = {mechanism: [] for mechanism in mechanisms}
    found: dict[str, Any] = {}
    for number in range(rounds):
        if number == rounds // 2:
            found = scenario(name, folder, budget)
        for mechanism in chance.sample(mechanisms, len(mechanisms)):
            times[mechanism].append(program(name, mechanism))
    return found | {"program": times}


def mechanisms_of(name: str) -> list[str]:
    """Return the mechanisms of a program, from the first line of its docstring."""
    first = (FOLDER / f"{name}.py").read_text().partition("\n")[0]
    return first.rpartition(" ")[2].rstrip('."').split("|")


def disagreements(found: dict[str, Any]) -> list[str]:
    """Return the pairs of mechanisms that the scenario and the program put in opposite order, in words."""
    values = found["values"] | ({"serial": found["loop"]} if found["loop"] and found["by"] == "time" else {})
    both = [name for name in found["program"] if name in values]
    wrong = []
    for one, other in itertools.combinations(both, 2):
        first, second = found["program"][one], found["program"][other]
        apart = max(first) < min(second) or max(second) < min(first)
        apart = apart and max(median(first), median(second)) > SAME * min(median(first), median(second))
        tie = one in found["tied"] and other in found["tied"]
        if apart and not tie and (values[one] < values[other]) != (median(first) < median(second)):
            wrong.append(f"{one} and {other}")
    return wrong


def table(outcomes: dict[str, dict[str, Any]]) -> str:
    """Return a table in Markdown: what the scenario and the program say of each mechanism."""
    lines = ["| scenario | mechanism | scenario | program | |", "|---|---|---|---|---|"]
    for name, found in outcomes.items():
        wrong = disagreements(found)
        for mechanism, times in found["program"].items():
            value = found["loop"] if mechanism == "serial" else found["values"].get(mechanism)
            said = f"{'≈ ' if mechanism in found['tied'] else ''}{1000 * value:.3g} ms" if value else ""
            mark = "another order" if any(mechanism in pair.split(" and ") for pair in wrong) else "agrees"
            lines.append(f"| {name} | {mechanism} | {said} | {1000 * median(times):.3g} ms | {mark} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table; exit with 1 if an order differs."""
    parser = argparse.ArgumentParser(description="compare example scenarios with programs written by hand")
    parser.add_argument("--rounds", type=int, default=6, help="runs of each program with each mechanism")
    parser.add_argument("--only", help="only this scenario")
    parser.add_argument("--budget", help="budget of each scenario; default: its own")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    asked = parser.parse_args()
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(FOLDER.glob("*.toml")):
            if asked.only in (None, path.stem):
                outcomes[path.stem] = compare(path.stem, asked.rounds, asked.budget, Path(folder))
    if asked.json:
        asked.json.write_text(json.dumps(outcomes, indent=2) + "\n")
    print(table(outcomes))
    sys.exit(any(map(disagreements, outcomes.values())))


if __name__ == "__main__":
    main()
