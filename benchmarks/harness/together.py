"""Run all scripts of the harness one after the other: one JSON file, and one table in Markdown on stdout.

A script that is missing or fails has a line that says so, and the exit code is 1.

    python benchmarks/harness/together.py [--quick] [--only NAME] [--json FILE]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# Each script with the arguments of a minimal run, for --quick.
SCRIPTS = {
    "overhead": ["--pairs", "1", "--seconds", "0.0001", "--mechanism", "pipe"],
    "containment": ["--pairs", "2"],
    "sittings": ["--rounds", "2"],
    "answer_time": [
        *("--pairs", "1", "--ours=--rounds 1 --fast"),
        "--stock=--processes 1 --values 1 --warmups 1 --min-time 0.001",
    ],
    "duty": ["--run", "run --mechanism pipe --pattern ping-pong --size 64B --rounds 1"],
    "report_scale": ["--size", "1000"],
    "fleet_scale": ["--hosts", "16"],
    "aa": ["--quick"],
    "power": ["--quick"],
    "gate": ["--quick"],
}
HERE = Path(__file__).parent


def outcome(name: str, quick: bool, limit: float) -> dict[str, Any]:
    """Return the JSON of a script, or why there is none under "failed"."""
    script = HERE / f"{name}.py"
    if not script.exists():
        return {"failed": "there is no such script"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        command = [sys.executable, str(script), *(SCRIPTS[name] if quick else []), "--json", str(path)]
        try:
            done = subprocess.run(command, stdout=sys.stderr, timeout=limit)
            found: dict[str, Any] = json.loads(path.read_text())
        except subprocess.TimeoutExpired:
            return {"failed": f"not over after {limit:.0f} s"}
        except (OSError, ValueError):
            return {"failed": f"ended with code {done.returncode} and wrote no figures"}
        return found | ({"failed": f"ended with code {done.returncode}"} if done.returncode else {})


def table(outcomes: dict[str, dict[str, Any]]) -> str:
    """Return the figures of all scripts as a table in Markdown."""
    lines = ["| script | figure | value | aim | |", "|---|---|---|---|---|"]
    for name, found in outcomes.items():
        if "failed" in found:
            lines.append(f"| {name} | **failed: {found['failed']}** | | | |")
        figures = found.get("figures", [])
        for figure in figures:
            verdict = {True: "met", False: "**missed**", None: ""}[figure["met"]]
            lines.append(f"| {name} | {figure['name']} | {figure['shown']} | {figure['aim']} | {verdict} |")
        if not figures and "failed" not in found:
            lines.append(f"| {name} | its JSON has no list of figures | | | |")
    return "\n".join(lines)


def main() -> None:
    """Run the scripts, write the JSON and print the table; exit with code 1 if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a minimal run of each: do they work?")
    parser.add_argument("--only", action="append", choices=list(SCRIPTS), help="only this script; repeatable")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds for each script")
    parser.add_argument("--json", type=Path, default=Path("harness.json"), help="default: harness.json")
    args = parser.parse_args()
    outcomes = {}
    for name in args.only or SCRIPTS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        outcomes[name] = outcome(name, args.quick, args.limit)
        args.json.write_text(json.dumps(outcomes, indent=1) + "\n")  # after each, in case a later one is interrupted
    print(table(outcomes))
    sys.exit(any("failed" in found for found in outcomes.values()))


if __name__ == "__main__":
    main()
