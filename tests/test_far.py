"""The two halves of a visit between hosts, by hand and on this one: who binds where, who is let in, what is timed."""

from __future__ import annotations

import json
import os
import pickle
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener
from pathlib import Path

import psutil
import pytest
from commands import Finished, finish, python, start_python, until

from ipcbench.errors import NotOffered
from ipcbench.measure.far import Meeting
from ipcbench.measure.halves import Line
from ipcbench.measure.server_half import meet
from ipcbench.model import BETWEEN_HOSTS, Case
from ipcbench.plan import catalog
from ipcbench.plan.between import far_mechanisms

ALONE = "127.0.0.2"  # on the loopback interface, and not where anything binds that was not told
FAST = ("--min-time", "0.001", "--loops", "3", "--warmups", "1", "--values", "2")


@contextmanager
def serving(case: Case, folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The server's half of a case, and where it says how it is reached."""
    meeting = folder / "meeting"
    words = ("--case", case.id, "--interface", ALONE, "--meeting", str(meeting))
    server = start_python("-m", "ipcbench.measure.server_half", *words, cwd=folder)
    try:
        assert until(lambda: meeting.exists() or server.poll() is not None, 20)
        assert meeting.exists(), finish(server).err
        yield server, meeting
    finally:
        if server.poll() is None:
            server.kill()
        server.communicate()


def call(case: Case, meeting: Path, folder: Path) -> Finished:
    """The client's half."""
    words = ("--worker", "--case", case.id, "--meeting", str(meeting), "--output", str(folder / "out.json"))
    return python("-m", "ipcbench.measure.worker", *words, *FAST, cwd=folder, timeout=60)


def case_of(mechanism: str, pattern: str = "ping-pong", size: int = 64) -> Case:
    return Case(pattern, mechanism, size, placement=BETWEEN_HOSTS)


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("pattern", ["ping-pong", "stream"])
@pytest.mark.parametrize("name", far_mechanisms())
def test_every_byte_goes_from_one_half_to_the_other_and_back(tmp_path: Path, name: str, pattern: str) -> None:
    case = case_of(name, pattern, 20_000)
    mechanism = catalog.mechanism(name)
    if reason := catalog.missing(name) or catalog.pattern(pattern).unfit(mechanism, case):
        pytest.skip(reason)
    with serving(case, tmp_path) as (server, meeting):
        done = call(case, meeting, tmp_path)
        assert done.code == 0, done.err
        ended = finish(server, 20)
        assert ended.code == 0, ended.err
    report = json.loads((tmp_path / "out.json").read_text())["ipcbench"]
    assert report["pids"][1] == -server.pid
    assert report["operations"] == 6
    assert len(report["proofs"]) == 2
    for proof in report["proofs"]:
        assert proof["received"][0] == proof["received"][-1]
        assert len(set(proof["received"][0])) == proof["messages"] > 2


@pytest.mark.usefixtures("no_leaks")
@pytest.mark.parametrize("name", [name for name in far_mechanisms() if not catalog.missing(name)])
def test_what_listens_is_at_the_interface_that_was_chosen_and_at_no_other(tmp_path: Path, name: str) -> None:
    with serving(case_of(name), tmp_path) as (server, meeting):
        where = Meeting.read(str(meeting))
        where.share_key()
        with closing(Line(Client((where.host, where.port), authkey=bytes.fromhex(where.key)))) as line:
            offered, cpus = line.recv()
            assert offered
            assert cpus
            family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
            heard = [
                connection.laddr.ip
                for process in family
                for connection in process.net_connections("inet")
                if connection.status == psutil.CONN_LISTEN
            ]
            assert set(heard) == {ALONE}
            if name.startswith("tcp"):  # which waits for the client's half
                socket.create_connection(offered[0]).close()
            elif name == "listener-tcp":
                Client(tuple(offered[0]), authkey=bytes.fromhex(where.key)).close()
        assert finish(server, 20).code == 0


@pytest.mark.usefixtures("no_leaks")
def test_who_does_not_know_the_key_is_turned_away_and_the_client_is_still_let_in(tmp_path: Path) -> None:
    case = case_of("tcp")
    with serving(case, tmp_path) as (server, meeting):
        assert stat.S_IMODE(meeting.stat().st_mode) == 0o600
        where = Meeting.read(str(meeting))
        with pytest.raises((AuthenticationError, EOFError, ConnectionError)):
            Client((where.host, where.port), authkey=b"another")
        with socket.create_connection((where.host, where.port)):
            pass
        assert call(case, meeting, tmp_path).code == 0
        assert finish(server, 20).code == 0


@pytest.mark.usefixtures("no_leaks")
def test_a_server_whose_client_goes_ends_without_a_word(tmp_path: Path) -> None:
    with serving(case_of("tcp"), tmp_path) as (server, meeting):
        where = Meeting.read(str(meeting))
        where.share_key()
        line = Line(Client((where.host, where.port), authkey=bytes.fromhex(where.key)))
        ((_, port),), _ = line.recv()
        with socket.create_connection((ALONE, port)):
            assert line.recv() == server.pid
            line.close()
            assert finish(server, 20) == (0, "", "")


def test_nothing_that_comes_over_the_line_between_hosts_is_unpickled(tmp_path: Path) -> None:
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(trap),)

    with Listener(("127.0.0.1", 0)) as listener:
        there = Client(listener.address)
        here = listener.accept()
    with closing(Line(here)) as line, closing(there):
        there.send_bytes(pickle.dumps(Trap()))
        with pytest.raises(EOFError):
            line.recv()
        there.send_bytes(b'["go", 7]')
        assert line.recv() == ["go", 7]
    assert not trap.exists()


def test_an_interface_that_is_not_there_is_no_offer_and_its_address_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(NotOffered, match="cannot bind to the interface: Cannot assign") as found:
        meet("192.0.2.1", str(tmp_path / "meeting"))
    assert "192.0.2.1" not in str(found.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("placement", "more"), [(BETWEEN_HOSTS, ()), ("spread", ("--meeting",))])
def test_a_worker_is_between_hosts_only_where_it_is_told_where_the_other_half_is(
    tmp_path: Path, placement: str, more: tuple[str, ...]
) -> None:
    Meeting("127.0.0.1", 9, "aa").write(str(tmp_path / "meeting"))
    case = case_of("tcp")._replace(placement=placement)  # type: ignore[arg-type]
    words = [word for option in more for word in (option, str(tmp_path / "meeting"))]
    done = python("-m", "ipcbench.measure.worker", "--case", case.id, *words, cwd=tmp_path)
    assert done.code == 2
    assert "'ipcbench fleet pair' measures between hosts, and nothing else" in done.err


def test_a_meeting_is_read_as_it_was_written_and_never_written_over(tmp_path: Path) -> None:
    meeting = Meeting("10.0.0.1", 4711, "ab" * 32)
    meeting.write(str(tmp_path / "meeting"))
    assert Meeting.read(str(tmp_path / "meeting")) == meeting
    (tmp_path / "meeting.tmp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        meeting.write(str(tmp_path / "meeting"))
