"""The parts of pyperf that ipcbench uses: flags of workers, the file format, and pyperf's commands on our files."""

from __future__ import annotations

import json
from pathlib import Path

import pyperf
import pytest
from commands import python
from synthetic import make_result

from ipcbench.measure.process.names import WORKER
from ipcbench.results.store import save

CASE = "ping-pong/pipe/64B/1w"
VERSION = tuple(map(int, pyperf.__version__.split(".")[:2]))


def test_this_is_the_pyperf_that_was_pinned() -> None:
    assert VERSION == (2, 10)


@pytest.mark.usefixtures("no_leaks")
def test_a_calibrating_worker_gives_loops_and_no_values(tmp_path: Path) -> None:
    words = [
        "--worker",
        "--calibrate-loops",
        "--warmups",
        "0",
        "--values",
        "1",
        "--min-time",
        "0.005",
        "--output",
        "out.json",
    ]
    done = python(*WORKER, "--case", CASE, *words, cwd=tmp_path)
    assert done.code == 0, done.err
    document = json.loads((tmp_path / "out.json").read_bytes())
    (benchmark,) = document["benchmarks"]
    (run,) = benchmark["runs"]
    assert "values" not in run
    loops, per_operation = run["warmups"][-1]
    assert loops * per_operation >= 0.005
    metadata = document["metadata"] | benchmark.get("metadata", {}) | run.get("metadata", {})
    assert metadata["calibrate_loops"] == metadata["loops"] == loops


@pytest.mark.usefixtures("no_leaks")
def test_a_worker_with_loops_makes_exactly_the_values_asked_for(tmp_path: Path) -> None:
    words = [
        "--worker",
        "--loops",
        "7",
        "--warmups",
        "2",
        "--values",
        "3",
        "--min-time",
        "0.05",
        "--output",
        "out.json",
    ]
    done = python(*WORKER, "--case", CASE, *words, cwd=tmp_path)
    assert done.code == 0, done.err
    document = json.loads((tmp_path / "out.json").read_bytes())
    (run,) = document["benchmarks"][0]["runs"]
    assert (len(run["values"]), [loops for loops, _ in run["warmups"]]) == (3, [7, 7])
    report = document["ipcbench"]
    assert report["operations"] == 3 * 7
    assert len(set(report["pids"])) == 2
    assert len(report["proofs"]) == 2


@pytest.mark.usefixtures("no_leaks")
def test_operations_of_all_workers_are_pyperfs_inner_loops(tmp_path: Path) -> None:
    words = ["--worker", "--loops", "50", "--warmups", "0", "--values", "1", "--output", "out.json"]
    done = python(*WORKER, "--case", "counter/value/8B/2w", *words, cwd=tmp_path)
    assert done.code == 0, done.err
    document = json.loads((tmp_path / "out.json").read_bytes())
    metadata = document["metadata"] | document["benchmarks"][0].get("metadata", {})
    assert metadata["inner_loops"] == 2
    assert document["ipcbench"]["operations"] == 100


@pytest.mark.usefixtures("no_leaks")
def test_a_worker_by_hand_goes_through_pyperfs_own_manager(tmp_path: Path) -> None:
    words = ["-p", "1", "-n", "1", "-l", "2", "-w", "0", "-o", "out.json"]
    done = python(*WORKER, "--case", CASE, *words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert f"{CASE}: Mean" in done.out or CASE in done.out
    suite = pyperf.BenchmarkSuite.load(str(tmp_path / "out.json"))
    assert suite.get_benchmark_names() == [CASE]


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("ping-pong/pip/64B/1w", "unknown mechanism 'pip': did you mean 'pipe'"),
        ("nonsense", "not a case id: 'nonsense'"),
        ("ping-pong/value/64B/1w", "value carries one 8 B number"),
        ("access/value/8B/1w", "access has no variant '': expected read, write"),
    ],
)
def test_a_worker_by_hand_refuses_a_case_that_cannot_be(tmp_path: Path, case: str, message: str) -> None:
    done = python(*WORKER, "--case", case, cwd=tmp_path)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two results files of the same cases."""
    folder = tmp_path_factory.mktemp("files")
    save(make_result(rounds=4, seed=1), folder / "one.json", replace=False)
    save(make_result(rounds=4, seed=2), folder / "two.json", replace=False)
    return folder


def test_pyperf_loads_our_file(files: Path) -> None:
    suite = pyperf.BenchmarkSuite.load(str(files / "one.json"))
    assert CASE in suite.get_benchmark_names()
    benchmark = suite.get_benchmark(CASE)
    assert benchmark.get_nrun() == 4
    assert benchmark.get_unit() == "second"


@pytest.mark.parametrize("command", ["show", "stats", "hist", "metadata", "check", "dump"])
def test_pyperfs_commands_read_our_file(files: Path, command: str) -> None:
    done = python("-m", "pyperf", command, "one.json", cwd=files)
    assert (done.code, done.err) == (0, "")
    assert CASE in done.out


def test_pyperf_compares_two_of_our_files(files: Path) -> None:
    done = python("-m", "pyperf", "compare_to", "one.json", "two.json", cwd=files)
    assert (done.code, done.err) == (0, "")
    assert CASE in done.out
