"""Mechanisms of libraries: the skip of an absent library says how to install it, and killed visits leave nothing."""

from __future__ import annotations

import json
import multiprocessing
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import EXTRA, Finished, python, until
from paths import ROOT

from ipcbench.cli.measuring.summary import skip_lines
from ipcbench.measure.api import mechanism
from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.settings import PortSettings
from ipcbench.measure.registry import load_mechanism, mechanism_names
from ipcbench.model import Budget, Capabilities, Case, Failure, Timing, Visit
from ipcbench.plan.planner import Request, make_plan
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

THIRD_PARTY = [found for found in map(load_mechanism, mechanism_names()) if found.third_party]
HERE = [found for found in THIRD_PARTY if not found.missing()]
MACHINE = Capabilities(2, 2**33, 2**30, None, ("fork", "forkserver", "spawn"))
HEAVY = {"mpi", "redis", "nats", "grpc", "lmdb", "arrow", "torch"}  # extras that are asked for by themselves
QUEUES = Path("/proc/sysvipc/msg")


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any of the libraries."""
    monkeypatch.setattr(mechanism, "is_installed", lambda _: False)


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("found", THIRD_PARTY, ids=lambda found: found.name)
def test_an_absent_library_is_told_with_the_command_that_installs_it(
    found: Mechanism, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mechanism, "find_program", lambda name: name)  # servers have tests of their own
    assert found.missing() == f'{found.name} needs {", ".join(found.requires)}: pip install "ipcbench[{found.extra}]"'
    assert found.missing((3, 99)) is None, "what another Python has is for its own visits to find out"


@pytest.mark.usefixtures("nothing_installed")
def test_all_of_an_absent_library_is_one_line_however_much_was_asked_for() -> None:
    plan = make_plan(Request(full=True), MACHINE, 1, Budget(), Timing())
    lines = [line for line in skip_lines(plan.skips) if "pip install" in line]
    assert not [case for case in plan.cases if load_mechanism(case.mechanism).third_party]
    assert len(lines) == len({found.requires for found in THIRD_PARTY}), lines
    (zmq,) = [line for line in lines if "[zmq]" in line]
    assert zmq.endswith(' questions: needs zmq: pip install "ipcbench[zmq]": zmq-ipc, zmq-tcp and zmq-push-pull')


@pytest.mark.usefixtures("nothing_installed")
def test_the_list_says_which_extra_and_that_it_is_absent(
    within: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    listed = within("list").out
    assert re.search(r"^  zmq-tcp +ZeroMQ PAIR over TCP, pyzmq +bytes +zmq \*$", listed, re.MULTILINE)
    assert "\n* not installed here, such as " in listed
    said = within("list", "zmq-tcp").out
    assert 'zmq (BSD-3-Clause AND MPL-2.0), by pip install "ipcbench[zmq]"' in said
    assert 'cannot run: zmq-tcp needs zmq: pip install "ipcbench[zmq]"' in said


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="there is no source tree")
def test_every_extra_exists_and_third_party_has_all_but_the_heavy_ones() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {found.extra for found in THIRD_PARTY}
    assert wanted == set(extras) - {"test", "docs", "fleet", "third-party"}
    (everything,) = extras["third-party"]
    assert everything == f"ipcbench[{','.join(name for name in extras if name in wanted - HEAVY)}]"


def test_neither_files_nor_facts_import_a_library(tmp_path: Path) -> None:
    packages = sorted({name for found in THIRD_PARTY for name in found.requires})
    code = (
        "import sys, json\n"
        "from ipcbench.measure.registry import load_mechanism, mechanism_names\n"
        "said = [load_mechanism(name).missing() for name in mechanism_names()]\n"
        f"print(json.dumps([name for name in {packages!r} if name in sys.modules]))"
    )
    done = python("-c", code, cwd=tmp_path)
    assert (done.code, json.loads(done.out), done.err) == (0, [], "")


@pytest.mark.third_party
@pytest.mark.usefixtures("short_timing")  # a call of C may sleep on until the deadline
@pytest.mark.parametrize("found", [found for found in HERE if found.channel], ids=lambda found: found.name)
def test_a_peer_killed_in_the_middle_fails_the_case_and_leaves_nothing(
    stop: Stop, monkeypatch: pytest.MonkeyPatch, found: Mechanism
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(EXTRA))
    before = queues()
    visitor = Visitor(Timing(values=1, warmups=0, min_time=0.001), stop)
    try:
        case = Case("killed-peer", found.name, 64, start_method=found.start_methods[0])
        failure = visitor.visit(Visit(case, 1, 0, 20))
    finally:
        visitor.close()
    assert isinstance(failure, Failure)
    assert failure.verdict in ("failed", "timed-out"), failure
    assert until(lambda: not queues() - before, 10.0)  # those of somebody beside us come and go


@pytest.mark.skipif("arrow-shared-memory" not in [found.name for found in HERE], reason="pyarrow is not here")
def test_a_record_batch_is_read_where_it_was_written_and_not_copied() -> None:
    from ipcbench.measure.mechanisms.arrow_shared_memory import ArrowRing

    ring = ArrowRing(PortSettings(multiprocessing.get_context("fork"), 4096, 4, 1))
    ring.connect("driver")
    send, receive, buffer = ring.sender(), ring.receiver(), ring.arrow.py_buffer
    start = buffer(ring.segment.view()).address
    for i in range(2 * ring.slots):
        send(bytes([i]) * 4096)
        got = receive()
        slot = start + i % ring.slots * ring.stride
        assert slot <= buffer(got).address < slot + ring.stride - 4096
        assert bytes(got) == bytes([i]) * 4096
    ring.close()
    ring.close()
    ring.destroy()


def queues() -> set[str]:
    """Return the numbers of the message queues of System V."""
    return {line.split()[1] for line in QUEUES.read_text().splitlines()[1:]} if sys.platform == "linux" else set()


@pytest.mark.third_party
@pytest.mark.skipif(load_mechanism("faster-fifo").missing() is not None, reason="faster_fifo is not installed")
def test_a_receiver_of_faster_fifo_has_room_for_a_message_before_the_first_one() -> None:
    # Else a get that blocks raises Empty where another receiver is quicker.
    settings = PortSettings(multiprocessing.get_context("spawn"), 65_536, 4, 2)
    for name in ("faster-fifo", "faster-fifo-many"):
        kind = load_mechanism(name).channel
        assert kind is not None
        channel = kind(settings)
        channel.receiver()
        assert len(channel.queue.message_buffer.val) > settings.size  # type: ignore[attr-defined]
        channel.close()
