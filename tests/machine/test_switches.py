"""Whatever changes the speed of Python is found, whoever sets it, stands in the file, is warned of and told apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commands import PACKAGE_PARENT, QUICK, environment, python, run
from crashes import CONTINUE, INSTANT, WORDS

from ipcbench.machine import switches
from ipcbench.results import store
from ipcbench.results.schema import NORMAL

pytestmark = pytest.mark.usefixtures("no_leaks")

SLOW = 240.0  # seconds for a command in such a mode, on a busy machine
SITE = {
    "a trace function": "import sys; sys.settrace(lambda *_: None)",
    "a profile function": "import sys; sys.setprofile(lambda *_: None)",
    "monitoring by spy": "import sys; sys.monitoring.use_tool_id(2, 'spy')",
    "no garbage collection": "import gc; gc.disable()",
}
VARIABLES = {
    "tracemalloc (25 frames)": {"PYTHONTRACEMALLOC": "25"},
    "PYTHONMALLOC=debug": {"PYTHONMALLOC": "debug"},
    "PYTHONMALLOC=malloc": {"PYTHONMALLOC": "malloc"},
    "dev mode": {"PYTHONDEVMODE": "1"},
    "import times": {"PYTHONPROFILEIMPORTTIME": "1"},
    "asyncio's debug mode": {"PYTHONASYNCIODEBUG": "1"},
    "-OO": {"PYTHONOPTIMIZE": "2"},
    "MALLOC_ARENA_MAX": {"MALLOC_ARENA_MAX": "1"},
}
OPTIONS = {
    "tracemalloc (3 frames)": ["-X", "tracemalloc=3"],
    "dev mode": ["-X", "dev"],
    "import times": ["-X", "importtime"],
    "-O": ["-O"],
}
ASK = "from ipcbench.machine.switches import switches; print([name for name, _ in switches()])"


def found(cwd: Path, *options: str, **variables: str) -> str:
    """What an interpreter with these options and variables says is switched on in its workers."""
    variables = {"PYTHONPATH": PACKAGE_PARENT, "PYTHONWARNINGS": ""} | variables
    return python(*options, "-c", ASK, cwd=cwd, env=environment(**variables)).out.strip()


def test_nothing_is_switched_on_in_a_usual_interpreter(tmp_path: Path) -> None:
    assert found(tmp_path) == "[]"


@pytest.mark.parametrize("what", VARIABLES)
def test_what_an_environment_variable_switches_on_is_found(tmp_path: Path, what: str) -> None:
    assert what in found(tmp_path, **VARIABLES[what])


@pytest.mark.parametrize("what", OPTIONS)
def test_what_an_option_of_python_switches_on_is_switched_on_in_workers_and_found(tmp_path: Path, what: str) -> None:
    assert f"'{what}'" in found(tmp_path, *OPTIONS[what])


@pytest.mark.parametrize("what", SITE)
def test_what_starts_itself_in_every_interpreter_is_found(tmp_path: Path, what: str) -> None:
    if "monitoring" in what and not hasattr(sys, "monitoring"):
        pytest.skip("Python 3.12 brought sys.monitoring")
    (tmp_path / "sitecustomize.py").write_text(SITE[what])
    assert what in found(tmp_path, PYTHONPATH=f"{tmp_path}:{PACKAGE_PARENT}")


def test_what_traces_ipcbench_alone_is_not_found(tmp_path: Path) -> None:
    program = f"import sys; sys.settrace(lambda *_: None); {ASK}"
    done = python("-c", program, cwd=tmp_path, env=environment(PYTHONPATH=PACKAGE_PARENT))
    assert done.out.strip() == "[]"


def test_an_interpreter_that_does_not_answer_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    switches.switches.cache_clear()
    try:
        assert switches.switches() is None
    finally:
        switches.switches.cache_clear()


def test_a_run_warns_of_it_keeps_it_and_a_comparison_names_it(tmp_path: Path) -> None:
    slow = run("run", *QUICK, "--label", "slow", cwd=tmp_path, env=environment(PYTHONMALLOC="debug"), timeout=SLOW)
    usual = run("run", *QUICK, "--label", "usual", cwd=tmp_path, timeout=SLOW)
    assert {slow.code, usual.code} <= {0, 7}, slow.err + usual.err
    assert "Python mode: PYTHONMALLOC=debug" in slow.err
    assert "Python mode" not in usual.err
    modes = {label: store.load(tmp_path / f"results/{label}.json").ipcbench.machine.mode for label in ("slow", "usual")}
    assert modes == {"slow": "PYTHONMALLOC=debug", "usual": NORMAL}
    told = run("compare", "results/usual.json", "results/slow.json", cwd=tmp_path, timeout=SLOW)
    assert "Python mode differs (normal in usual, PYTHONMALLOC=debug in slow)" in " ".join(told.out.split())


def test_an_option_of_python_reaches_the_processes_that_are_measured(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "if {'ipcbench.measure.worker', 'ipcbench.run.containment.template'} & {*sys.orig_argv}:\n"
        f"    open({str(tmp_path / 'seen')!r}, 'a').write(f'{{sys.flags.optimize}} ')\n"
    )
    env = environment(PYTHONPATH=f"{tmp_path}:{PACKAGE_PARENT}")
    done = python("-OO", "-m", "ipcbench", "run", *QUICK, cwd=tmp_path, env=env, timeout=SLOW)
    assert done.code in (0, 7), done.err
    assert set((tmp_path / "seen").read_text().split()) == {"2"}


def test_a_run_is_not_continued_in_another_mode_without_force(tmp_path: Path) -> None:
    env = environment(IPCBENCH_TEST_FAULTS='{"queue 2 1": "escaped"}')
    done = python(INSTANT, *WORDS, "--label", "mine", cwd=tmp_path, env=env)
    assert CONTINUE in done.out + done.err
    done = python(INSTANT, "run", "--resume", "mine", cwd=tmp_path, env=environment(PYTHONDEVMODE="1"))
    assert done.code == 2
    assert "with dev mode" in done.err
