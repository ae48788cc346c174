"""Other interpreters: which are taken, which are refused, and visits made under them."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from commands import TOKEN, complaint, environment, finish, marked_processes, run, start, until

from ipcbench.errors import BadRequest
from ipcbench.machine.pythons import interpreters
from ipcbench.model import Case, Outcome, Timing, Visit
from ipcbench.results import store
from ipcbench.run.interrupt import Stop
from ipcbench.run.visit import Visitor

HERE = f"py{sys.version.split()[0]}".replace("+", "")


def program(folder: Path, text: str) -> str:
    path = folder / "some-python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_an_interpreter_is_named_by_its_version() -> None:
    (found,) = interpreters([sys.executable])
    assert (found.tag, found.number) == (HERE, sys.version_info[:2])
    assert Case.parse(Case("ping-pong", "pipe", 64, python=found.tag).id).python == found.tag


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exit 0", "is no Python that answers"),
        ("echo nonsense", "is no Python that answers"),
        ("""echo '["/x", "CPython", "3.9.1", [3, 9]]'""", "is Python 3.9.1, and ipcbench needs 3.11 or newer"),
        (
            """echo '["/x", "CPython", "3.13.0", [3, 13]]'; echo "No module named 'pyperf'" >&2; exit 1""",
            "cannot measure: No module named 'pyperf'; install pyperf there",
        ),
    ],
)
def test_what_cannot_measure_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    command = program(tmp_path, text)
    assert complaint(BadRequest, lambda: interpreters([command])) == f"--python {command}: {said}"


def test_no_program_and_the_same_one_twice_are_refused() -> None:
    assert "no such program" in str(complaint(BadRequest, lambda: interpreters(["no-such-python"])))
    assert "is chosen already" in str(complaint(BadRequest, lambda: interpreters([sys.executable] * 2)))


@pytest.mark.usefixtures("no_leaks")
def test_a_visit_is_made_under_the_interpreter_of_its_case(stop: Stop, tmp_path: Path) -> None:
    marker = tmp_path / "asked"
    found = interpreters([sys.executable])
    command = program(tmp_path, f'touch {marker}\nexec {sys.executable} "$@"')
    other = found[0]._replace(executable=command)
    with closing(Visitor(Timing(1, 0, 0.001), stop, pythons=[other])) as visitor:
        case = Case("ping-pong", "pipe", 64)
        assert isinstance(visitor.visit(Visit(case, 1, 0, 3)), Outcome)
        assert not marker.exists()
        assert isinstance(visitor.visit(Visit(case._replace(python=other.tag), 1, 0, 3)), Outcome)
        assert marker.exists()


@pytest.mark.usefixtures("no_leaks")
def test_the_file_says_which_interpreters_there_were_and_no_path(tmp_path: Path) -> None:
    words = ["run", "--python", sys.executable, "--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B"]
    done = run(*words, "--fast", "--rounds", "1", "--label", "a", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    path = tmp_path / "results" / "a.json"
    record = store.load(path).ipcbench
    assert [python.tag for python in record.pythons] == [HERE]
    assert [case.id for case in record.cases] == [f"ping-pong/pipe/64B/1w/{HERE}"]
    assert os.path.dirname(sys.executable) not in path.read_text()


@pytest.mark.usefixtures("no_leaks")
def test_a_run_under_another_interpreter_is_continued_under_it(tmp_path: Path) -> None:
    words = ["run", "--python", sys.executable, "--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B"]
    process = start(*words, "--rounds", "200", "--label", "a", cwd=tmp_path, env=environment())
    assert process.stderr is not None
    while "round 3" not in process.stderr.readline():
        assert process.poll() is None
    process.kill()
    finish(process, 30.0)
    assert until(lambda: not marked_processes(os.environ[TOKEN]), 15.0)
    process = start("run", "--resume", "a", cwd=tmp_path, env=environment())
    assert process.stderr is not None
    assert "continuing a" in process.stderr.readline()
    process.terminate()
    assert finish(process, 30.0).code == 143
    assert {case.id for case in store.load(tmp_path / "results" / "a.json").ipcbench.cases} == {
        f"ping-pong/pipe/64B/1w/{HERE}"
    }
