"""Whatever a user's shell, terminal and settings hand over, a command works or says in one line what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from commands import QUICK, Finished, environment, finish, run, start, until
from faults.promises import broken_promises
from faults.trials import faults_by_name, matrix, try_all, unfit

from ipcbench.machine.facts import capabilities
from ipcbench.results import store
from ipcbench.run.journal.records import read_bytes
from ipcbench.run.stop import Stop

pytestmark = pytest.mark.usefixtures("no_leaks")

BYTE = "\udce9"  # what Python makes of a byte that is not UTF-8
SPIN = ("run", "--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B", "--rounds", "4", "--label", "mine")


def records(folder: Path) -> int:
    try:
        return len(read_bytes((folder / "results" / "mine.journal").read_bytes()))
    except FileNotFoundError:
        return 0


# Signals that are ignored


@pytest.mark.sample
@pytest.mark.parametrize("name", ["HUP", "INT", "TERM"])
def test_a_signal_that_the_shell_ignores_does_not_stop_a_run(tmp_path: Path, name: str) -> None:
    process = start(*SPIN, cwd=tmp_path, before=["sh", "-c", f"trap '' {name}; exec \"$@\"", "sh"])
    try:
        assert until(lambda: records(tmp_path) >= 4 or process.poll() is not None, 40.0)
        assert process.poll() is None, process.communicate()
        process.send_signal(getattr(signal, f"SIG{name}"))
    finally:
        done = finish(process, 50.0)
    assert done.code in (0, 7), done.err
    assert store.load(tmp_path / "results" / "mine.json").ipcbench.complete


def test_another_signal_still_stops_a_run_that_ignores_one(tmp_path: Path) -> None:
    process = start(*SPIN, "--rounds", "500", cwd=tmp_path, before=["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"])
    try:
        assert until(lambda: records(tmp_path) >= 4 or process.poll() is not None, 40.0)
        process.send_signal(signal.SIGTERM)
    finally:
        done = finish(process, 30.0)
    assert done.code == 143


# Bytes that are not UTF-8


def strange(folder: Path) -> tuple[Path, dict[str, str]]:
    """A folder whose name is not UTF-8, and an environment that holds such bytes wherever a user may have them."""
    place = folder / f"{BYTE}x"
    (place / "tmp").mkdir(parents=True)
    names = {"HOME": str(place), "TMPDIR": str(place / "tmp"), "USER": BYTE, "X": BYTE, "XDG_STATE_HOME": ""}
    return place, environment(**names)


def interpreter_in(place: Path, env: dict[str, str]) -> str:
    """The path of this interpreter by a name that is not UTF-8; skips where its libraries cannot be imported by it."""
    (place / "env").symlink_to(sys.prefix)
    python = str(place / "env" / "bin" / Path(sys.executable).name)
    words = [python, "-c", "import msgspec"]
    tried = subprocess.run(words, env=env, capture_output=True, timeout=60, check=False)
    if b"UnicodeEncodeError" in tried.stderr:
        pytest.skip("this Python imports no extension module from a folder that is not UTF-8, as 3.14 does not")
    return python


def test_a_run_and_its_report_take_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    place, env = strange(tmp_path)
    words = ("all", *QUICK, "--label", "here", "--results", f"r{BYTE}", "--reports", f"p{BYTE}")
    done = run(*words, cwd=place, env=env, timeout=110)
    assert done.code in (0, 7), done.err
    assert store.load(place / f"r{BYTE}" / "here.json").ipcbench.cases[0].verdict == "ok"
    assert (place / f"p{BYTE}" / "here" / "report.html").exists()
    assert "report: p\ufffd/here/report.html" in done.out.splitlines()


def test_an_interpreter_in_a_folder_that_is_not_utf_8_measures(tmp_path: Path) -> None:
    place, env = strange(tmp_path)
    python = interpreter_in(place, env)
    words = ["-m", "ipcbench", "run", *QUICK, "--label", "here", "--full-metadata"]
    done = subprocess.run([python, *words], cwd=place, env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, 7), done.stderr
    (case,) = store.load(place / "results" / "here.json").ipcbench.cases
    assert case.verdict == "ok"


def test_conformance_takes_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    place, env = strange(tmp_path)
    python = interpreter_in(place, env)
    words = [python, "-m", "ipcbench", "conformance", "pipe-bytes"]
    done = subprocess.run(words, cwd=place, env=env, capture_output=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full
def test_faults_are_contained_where_bytes_are_not_utf_8(
    stop: Stop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, env = strange(tmp_path)
    monkeypatch.chdir(place)
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with faults_by_name():
        trials = [trial for trial in matrix(["fork"], ["pipe"], 1) if not unfit(trial, capabilities())]
        promises = broken_promises(*try_all(stop, trials))
    assert not any(promises.values()), promises


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--label", BYTE),
        ("run", "--mechanism", BYTE),
        ("run", "--python", BYTE),
        ("run", "--resume", BYTE),
        ("report", BYTE),
        ("compare", BYTE, BYTE),
        ("advise", "--results", BYTE),
        ("which", "--save", BYTE),
        ("conformance", BYTE),
        ("list", BYTE),
        (BYTE,),
    ],
    ids=" ".join,
)
def test_an_argument_that_is_not_utf_8_is_refused_in_one_line_that_shows_it(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.code == 2
    (line,) = done.errors
    assert "\ufffd" in line or r"\udce9" in line


# Terminals that cannot show everything


def encoded(encoding: str, folder: Path, *words: str) -> Finished:
    """Run a command whose standard streams have an encoding, which what it prints must obey."""
    env = environment(PYTHONIOENCODING=encoding)
    done = subprocess.run(
        [sys.executable, "-m", "ipcbench", *words], cwd=folder, env=env, capture_output=True, timeout=60, check=False
    )
    # click takes a terminal that says ASCII for one that is set up wrongly, and writes UTF-8 to it
    codec = "utf-8" if encoding == "ascii" else encoding
    return Finished(done.returncode, done.stdout.decode(codec), done.stderr.decode(codec))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two results."""
    folder = tmp_path_factory.mktemp("two")
    for label in ("a", "b"):
        done = run("run", *QUICK, "--rounds", "3", "--label", label, cwd=folder)
        assert done.code in (0, 7), done.err
    return folder


@pytest.mark.parametrize("encoding", ["latin-1", "gbk", "ascii", "cp437"])
@pytest.mark.parametrize(
    "words",
    [
        ("report", "results/a.json"),
        ("compare", "a", "b"),
        ("compare", "a", "b", "--format", "markdown"),
        ("advise", "--size", "64B"),
        ("doctor",),
        ("list",),
        ("list", "pipe"),
        ("run", "--dry-run", "--mechanism", "pipe", "--pattern", "ping-pong"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_what_a_terminal_cannot_show_is_replaced(two: Path, words: tuple[str, ...], encoding: str) -> None:
    done = encoded(encoding, two, *words)
    assert done.code == 0, done.err
    assert done.out
    assert "?s" not in done.out  # microseconds stay readable


@pytest.mark.sample
@pytest.mark.parametrize("encoding", ["latin-1", "gbk", "ascii"])
def test_a_gate_keeps_its_exit_code_on_a_terminal_that_cannot_show_its_words(two: Path, encoding: str) -> None:
    condition = ("--fail-if", "missing")
    utf_8 = encoded("utf-8", two, "compare", "a", "b", *condition)
    assert encoded(encoding, two, "compare", "a", "b", *condition).code == utf_8.code


# Settings of matplotlib


def report(folder: Path, **variables: str) -> None:
    done = run("report", "results/a.json", "--out", str(folder / "out"), cwd=folder, env=environment(**variables))
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert list((folder / "out" / "charts").glob("*.svg"))


@pytest.fixture
def drawn(two: Path, tmp_path: Path) -> Path:
    """A folder with one results file."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.json").write_bytes((two / "results" / "a.json").read_bytes())
    return tmp_path


def test_a_backend_that_does_not_exist_keeps_no_report_from_being_drawn(drawn: Path) -> None:
    report(drawn, MPLBACKEND="Qt4Agg")


@pytest.mark.sample
@pytest.mark.parametrize("place", ["here", "named", "home"])
def test_a_matplotlibrc_that_is_not_utf_8_keeps_no_report_from_being_drawn(drawn: Path, place: str) -> None:
    folder = {"here": drawn, "named": drawn / "named", "home": drawn / "home"}[place]
    folder.mkdir(exist_ok=True)
    (folder / "matplotlibrc").write_bytes(b"# \xe9\nfont.size: 12\n")
    variables = {"here": {}, "named": {"MATPLOTLIBRC": str(folder)}, "home": {"MPLCONFIGDIR": str(folder)}}[place]
    report(drawn, **variables)


def test_a_matplotlib_style_that_is_not_utf_8_keeps_no_report_from_being_drawn(drawn: Path) -> None:
    (drawn / "home" / "stylelib").mkdir(parents=True)
    (drawn / "home" / "stylelib" / "mine.mplstyle").write_bytes(b"# \xe9\n")
    report(drawn, MPLCONFIGDIR=str(drawn / "home"))


@pytest.mark.sample
@pytest.mark.parametrize("name", ["MATPLOTLIBRC", "MPLCONFIGDIR", "HOME"])
def test_a_folder_that_cannot_be_keeps_no_report_from_being_drawn(drawn: Path, name: str) -> None:
    report(drawn, **{name: "/dev/null/nowhere"})


# Variables of ours


@pytest.mark.parametrize("value", ["inf", "nan", "1e9", "0", "-1", "3x", "", BYTE])
@pytest.mark.parametrize("words", [("run", *QUICK), ("run", "--dry-run", *QUICK), ("conformance", "pipe")])
def test_a_multiplier_of_deadlines_out_of_bounds_is_refused_and_nothing_is_measured(
    tmp_path: Path, words: tuple[str, ...], value: str
) -> None:
    done = run(*words, cwd=tmp_path, env=environment(IPCBENCH_TIMEOUT_MUL=value))
    assert done.code == 2, done.err
    assert done.errors[-1].startswith("ipcbench: IPCBENCH_TIMEOUT_MUL=")
    assert done.errors[-1].count("expected a number from 0.01 to 100")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_only_visits_are_told_is_not_read_from_the_environment_of_a_worker_started_by_hand(
    tmp_path: Path,
) -> None:
    words = [
        "-m",
        "ipcbench.measure.worker",
        "--case",
        "ping-pong/pipe/64B/1w",
        "-p1",
        "-n1",
        "-w0",
        "--min-time=0.001",
    ]
    env = environment(IPCBENCH_STAGE_SECONDS="much", TMPDIR=os.environ["TMPDIR"])
    done = subprocess.run(
        [sys.executable, *words, "--inherit-environ=IPCBENCH_STAGE_SECONDS,PYTHONPATH"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
