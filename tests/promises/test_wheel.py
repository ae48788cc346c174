"""The wheel holds the package, whole and nothing else, and works away from the source tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import environment, finish, python, start_program
from paths import ROOT

import ipcbench
from ipcbench.measure.registry import mechanism_names, pattern_names
from ipcbench.results import store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="there is no source tree to build from"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_is_named_after_package_and_version(wheel: Path) -> None:
    assert wheel.name == f"ipcbench-{ipcbench.__version__}-py3-none-any.whl"


def test_it_holds_every_file_of_the_package(names: set[str]) -> None:
    package = Path(ipcbench.__file__).parent
    wanted = {
        f"ipcbench/{path.relative_to(package)}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert wanted <= names
    for folder, files in (("mechanisms", mechanism_names()), ("patterns", pattern_names())):
        assert {f"ipcbench/measure/{folder}/{name.replace('-', '_')}.py" for name in files} <= names
    assert "ipcbench/py.typed" in names
    assert any(name.startswith("ipcbench/report/page/templates/") for name in names)
    assert "ipcbench/results/store.py" in names, "an unanchored ignore pattern hides ipcbench/results"


def test_it_holds_nothing_else(names: set[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"ipcbench", f"ipcbench-{ipcbench.__version__}.dist-info"}
    assert not [name for name in names if "tests/" in name or "/test_" in name or name.endswith(".pyc")]


@pytest.mark.usefixtures("no_leaks")
def test_it_works_away_from_the_source_tree(wheel: Path, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    elsewhere.mkdir()
    words = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    installed = python(*words, cwd=tmp_path, env=environment(PYTHONWARNINGS="default"))
    assert installed.code == 0, installed.err
    env = environment(PYTHONPATH=str(target))
    where = python("-c", "import ipcbench; print(ipcbench.__file__)", cwd=elsewhere, env=env)
    assert where.out.strip() == str(target / "ipcbench" / "__init__.py")
    listed = python("-m", "ipcbench", "list", cwd=elsewhere, env=env)
    assert (listed.code, listed.err) == (0, "")
    assert "manager-namespace" in listed.out
    words = ["--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1", "--label", "wheel"]
    done = python("-m", "ipcbench", "run", *words, cwd=elsewhere, env=env)
    assert done.code in (0, 7), done.err
    told = python("-m", "ipcbench", "report", "results/wheel.json", cwd=elsewhere, env=env)
    assert told.code == 0, told.err


NUMPY = "numpy<2.4", "numpy"  # another version in each of two environments; which ones does not matter
SECONDS = 500.0  # that installing everything that the wheel depends on may take
_WHICH = "import sys; sys.version_info >= (3, 11) and print(*sys.version_info[:2], sys._base_executable)"


def other_pythons() -> Iterator[tuple[str, str]]:
    """Version and path of interpreters on PATH and of pyenv, this one's first, one for each minor version."""
    names = [f"python3.{minor}" for minor in range(11, 20)]
    places = [sys.executable, *filter(None, map(shutil.which, names))]
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places += [str(path) for name in names for path in sorted(root.glob(f"versions/*/bin/{name}"))]
    seen = set()
    for place in places:
        with_venv = [place, "-c", f"import venv, ensurepip; {_WHICH}"]
        done = subprocess.run(with_venv, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode == 0 and done.stdout:
            major, minor, path = done.stdout.split(maxsplit=2)
            if minor not in seen:
                seen.add(minor)
                yield f"{major}.{minor}", path.strip()


@pytest.fixture(scope="module")
def environments(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two environments, of two Pythons and with two versions of numpy, in each of which the wheel is installed."""
    found = list(other_pythons())[:2]
    if len(found) < 2:
        pytest.skip(f"needs two versions of Python with venv, 3.11 or newer; found {[version for version, _ in found]}")
    made = []
    for (_, base), numpy in zip(found, NUMPY, strict=True):
        folder = tmp_path_factory.mktemp("environment")
        subprocess.run([base, "-m", "venv", str(folder)], check=True, capture_output=True, timeout=100)
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", str(wheel), numpy]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            pytest.skip(f"pip cannot install what the wheel depends on: {done.stderr.strip().splitlines()[-1]}")
        made.append(folder)
    return made


@pytest.mark.full
@pytest.mark.timeout(1300)
@pytest.mark.usefixtures("no_leaks")
def test_installed_under_each_of_two_pythons_it_measures_both_each_with_its_own_libraries(
    environments: list[Path], tmp_path: Path
) -> None:
    env = environment(PYTHONWARNINGS="default")
    del env["PYTHONPATH"]
    for here, there in (environments, environments[::-1]):
        words = ["run", "--label", "both", "--force", "--fast", "--rounds", "1", "--start-method", "fork,spawn"]
        words += ["--mechanism", "queue,shared-memory", "--pattern", "ping-pong", "--payload", "array", "--size"]
        words += ["64KiB", "--python", str(here / "bin" / "python"), "--python", str(there / "bin" / "python")]
        ipcbench_here = str(here / "bin" / "ipcbench")
        done = finish(start_program(ipcbench_here, *words, cwd=tmp_path, env=env), 200.0)
        assert done.code in (0, 7), done.err
        cases = store.load(tmp_path / "results" / "both.json").ipcbench.cases
        assert len(cases) == 8
        assert {case.verdict for case in cases} == {"ok"}, [case.detail for case in cases]
