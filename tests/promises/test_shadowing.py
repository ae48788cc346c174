"""A current folder with files that are named as modules: no process of ours imports one, however it is started."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from commands import finish, start_program
from synthetic import make_cases, make_result

from ipcbench.analysis.fleet.host import LEAST_FOR_PROCESSES
from ipcbench.results import store

OURS = ("__future__", "typing", "queue", "select", "random", "statistics", "signal", "socket", "pickle", "selectors")
OTHERS = ("numpy", "pandas", "scipy", "matplotlib", "click", "rich", "msgspec", "jinja2", "psutil", "pyperf", "zmq")
INSTALLED = Path(sys.executable).parent / "ipcbench"

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture(params=["python -m ipcbench", "ipcbench"])
def command(request: pytest.FixtureRequest) -> Sequence[str]:
    """The words by which ipcbench is started."""
    if request.param != "ipcbench":
        return [sys.executable, "-m", "ipcbench"]
    if not INSTALLED.exists():
        pytest.skip("the command ipcbench is not installed beside this Python")
    return [str(INSTALLED)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with such files, each of which ends the process that imports it."""
    for name in (*OURS, *OTHERS):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(f'{__file__} was imported')")
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_measuring_and_reporting_import_none_of_them(command: Sequence[str], folder: Path) -> None:
    words = ["--mechanism", "queue,zmq-ipc", "--pattern", "ping-pong", "--size", "64B", "--start-method", "fork,spawn"]
    words += ["--python", sys.executable, "--fast", "--rounds", "1", "--label", "a"]
    done = finish(start_program(*command, "all", *words, cwd=folder), 100.0)
    assert done.code in (0, 7), done.err
    assert "was imported" not in done.out + done.err
    verdicts = {case.id: case.verdict for case in store.load(folder / "results" / "a.json").ipcbench.cases}
    assert {verdict for case, verdict in verdicts.items() if "/queue/" in case} == {"ok"}
    assert set(verdicts.values()) == {"ok"}


@pytest.mark.full
def test_processes_that_read_many_files_import_none_of_them(command: Sequence[str], folder: Path) -> None:
    (folder / "results").mkdir()
    for number in range(LEAST_FOR_PROCESSES):
        label = f"lab-{number:08x}"
        result = make_result(
            cases=make_cases(sizes=[64], mechanisms=["queue", "pipe"]), rounds=4, label=label, seed=number + 1
        )
        store.save(result, folder / "results" / f"{label}.json", replace=False)
    done = finish(start_program(*command, "fleet", "report", "lab", cwd=folder), 100.0)
    assert done.code == 0, done.err
    assert "was imported" not in done.out + done.err
