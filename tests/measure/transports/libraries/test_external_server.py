"""Servers of other programs: a visit starts them, waits for them and ends them; none is ever left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from commands import (
    EXTRA,
    PACKAGE_PARENT,
    TOKEN,
    Finished,
    environment,
    finish,
    first,
    kill_at_once,
    marked_processes,
    owners,
    signalling_worker,
    stages,
    start,
    start_python,
    until,
    when_timing,
)

from ipcbench.errors import NotOffered, ServerFailed
from ipcbench.measure import mechanisms
from ipcbench.measure.api import mechanism
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.registry import load_mechanism, mechanism_names
from ipcbench.measure.transports.libraries import external_server
from ipcbench.measure.transports.libraries.external_server import Server
from ipcbench.model import START_METHODS, Case, Failure, Outcome, StartMethod, Timing, Visit
from ipcbench.run.containment.leftovers import find_leftovers, live_runs, remove_leftover
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

pytestmark = pytest.mark.usefixtures("no_leaks")

QUICK = Timing(values=1, warmups=0, min_time=0.001)
MANY = 1_000_000  # more loops than any test waits for
SOON = 15.0
SERVED = [found for found in map(load_mechanism, mechanism_names()) if found.needs_server]
HERE = [found for found in SERVED if not found.missing()]

# Hands on what comes from the one who sends to the one who takes, by the name that both say.
RELAY = """
import os, socket, sys, threading
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(8)
print("ready", flush=True)
waiting = {}
def relay(source, target):
    while data := source.recv(65536):
        target.sendall(data)
    target.close()
while True:
    client, _ = listener.accept()
    words = client.recv(100, socket.MSG_WAITALL).decode().split()
    if words == ["ping"]:
        client.sendall(b"!")
        client.close()
        continue
    waiting.setdefault(words[1], {})[words[0]] = client
    if len(waiting[words[1]]) == 2:
        ends = waiting.pop(words[1])
        threading.Thread(target=relay, args=(ends["from"], ends["to"]), daemon=True).start()
"""
REFUSES = "import sys; print('*** FATAL ***'); print('bad option: ' + sys.argv[1][:4], file=sys.stderr); sys.exit(3)"
MUTE = "import signal; signal.pause()"
# As redis-server does, it leaves no trace of the environment that it was started with.
FORGETFUL = "import os, sys\nif os.environ.get('PATH'): os.execve(sys.executable, sys.orig_argv, {})\n" + RELAY
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + RELAY

LONG_VISIT = """
from ipcbench.model import Case, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor
with Stop() as stop:
    Visitor(Timing(1, 0, 0.001), stop).visit(Visit(Case("ping-pong", "served", 64), 1, 0, 1_000_000))
"""


class Relay(Server):
    """The server of tests/support/extra, for use in this process."""

    program = "fake-server"

    def arguments(self) -> Sequence[str]:
        return (str(self.folder / "s"),)

    def answers(self) -> bool:
        return (self.folder / "s").exists() and "ready" in (self.folder / "said").read_text()


@pytest.fixture
def put(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program of this text on PATH, as fake-server."""
    folder = temporary / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(code: str) -> None:
        program = folder / "fake-server"
        program.write_text(f"#!{sys.executable} -S\n{textwrap.dedent(code)}")
        program.chmod(0o755)

    return write


@pytest.fixture
def settings(temporary: Path) -> Iterator[PortSettings]:
    """Those of a visit; the folder that visits have is this test's."""
    made = PortSettings(multiprocessing.get_context("fork"), 64, 4, 1)
    made.folder = str(temporary)
    yield made
    made.close()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give workers and peers the mechanisms of tests/support/extra."""
    monkeypatch.setenv("PYTHONPATH", str(EXTRA))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setattr(mechanisms, "__path__", [*mechanisms.__path__, str(EXTRA / "mechanisms")])  # the judge asks too


def visit(stop: Stop, case: Case, loops: int = 20) -> Outcome | Failure:
    with closing(Visitor(QUICK, stop)) as visitor:
        return visitor.visit(Visit(case, 1, 0, loops))


def running(word: str) -> list[int]:
    """Process ids of what this test has started with this word in its command line, by the folder that it is in.

    Not by its environment, over which a server may have written.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(tempfile.gettempdir()):
                found += [int(process.name)] * (word.encode() in (process / "cmdline").read_bytes())
        except OSError:
            continue
    return found


def left(folder: Path) -> list[str]:
    """Return what is in a folder beside the programs on PATH."""
    return [path.name for path in folder.iterdir() if path.name != "bin"]


def test_a_server_answers_when_it_is_handed_out_and_is_one_for_all_ports_of_a_visit(
    put: Callable[[str], None], settings: PortSettings, temporary: Path
) -> None:
    put(RELAY)
    found = Relay.of(settings)
    assert found.answers()
    assert Relay.of(settings) is found
    assert settings.helpers() == [found.pid]
    assert running("fake-server") == [found.pid]
    assert settings.blame(EOFError()).args == ()
    settings.close()
    assert (settings.helpers(), running("fake-server"), left(temporary)) == ([], [], [])
    settings.close()
    again = Relay.of(settings)
    assert again.answers()
    assert settings.helpers() == [again.pid] != [found.pid]


def test_a_server_that_refuses_to_start_is_told_with_its_last_words(
    put: Callable[[str], None], settings: PortSettings, temporary: Path
) -> None:
    put(REFUSES)
    with pytest.raises(ServerFailed) as told:
        Relay.of(settings)
    assert str(told.value) == "fake-server ended with exit code 3 (bad option: /tmp) instead of answering"
    assert (settings.helpers(), left(temporary)) == ([], [])


def test_a_server_that_never_answers_is_given_up_and_ended(
    put: Callable[[str], None], settings: PortSettings, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_server, "START_SECONDS", 1)
    put(MUTE)
    with pytest.raises(ServerFailed, match=r"^fake-server has not answered 1 s after its start$"):
        Relay.of(settings)
    assert (settings.helpers(), running("fake-server"), left(temporary)) == ([], [], [])


def test_a_server_that_does_not_end_when_told_to_is_killed(
    put: Callable[[str], None], settings: PortSettings, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_server, "STOP_SECONDS", 0.1)
    put(DEAF)
    found = Relay.of(settings)
    settings.close()
    assert found.process.returncode == -signal.SIGKILL
    assert (running("fake-server"), left(temporary)) == ([], [])


def test_a_server_that_has_died_is_what_went_wrong_and_one_that_lives_is_not(
    put: Callable[[str], None], settings: PortSettings
) -> None:
    put(RELAY)
    found = Relay.of(settings)
    lost = ConnectionResetError("connection reset")
    assert settings.blame(lost) is lost
    os.kill(found.pid, signal.SIGKILL)
    blamed = settings.blame(lost)
    assert isinstance(blamed, ServerFailed)
    assert str(blamed) == "fake-server was killed by SIGKILL during the visit"


def test_a_program_that_is_absent_or_none_is_told_in_one_line(
    put: Callable[[str], None], settings: PortSettings, temporary: Path
) -> None:
    with pytest.raises(NotOffered, match=r"^fake-server is not on PATH$"):
        Relay.of(settings)
    put("")
    (temporary / "bin/fake-server").write_text("this is no program")
    with pytest.raises(ServerFailed, match=r"^fake-server does not start: Exec format error$"):
        Relay.of(settings)
    assert left(temporary) == []


@pytest.mark.parametrize("found", SERVED, ids=lambda found: found.name)
def test_an_absent_server_is_a_skip_with_what_installs_it(found: Mechanism, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mechanism, "is_installed", lambda _: True)
    monkeypatch.setattr(mechanism, "find_program", lambda _: None)
    program = found.needs_server
    expected = f"{found.name} needs {program}, which is not on PATH: apt-get install {program}"
    assert found.missing() == found.missing((3, 99)) == expected
    monkeypatch.setattr(mechanism, "find_program", lambda name: f"/bin/{name}")
    assert found.missing() is None


def test_the_list_says_which_server_a_mechanism_starts(within: Callable[..., Finished]) -> None:
    said = " ".join(within("list", "redis-list").out.split())
    assert "server redis-server, started for each visit and ended with it" in said
    assert "background 1 process of its own" in said


def test_a_program_is_found_on_path_first_and_where_debian_puts_servers(
    put: Callable[[str], None], temporary: Path
) -> None:
    assert mechanism.find_program("fake-server") is None
    put(RELAY)
    assert mechanism.find_program("fake-server") == str(temporary / "bin/fake-server")


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("method", START_METHODS)
@pytest.mark.parametrize("pattern", ["ping-pong", "set-up"])
def test_a_visit_has_a_server_that_counts_and_is_placed_as_its_own_process(
    stop: Stop, put: Callable[[str], None], pattern: str, method: StartMethod
) -> None:
    put(RELAY)
    found = visit(stop, Case(pattern, "served", 64, start_method=method), 5)
    assert isinstance(found, Outcome), found
    assert len(found.cpus) == 3, "driver, peer and server"


@pytest.mark.usefixtures("served")
def test_a_visit_whose_server_does_not_start_fails_with_its_words(stop: Stop, put: Callable[[str], None]) -> None:
    put(REFUSES)
    found = visit(stop, Case("ping-pong", "served", 64))
    detail = "fake-server ended with exit code 3 (bad option: /tmp) instead of answering"
    assert found == Failure("failed", "set-up", detail)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("method", START_METHODS)
def test_a_visit_whose_server_dies_in_the_middle_fails_and_says_that_it_did(
    stop: Stop, put: Callable[[str], None], temporary: Path, method: StartMethod
) -> None:
    put(RELAY)
    thread = when_timing(temporary, lambda: os.kill(first(running("fake-server")), signal.SIGKILL))
    found = visit(stop, Case("ping-pong", "served", 64, start_method=method), MANY)
    thread.join(SOON)
    assert found == Failure("failed", "timing", "fake-server was killed by SIGKILL during the visit")


@pytest.mark.usefixtures("served")
def test_a_killed_driver_leaves_no_server(stop: Stop, put: Callable[[str], None], temporary: Path) -> None:
    put(DEAF)
    thread = when_timing(temporary, signalling_worker(signal.SIGKILL))
    found = visit(stop, Case("ping-pong", "served", 64), MANY)
    thread.join(SOON)
    assert found == Failure("failed", "timing", "the worker was killed by SIGKILL")
    assert not running("fake-server")


def test_a_killed_run_leaves_no_server(put: Callable[[str], None], tmp_path: Path, temporary: Path) -> None:
    put(DEAF)
    env = environment(PYTHONPATH=f"{EXTRA}{os.pathsep}{PACKAGE_PARENT}")
    words = ("--pattern", "ping-pong", "--size", "64B", "--rounds", "1000", "--label", "mine")
    process = start("run", "--mechanism", "served", *words, cwd=tmp_path, env=env)
    try:
        assert until(lambda: "timing" in stages(temporary) and bool(running("fake-server")), 30.0)
    finally:
        process.kill()
        finish(process)
    assert until(lambda: not marked_processes(os.environ[TOKEN]), SOON)
    assert until(lambda: not list(temporary.glob("ib*")), SOON)


def test_a_server_is_found_by_clean_although_nobody_is_left_who_owned_it(
    put: Callable[[str], None], tmp_path: Path, temporary: Path
) -> None:
    put(FORGETFUL)
    env = environment(PYTHONPATH=f"{EXTRA}{os.pathsep}{PACKAGE_PARENT}")
    process = start_python("-c", LONG_VISIT, cwd=tmp_path, env=env)
    try:
        assert until(lambda: "timing" in stages(temporary) and bool(running("fake-server")), 30.0)
        (folder,) = temporary.glob("ib*")
        assert folder in live_runs()
        kill_at_once(process.pid, *owners())
    finally:
        process.kill()
        finish(process)
    (external_server,) = running("fake-server")
    assert external_server not in [pid for pid, _ in marked_processes(os.environ[TOKEN])]
    (leftover,) = [found for found in find_leftovers() if found.folder == folder]
    assert external_server in [member.pid for member in leftover.processes]
    assert remove_leftover(leftover) == []
    assert not running("fake-server")


@pytest.mark.parametrize("found", HERE, ids=lambda found: found.name)
def test_a_real_server_that_dies_in_the_middle_is_told(stop: Stop, temporary: Path, found: Mechanism) -> None:
    thread = when_timing(temporary, lambda: os.kill(first(running(found.needs_server)), signal.SIGKILL))
    failure = visit(stop, Case("ping-pong", found.name, 64), MANY)
    thread.join(SOON)
    assert isinstance(failure, Failure)
    assert (failure.verdict, failure.stage) == ("failed", "timing")
    assert failure.detail == f"{found.needs_server} was killed by SIGKILL during the visit"


@pytest.mark.parametrize("found", HERE, ids=lambda found: found.name)
def test_a_killed_driver_leaves_no_real_server(stop: Stop, temporary: Path, found: Mechanism) -> None:
    thread = when_timing(temporary, signalling_worker(signal.SIGKILL))
    failure = visit(stop, Case("ping-pong", found.name, 64), MANY)
    thread.join(SOON)
    assert failure == Failure("failed", "timing", "the worker was killed by SIGKILL")
    assert not running(found.needs_server)
