"""Other interpreters: which are taken, which are refused, and visits made under them."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import tomllib
import venv
from contextlib import closing
from pathlib import Path

import pyperf
import pytest
from commands import TOKEN, complaint, environment, finish, marked_processes, run, start, until
from paths import ROOT

from ipcbench.errors import BadRequest
from ipcbench.machine.pythons import PYPERF, interpreters
from ipcbench.measure.process.exit import complain
from ipcbench.measure.process.names import PACKAGE_PARENT, new_run_id, visit_name
from ipcbench.measure.process.stages import FAILURE, RESULT
from ipcbench.model import Case, Outcome, Timing, Visit
from ipcbench.results import store
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

HERE = f"py{sys.version.split()[0]}".replace("+", "")
PROJECT = ROOT / "pyproject.toml"


class Bare:
    """An interpreter in an environment of its own, in which nothing is installed."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, symlinks=True)
        self.python = str(folder / "bin" / "python")
        (self.site,) = folder.glob("lib/python3*/site-packages")

    def use_pyperf(self) -> None:
        """Give it the pyperf of this one."""
        (self.site / "pyperf").symlink_to(Path(pyperf.__file__).parent)


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path / "bare")


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
        ("exit 0", "this program does not answer like a Python"),
        ("echo nonsense", "this program does not answer like a Python"),
        ("""echo '{"executable": "/x"}'""", "this program does not answer like a Python"),
        (
            """echo "$3"'{"executable": "/x", "implementation": "CPython", "version": "3.9.1", "number": [3, 9]}'""",
            "this is Python 3.9.1, and ipcbench needs 3.11 or newer",
        ),
    ],
)
def test_what_cannot_measure_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    command = program(tmp_path, text)
    assert complaint(BadRequest, lambda: interpreters([command])) == f"--python {command}: {said}"


@pytest.mark.parametrize(
    ("pyperf", "said"),
    [
        ("", "has no pyperf; install it with: {} -m pip install 'pyperf==2.10.*'"),
        (
            "__version__ = '2.1.0'",
            "has pyperf 2.1.0, and ipcbench needs 2.10; install it with: {} -m pip install 'pyperf==2.10.*'",
        ),
        ("raise ValueError('broken')", "cannot measure: ValueError: broken"),
    ],
    ids=["none", "old", "broken"],
)
def test_an_interpreter_without_the_right_pyperf_is_refused_with_the_command_that_installs_it(
    bare: Bare, pyperf: str, said: str
) -> None:
    if pyperf:
        (bare.site / "pyperf.py").write_text(pyperf)
    expected = f"--python {bare.python}: {said.format(bare.python)}"
    assert complaint(BadRequest, lambda: interpreters([bare.python])) == expected


def test_the_pyperf_asked_for_is_the_one_that_the_package_depends_on() -> None:
    wanted = [one for one in tomllib.loads(PROJECT.read_text())["project"]["dependencies"] if one.startswith("pyperf")]
    assert wanted[0].startswith(f"pyperf>={PYPERF},")


def test_what_start_up_files_print_around_the_answer_does_no_harm(bare: Bare) -> None:
    bare.use_pyperf()
    said = "import sys, atexit; print('hello', end=' '); print('there', file=sys.stderr); atexit.register(print, '[1]')"
    (bare.site / "greets.pth").write_text(said)
    (found,) = interpreters([bare.python])
    assert (found.tag, found.executable, found.libraries) == (HERE, bare.python, ())


def test_an_interpreter_is_asked_apart_from_the_files_of_the_current_folder(
    bare: Bare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.use_pyperf()
    for name in ("json", "platform", "queue", "random", "numpy", "pyperf"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the file of the user')")
    monkeypatch.chdir(tmp_path)
    (found,) = interpreters([bare.python])
    assert (found.tag, found.libraries) == (HERE, ())


SHOW = f"""
import json, os, sys, tempfile
import ipcbench
found = dict(path=sys.path, package=os.path.realpath(ipcbench.__file__))
with open(os.path.join(tempfile.gettempdir(), {RESULT!r}), "w") as file:
    json.dump(found, file)
"""


@pytest.mark.usefixtures("no_leaks")
def test_another_interpreter_gets_the_package_and_nothing_else_of_the_folder_it_is_in(
    bare: Bare, tmp_path: Path, stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare.use_pyperf()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((PACKAGE_PARENT, str(tmp_path))))
    (bare.site / "ipcbench.py").write_text("raise SystemExit('another ipcbench')")
    (other,) = interpreters([f"head={bare.python}"])
    with closing(Visitor(Timing(), stop, pythons=[other])) as visitor:
        left = visitor.errand(("-c", SHOW), 10.0, other.tag).left
    assert left is not None
    found = json.loads(left)
    assert found["package"] == os.path.realpath(os.path.join(PACKAGE_PARENT, "ipcbench", "__init__.py"))
    folders = [os.path.realpath(folder) for folder in found["path"] if folder]
    assert str(tmp_path) in folders, "what the user has named is for every interpreter"
    assert os.path.realpath(PACKAGE_PARENT) not in folders


def test_no_program_and_the_same_one_twice_are_refused() -> None:
    assert "no such program" in str(complaint(BadRequest, lambda: interpreters(["no-such-python"])))
    said = str(complaint(BadRequest, lambda: interpreters([sys.executable] * 2)))
    assert said.endswith(
        f"was given before: leave one out, or name both to compare them, as in --python base={sys.executable}"
    )


def test_two_names_make_two_interpreters_even_of_one_program() -> None:
    found = interpreters([f"head={sys.executable}", f"base={sys.executable}", sys.executable])
    assert [python.tag for python in found] == ["head", "base", HERE]
    assert {python.executable for python in found} == {sys.executable}
    assert Case.parse(Case("ping-pong", "pipe", 64, python="head").id).python == "head"


@pytest.mark.parametrize(
    "name", ["", "Base", "my base", "pack", "spawn", "array", "awake", "none", "3.13", "py3.13.0", "2w", "b" * 21]
)
def test_a_name_that_a_case_id_cannot_hold_is_refused_before_anything_is_started(name: str) -> None:
    said = str(complaint(BadRequest, lambda: interpreters([f"{name}=no-such-python"])))
    assert said.startswith(f"--python {name}=no-such-python: the name {name!r} is not possible: expected a short word")


def test_a_name_twice_and_a_name_for_no_program_or_one_without_pyperf_are_refused(bare: Bare) -> None:
    twice = [f"base={sys.executable}", f"base={sys.executable}"]
    assert "the name base was given before: choose another" in str(complaint(BadRequest, lambda: interpreters(twice)))
    said = str(complaint(BadRequest, lambda: interpreters(["base=no-such-python"])))
    assert said.startswith("--python base=no-such-python: no such program")
    said = str(complaint(BadRequest, lambda: interpreters([f"base={bare.python}"])))
    assert said.startswith(f"--python base={bare.python}: has no pyperf; install it with: {bare.python} -m pip")


def test_a_path_with_an_equals_sign_is_no_name(tmp_path: Path) -> None:
    folder = tmp_path / "a=b"
    folder.mkdir()
    (found,) = interpreters([program(folder, f'exec {sys.executable} "$@"')])
    assert found.tag == HERE


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
    words = ["run", "--python", f"head={sys.executable}", "--python", sys.executable]
    words += ["--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B"]
    done = run(*words, "--fast", "--rounds", "1", "--label", "a", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    path = tmp_path / "results" / "a.json"
    record = store.load(path).ipcbench
    assert [python.tag for python in record.pythons] == ["head", HERE]
    assert [case.id for case in record.cases] == [f"ping-pong/pipe/64B/1w/{tag}" for tag in ("head", HERE)]
    assert f"--python head=python{record.pythons[0].version}," in record.command
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


@pytest.mark.parametrize(
    ("implementation", "said"),
    [
        ("pypy", {"verdict": "unsupported", "detail": "pypy has no os.splice"}),
        ("cpython", {"verdict": "failed", "detail": "AttributeError: module 'os' has no attribute 'splice'"}),
    ],
)
def test_what_another_implementation_lacks_of_the_standard_library_is_unsupported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, implementation: str, said: dict[str, str]
) -> None:
    folder = tmp_path / visit_name(new_run_id(), 1)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(sys.implementation, "name", implementation)
    complain(AttributeError("module 'os' has no attribute 'splice'"))
    assert json.loads((folder / FAILURE).read_text()) == said


@pytest.mark.usefixtures("no_leaks")
def test_under_pypy_nothing_counts_as_leaked_that_its_collector_frees(tmp_path: Path) -> None:
    pypy = shutil.which("pypy3")
    if pypy is None:
        pytest.skip("needs pypy3 on PATH")
    try:
        interpreters([pypy])
    except BadRequest as error:
        pytest.skip(f"needs a pypy3 that can measure: {error}")
    words = ["run", "--python", pypy, "--mechanism", "pool", "--pattern", "tasks:submit", "--workers", "2", "--size"]
    done = run(*words, "64B", "--fast", "--rounds", "1", "--label", "a", cwd=tmp_path)
    (case,) = store.load(tmp_path / "results" / "a.json").ipcbench.cases
    assert case.verdict == "ok", done.err
