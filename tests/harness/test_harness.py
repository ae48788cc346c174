"""benchmarks/harness: every script runs with minimal settings, and together.py hides no failure."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from commands import Finished, environment, python
from paths import HARNESS
from synthetic import make_result

from ipcbench.model import Case
from ipcbench.results.store import save

PROMISED = {
    "overhead",
    "containment",
    "answer_time",
    "duty",
    "report_scale",
    "fleet_scale",
    "sittings",
    "aa",
    "power",
    "gate",
}

pytestmark = [
    pytest.mark.skipif(not HARNESS.exists(), reason="there is no source tree with the harness"),
    pytest.mark.usefixtures("no_leaks"),
]


def script(name: str, *words: str, cwd: Path) -> Finished:
    quiet = environment(PYTHONWARNINGS="ignore")  # pyperf's own script warns about what it is not told
    return python(str(HARNESS / f"{name}.py"), *words, cwd=cwd, env=quiet, timeout=110)


def module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a script as a module, which can import the scripts beside it."""
    monkeypatch.syspath_prepend(str(HARNESS))
    spec = importlib.util.spec_from_file_location(f"harness_{name}", HARNESS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, found)  # dataclasses look there
    spec.loader.exec_module(found)
    return found


def walked(folder: Path, *names: str) -> tuple[Finished, dict[str, Any]]:
    """Return what together.py reports of these scripts with minimal settings."""
    only = [word for name in names for word in ("--only", name)]
    done = script("together", "--quick", *only, "--json", "h.json", cwd=folder)
    return done, json.loads((folder / "h.json").read_text())


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(PROMISED - {"aa", "power"}))
def test_every_script_runs_and_gives_figures(tmp_path: Path, name: str) -> None:
    done, found = walked(tmp_path, name)
    assert done.code == 0, done.err
    figures = found[name]["figures"]
    assert figures
    for figure in figures:
        assert set(figure) == {"name", "value", "shown", "aim", "met"}
        assert figure["met"] is None or figure["aim"]
    assert done.out.count("\n") == 2 + len(figures)
    assert all(line.startswith(("| script", "|---", f"| {name} |")) for line in done.out.splitlines())


def test_the_walk_names_every_script_that_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(module("together", monkeypatch).SCRIPTS) == PROMISED


def test_a_script_that_is_missing_or_fails_has_a_line_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = module("together", monkeypatch)
    monkeypatch.setattr(together, "HERE", tmp_path)
    monkeypatch.setattr(together, "SCRIPTS", {"gone": [], "bad": [], "mute": [], "slow": [], "good": []})
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")
    (tmp_path / "mute.py").write_text("import sys; open(sys.argv[-1], 'w').write('{}')")
    (tmp_path / "slow.py").write_text("import threading; threading.Event().wait()")
    (tmp_path / "good.py").write_text("import sys; open(sys.argv[-1], 'w').write('{\"figures\": []}')")
    outcomes = {name: together.outcome(name, False, 2.0 if name == "slow" else 30.0) for name in together.SCRIPTS}
    lines = together.table(outcomes).splitlines()[2:]
    assert lines == [
        "| gone | **failed: there is no such script** | | | |",
        "| bad | **failed: ended with code 3 and wrote no figures** | | | |",
        "| mute | its JSON has no list of figures | | | |",
        "| slow | **failed: not over after 2 s** | | | |",
        "| good | its JSON has no list of figures | | | |",
    ]


def test_duty_reads_a_file(tmp_path: Path) -> None:
    save(make_result(rounds=3), tmp_path / "x.json", False)
    done = script("duty", "x.json", "--json", "duty.json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out.startswith("timed ÷ wall seconds")
    assert json.loads((tmp_path / "duty.json").read_text())["command"].startswith("ipcbench run")


OF_OTHERS = """
import unittest
class Test(unittest.TestCase):
    def test(self):
        for n in (1, 2, 4):
            print(f'Time taken by queue type a.Queue is {n}.5')
"""


def test_what_scripts_of_others_print_becomes_seconds_of_one_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = module("theirs", monkeypatch)
    monkeypatch.setattr(theirs, "MESSAGES", 10)
    perf = tmp_path / "perf.py"
    perf.write_text("print('mean latency   :  10.000 [us]')\nprint('mean throughput:   500000     [msg/s]')")
    found = theirs.pyzmq(perf, tmp_path)
    assert found["ping-pong/zmq-tcp/64B"] == pytest.approx(20e-6)
    assert found["stream/zmq-ipc/65536B"] == pytest.approx(2e-6)
    queues = tmp_path / "queues_of_others.py"
    queues.write_text(OF_OTHERS)
    assert theirs.faster_fifo(queues, tmp_path) == {
        "stream/faster-fifo": 0.15,
        "stream/faster-fifo-many": 0.25,
        "stream/queue": 0.45,
    }
    (line,) = theirs.figures([({"x": 2e-6}, {"x": 1e-6}), ({"x": 4e-6}, {"x": 1e-6}), ({"x": 3e-6}, {"x": 1e-6})])
    assert line.shown == "3.00 (2.00 to 4.00): 3 µs, 1 µs"
    perf.write_text("print('something else')")
    with pytest.raises(SystemExit, match="mean latency"):
        theirs.pyzmq(perf, tmp_path)


def test_a_figure_says_whether_its_aim_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = module("figures", monkeypatch)
    assert figures.at_most("a", 1.0, 1.02).met
    assert not figures.at_most("a", 1.03, 1.02).met
    assert figures.at_least("a", 0.7, 0.6).met
    assert not figures.holds_one("a", 1.1, 1.05, 1.2).met
    assert figures.plain("a", 3.0).met is None
    assert "MISSED" in figures.at_most("a", 5.5, 5.0, " s").line


def test_two_runs_agree_if_the_best_of_one_leads_in_the_other(tmp_path: Path) -> None:
    quicker = {"queue": 90e-6, "pipe": 50e-6, "simple-queue": 70e-6}
    slower = quicker | {"queue": 40e-6}
    chosen = [Case(pattern, name, 64) for pattern in ("ping-pong", "stream") for name in quicker]
    for label, times in (("one", quicker), ("two", quicker), ("three", slower)):

        def seconds(case: Case, times: dict[str, float] = times) -> float:
            return times[case.mechanism] if case.pattern == "stream" else 1e-4

        result = make_result(chosen, 6, label=label, noise=0.001, seconds=seconds)
        save(result, tmp_path / f"{label}.json", replace=False)

    def found(first: str, second: str) -> dict[str, Any]:
        done = script("agreement", f"{first}.json", f"{second}.json", "--json", "a.json", cwd=tmp_path)
        assert done.code == 0, done.err
        return {figure["name"]: figure for figure in json.loads((tmp_path / "a.json").read_text())["figures"]}

    same, other = found("one", "two"), found("one", "three")
    name = "best of the first among best or tied of the second"
    assert same["blocks in both runs"]["value"] == 2
    assert (same[name]["value"], same[name]["met"]) == (100, True)
    assert (other[name]["value"], other[name]["met"]) == (50, False)  # in ping-pong all tie
    assert same["idle CPUs: cases within 5 %"]["value"] == 100
