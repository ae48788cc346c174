"""The wheel holds the package, whole and nothing else, and works away from the source tree."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import environment, python

import ipcbench
from ipcbench.measure.registry import mechanism_names, pattern_names

ROOT = Path(__file__).parents[1]

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
    assert any(name.startswith("ipcbench/report/templates/") for name in names)
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
    words = [
        "run",
        "--mechanism",
        "pipe",
        "--pattern",
        "ping-pong",
        "--size",
        "64B",
        "--rounds",
        "1",
        "--label",
        "wheel",
    ]
    done = python("-m", "ipcbench", *words, cwd=elsewhere, env=env)
    assert done.code in (0, 7), done.err
    told = python("-m", "ipcbench", "report", "results/wheel.json", cwd=elsewhere, env=env)
    assert told.code == 0, told.err
