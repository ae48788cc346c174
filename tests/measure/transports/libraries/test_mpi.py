"""MPI without its own launcher: the answers of the visit's helper, and what remains of a world that was killed."""

from __future__ import annotations

import importlib
import os
import secrets
import socket
import threading
from pathlib import Path

import pytest
from commands import python

from ipcbench.errors import NotOffered
from ipcbench.measure.process.names import SEGMENT, new_run_id
from ipcbench.measure.registry import load_mechanism
from ipcbench.measure.transports.libraries.mpi import environment, load, segment_of, serve
from ipcbench.run.containment.kernel_objects import remove_queues

NAME = f"ib{new_run_id()}_1-77-1"  # of nobody else who runs these tests
SHARED = Path("/dev/shm")
MISSING = load_mechanism("mpi-pickle").missing()


def test_the_launcher_answers_until_both_have_left() -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    helper = threading.Thread(target=serve, args=([theirs for _, theirs in pairs], [], NAME))
    helper.start()
    try:
        for mine, _ in pairs:
            with mine, mine.makefile("rw", newline="\n") as line:
                mine.settimeout(10)
                said = []
                for asked in ("get_my_kvsname", f"get kvsname={NAME} key=PMI_process_mapping", "get key=other"):
                    line.write(f"cmd={asked}\n")
                    line.flush()
                    said.append(line.readline().split())
            assert said[0] == ["cmd=my_kvsname", f"kvsname={NAME}", "rc=0"]
            assert said[1] == ["cmd=get_result", "value=(vector,(0,1,2))", "rc=0"]
            assert said[2] == ["cmd=get_result", "rc=-1"]
    finally:
        helper.join(10)
    assert not helper.is_alive()


def test_the_environment_is_as_before_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_FD", "7")
    monkeypatch.delenv("PMI_RANK", raising=False)
    before = dict(os.environ)
    with environment({"PMI_FD": "8", "PMI_RANK": "0"}):
        assert (os.environ["PMI_FD"], os.environ["PMI_RANK"]) == ("8", "0")
    assert dict(os.environ) == before
    with pytest.raises(ZeroDivisionError), environment({"PMI_FD": "9"}):
        raise ZeroDivisionError
    assert dict(os.environ) == before


@pytest.mark.skipif(not SHARED.is_dir(), reason="there is no /dev/shm here")
def test_the_memory_of_a_world_killed_while_it_was_joined_is_removed_by_its_record(tmp_path: Path) -> None:
    segment = Path(segment_of(secrets.token_hex(8)))
    bystander = Path(segment_of(secrets.token_hex(8)))
    (tmp_path / f"{NAME}{SEGMENT}{segment.name}").touch()
    (tmp_path / f"x{NAME}{SEGMENT}{bystander.name}").touch()
    segment.touch()
    bystander.touch()
    try:
        assert remove_queues(tmp_path) == [segment.name]
        assert not segment.exists()
        assert bystander.exists()
        assert remove_queues(tmp_path) == []
    finally:
        bystander.unlink()
        segment.unlink(missing_ok=True)


def test_a_record_of_any_other_memory_removes_nothing(tmp_path: Path) -> None:
    other = SHARED / f"{NAME}-other"
    (tmp_path / f"{NAME}{SEGMENT}{other.name}").touch()
    other.touch()
    try:
        assert remove_queues(tmp_path) == []
        assert other.exists()
    finally:
        other.unlink()


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
def test_another_mpi_is_refused_with_what_brings_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().get_vendor()[0] == "MPICH"
    monkeypatch.setattr(importlib.import_module("mpi4py.MPI"), "get_vendor", lambda: ("Open MPI", (5, 0, 11)))
    with pytest.raises(NotOffered, match=r'^mpi4py uses Open MPI 5\.0\.11 here: pip install "ipcbench\[mpi\]"'):
        load()


_TWO_WORLDS = """
import sys
from ipcbench.measure.contract.stage import staged
from ipcbench.measure.process.names import claim_names
from ipcbench.measure.registry import load_mechanism, load_pattern
if __name__ == "__main__":
    claim_names()
    for _ in range(2):
        with staged(load_mechanism("mpi-pickle"), load_pattern("ping-pong"), sys.argv[1], 64) as stage:
            stage.team.go(1)
            stage.seat.send(b"one message")
            assert stage.seat.receive() == b"one message"
            stage.team.laps()
"""


@pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_process_joins_one_world_after_another_and_exits_without_a_word(tmp_path: Path, method: str) -> None:
    script = tmp_path / "worlds.py"
    script.write_text(_TWO_WORLDS)
    done = python(str(script), method, cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "")
