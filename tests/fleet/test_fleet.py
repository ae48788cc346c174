"""Fleets: real Dask processes on this machine that pretend to be hosts, measured, killed, brought back."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from commands import finish, run, start, until
from dask_cluster import Cluster, each_once, fleet, hold, journal_of, name_of, samples, visits_under_way
from records import PLAN, outcome

import ipcbench
from ipcbench.errors import Interrupted, IpcbenchError, NotContained
from ipcbench.fleet import checks, host, lock
from ipcbench.fleet.client import Absence, Fleet, Presence, _why_absent
from ipcbench.fleet.host import AGAIN
from ipcbench.fleet.visitor import Deliveries, RemoteVisitor
from ipcbench.model import Budget, Case, Failure, Outcome, Timing, Visit
from ipcbench.plan import catalog
from ipcbench.plan.planner import Request
from ipcbench.results.schema import PROTOCOL
from ipcbench.results.store import load
from ipcbench.run.listener import Ahead
from ipcbench.run.stop import Stop

with_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="the extra fleet is not installed: distributed"
)
slow = [pytest.mark.slow, pytest.mark.timeout(240), with_dask]
CASE = ("--mechanism", "pipe-bytes", "--pattern", "ping-pong", "--size", "64B")
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "ipcbench":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
A, B = name_of("a"), name_of("b")
GONE = re.compile("the Dask scheduler is gone|the Dask cluster does not answer")  # by what was asked when it went


class TestWithDask:
    pytestmark = slow

    def test_two_hosts_are_measured_at_once_one_visit_each_and_their_files_compare(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        words = ("--mechanism", "pipe-bytes,queue", *CASE[2:], "--rounds", "4", "--label", "lab")
        running = start("fleet", "run", "--scheduler", pair.address, *words, cwd=tmp_path)
        seen = list(samples(100, running))
        done = finish(running)
        assert done.code in (0, 7), done.err
        runs = [{Path(folder).parent for folder in folders} for sample in seen for folders in sample.values()]
        assert max(map(len, runs)) == 1, "two sittings on one host"
        assert any(len(sample) == 2 for sample in seen), "the hosts were never measured at once"
        for name in (A, B):
            result = load(tmp_path / "results" / f"lab-{name}.json")
            assert each_once(result, 4)
            assert {case.verdict for case in result.ipcbench.cases} == {"ok"}
        line = next(line for line in done.out.splitlines() if line.startswith("to compare: "))
        compared = run(*line.split()[5:], cwd=tmp_path)
        assert (compared.code, compared.errors) == (0, [])
        assert f"lab-{A}" in compared.out

    def test_a_visit_whose_dask_worker_is_killed_is_made_again(self, pair: Cluster, tmp_path: Path) -> None:
        words = (*CASE, "--rounds", "4", "--label", "k")
        running = start("fleet", "run", "--scheduler", pair.address, *words, cwd=tmp_path)
        assert until(lambda: len(journal_of(tmp_path, "k", A)) > 1, 60)
        hold(60, "a")
        os.kill(pair.worker_of("a"), signal.SIGKILL)
        done = finish(running, 120)
        assert done.code in (0, 7), done.err
        hit, other = (load(tmp_path / "results" / f"k-{name}.json") for name in (A, B))
        assert each_once(hit, 4)
        assert each_once(other, 4)
        assert sum(AGAIN in visit.notes for visit in hit.ipcbench.visits) == 1
        assert not any(AGAIN in visit.notes for visit in other.ipcbench.visits)

    def test_a_visit_finds_a_host_whose_worker_came_back_under_its_name_at_another_address(
        self, cluster: Cluster, stop: Stop
    ) -> None:
        # The name of a worker may stand for the address that is gone: visits are pinned by addresses, looked up anew.
        cluster.add("a", "a", more=["--name", "stays"])
        with contextlib.closing(Fleet.connect(cluster.address, None, 30.0)) as fleet:
            fleet.survey()
            before = fleet.find(A, stop)
            os.kill(cluster.worker_of("a"), signal.SIGKILL)
            assert until(lambda: before not in fleet.workers(), 10)
            began = time.monotonic()
            visitor = RemoteVisitor(fleet, A, PLAN, "", stop, "warden", Deliveries())
            (found,) = visitor.sitting([Visit(Case("ping-pong", "pipe-bytes", 64), 1, 0, 100)], "")
            assert isinstance(found, Outcome), found
            assert time.monotonic() - began < 30
            (after,) = fleet.workers()
            names = {info["name"] for info in fleet.client.scheduler_info()["workers"].values()}
            assert (after != before, names) == (True, {"stays"})
            assert fleet.find(A, stop) == after

    def test_a_host_that_is_gone_is_reported_the_other_finishes_and_resume_does_the_rest_once(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        words = (*CASE, "--rounds", "5", "--label", "g")
        running = start("fleet", "run", "--scheduler", pair.address, "--grace", "1s", *words, cwd=tmp_path)
        assert until(lambda: len(journal_of(tmp_path, "g", A)) > 1 and "a" in visits_under_way(), 60)
        pair.end("a")
        done = finish(running, 120)
        assert done.code == 6
        assert any(f"host {A}: ipcbench: its Dask worker is gone and did not come back" in line for line in done.errors)
        assert each_once(load(tmp_path / "results" / f"g-{B}.json"), 5)
        assert not (tmp_path / "results" / f"g-{B}.journal").exists()
        before = journal_of(tmp_path, "g", A)
        assert 1 < len(before) < 6

        pair.add("a", "a")
        done = fleet(pair, tmp_path, "run", "--resume", "g")
        assert done.code in (0, 7), done.err
        assert any(f"host {B}: complete" in line for line in done.errors)
        result = load(tmp_path / "results" / f"g-{A}.json")
        assert each_once(result, 5)
        values = [tuple(found.values) for found in result.benchmarks[0].runs]
        for entry in before:
            assert entry.round == 0 or values[entry.round - 1] == entry.outcome.values, "a visit was made twice"
        done = fleet(pair, tmp_path, "run", "--resume", "g")
        assert (done.code, len(done.errors)) == (2, 3)

    def test_ctrl_c_ends_the_visits_on_all_hosts_and_resume_loses_and_doubles_none(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        words = (*CASE, "--rounds", "5", "--label", "i")
        running = start("fleet", "run", "--scheduler", pair.address, *words, cwd=tmp_path)
        assert until(lambda: min(len(journal_of(tmp_path, "i", name)) for name in (A, B)) > 1, 60)
        os.kill(running.pid, signal.SIGINT)
        done = finish(running, 40)
        assert done.code == 130
        assert until(lambda: not visits_under_way(), 10.0)
        assert f"to continue: {sys.executable} -m ipcbench fleet run --scheduler {pair.address} --resume i" in done.out
        before = {name: journal_of(tmp_path, "i", name) for name in (A, B)}
        assert fleet(pair, tmp_path, "run", "--resume", "i").code in (0, 7)
        for name in (A, B):
            result = load(tmp_path / "results" / f"i-{name}.json")
            assert each_once(result, 5)
            values = [tuple(found.values) for found in result.benchmarks[0].runs]
            assert all(not entry.round or values[entry.round - 1] == entry.outcome.values for entry in before[name])

    def test_a_scheduler_that_dies_ends_the_run_with_a_line_for_each_host_and_keeps_what_was_measured(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        words = (*CASE, "--rounds", "9", "--label", "d")
        running = start("fleet", "run", "--scheduler", pair.address, *words, cwd=tmp_path)
        assert until(lambda: min(len(journal_of(tmp_path, "d", name)) for name in (A, B)) > 1, 60)
        pair.end("scheduler")
        done = finish(running, 90)
        assert done.code == 6
        assert len([line for line in done.errors if GONE.search(line)]) == 2
        assert not [line for line in done.errors if "Traceback" in line or "distributed.client" in line]
        assert all(len(journal_of(tmp_path, "d", name)) > 1 for name in (A, B))

    def test_a_plan_names_the_hosts_and_what_each_will_run(self, pair: Cluster, tmp_path: Path) -> None:
        done = fleet(pair, tmp_path, "plan", *CASE, "--rounds", "3")
        assert (done.code, done.errors) == (0, [])
        for name in (A, B):
            assert f"host {name} at tcp://127.0.0.1:" in done.out
            assert any(line.startswith(f"host {name}: 1 case, 3 rounds") for line in done.out.splitlines())
        assert not (tmp_path / "results").exists()

    def test_a_plan_refuses_a_label_that_is_too_long_with_the_name_of_a_host(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        said = [fleet(pair, tmp_path, command, *CASE, "--label", "x" * 75) for command in ("plan", "run")]
        assert [done.code for done in said] == [2, 2]
        assert said[0].errors == said[1].errors

    def test_what_no_host_can_measure_is_a_line_each(self, cluster: Cluster, tmp_path: Path) -> None:
        cluster.add("a", "a")
        done = fleet(cluster, tmp_path, "run", "--mechanism", "pipe", "--pattern", "access:read", "--label", "n")
        assert done.code == 2
        assert [line for line in done.errors if "nothing to measure" in line]

    def test_workers_that_cannot_be_hosts_are_a_line_each(self, cluster: Cluster, tmp_path: Path) -> None:
        done = fleet(cluster, tmp_path, "run", *CASE)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "no worker: start one 'dask worker' on each host" in done.err

        cluster.add("one")
        cluster.add("two")
        done = fleet(cluster, tmp_path, "run", *CASE)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "are on one machine" in done.err

        cluster.end("one")
        cluster.end("two")
        without = tmp_path / "without.py"
        without.write_text(WITHOUT)
        cluster.add("bare", more=["--preload", str(without)])
        done = fleet(cluster, tmp_path, "run", *CASE)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "ipcbench is not installed there: pip install 'ipcbench[fleet]'" in done.err


@with_dask
@pytest.mark.slow
@pytest.mark.usefixtures("no_leaks")
def test_a_scheduler_open_to_every_network_is_refused_unless_they_are_trusted(tmp_path: Path) -> None:
    with contextlib.closing(Cluster(tmp_path, "0.0.0.0")) as cluster:
        done = fleet(cluster, tmp_path, "run", *CASE)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "listens to every network without TLS" in done.err
        done = fleet(cluster, tmp_path, "run", "--trusted-network", *CASE)
        assert "no worker" in done.err


@with_dask
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate, and is not here")
@pytest.mark.usefixtures("no_leaks")
def test_with_tls_a_scheduler_may_listen_to_every_network_and_whoever_has_no_certificate_is_turned_away(
    tmp_path: Path,
) -> None:
    pem = tmp_path / "both.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made = [*words, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(["openssl", *made], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    pem.write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "cert.pem").read_bytes())
    with contextlib.closing(Cluster(tmp_path, "0.0.0.0", pem)) as cluster:
        cluster.add("a", "a")
        files = ("--tls-ca", str(pem), "--tls-cert", str(pem), "--tls-key", str(pem))
        done = fleet(cluster, tmp_path, "run", *files, *CASE, "--rounds", "1", "--label", "t")
        assert done.code in (0, 7), done.err
        assert each_once(load(tmp_path / "results" / f"t-{A}.json"), 1)
        cluster.address = cluster.address.replace("tls", "tcp")
        done = fleet(cluster, tmp_path, "run", *CASE)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "no Dask scheduler answers" in done.err


@with_dask
@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scheduler", "tcp://127.0.0.1:9"), "no Dask scheduler answers at tcp://127.0.0.1:9"),
        (("--scheduler", "nonsense"), "scheduler 'nonsense': expected such as tcp://10.0.0.5:8786"),
        (("--scheduler", "tls://127.0.0.1:9"), "is encrypted: give --tls-ca, --tls-cert and --tls-key"),
        (("--scheduler", "tcp://127.0.0.1:9", "--tls-ca", __file__), "give all three or none"),
        (("--scheduler", "tcp://127.0.0.1:9", "--python", sys.executable), "leave out --python"),
        (("--scheduler", "tcp://127.0.0.1:9", "--grace", "soon"), "soon"),
        ((), "Missing option '--scheduler'"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = run("fleet", "run", *words, cwd=tmp_path, timeout=40)
    assert (done.code, len(done.errors)) == (2, 1)
    assert said in done.err


def test_without_the_library_the_line_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(IpcbenchError, match=r"needs the library distributed .*: pip install 'ipcbench\[fleet\]'"):
        Fleet.connect("tcp://127.0.0.1:9", None, 1.0)


PRESENT = Presence("tcp://10.0.0.1:4", "aaaaaaaa", "boot-a", ipcbench.__version__, PROTOCOL, "3.11.7", 8, (), 0.0)
OTHER = PRESENT._replace(address="tcp://10.0.0.2:4", name="bbbbbbbb", boot="boot-b")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (OTHER._replace(version="0.0.1"), "has ipcbench 0.0.1"),
        (OTHER._replace(protocol=PROTOCOL + 1), f"protocol {PROTOCOL + 1}, but this client has"),
        (OTHER._replace(boot="boot-a"), "are on one machine"),
        (OTHER._replace(name="aaaaaaaa"), "one machine id"),
        (PRESENT._replace(address="tcp://10.0.0.2:4"), "are on one machine"),
    ],
)
def test_each_thing_that_keeps_workers_from_being_hosts_is_one_line(second: Presence, said: str) -> None:
    (line,) = checks.problems([PRESENT, second], [])
    assert said in line
    assert "\n" not in line
    assert list(checks.problems([PRESENT, OTHER], [])) == []


def test_a_worker_that_does_not_say_who_it_is_is_one_line() -> None:
    reason = _why_absent(ModuleNotFoundError("No module named 'ipcbench'", name="ipcbench"))
    (line,) = checks.problems([], [Absence("tcp://10.0.0.3:4", reason)])
    assert line.startswith("worker tcp://10.0.0.3:4: ipcbench is not installed there")
    assert "without what a fleet needs" in _why_absent(ModuleNotFoundError("No module named 'ipcbench.fleet'"))
    assert "boom" in _why_absent(OSError("boom"))


def test_a_clock_that_is_off_and_a_busy_dask_worker_are_told() -> None:
    ahead, behind = checks.doubts([PRESENT._replace(off=90.0), OTHER._replace(off=-3.0)])
    assert "its clock is 90 s ahead" in ahead
    assert "its clock is 3 s behind" in behind
    (busy,) = checks.doubts([PRESENT._replace(loud=("distributed.worker.profile.enabled",))])
    assert "set distributed.worker.profile.enabled to false" in busy
    assert list(checks.doubts([PRESENT._replace(off=1.0)])) == []


def test_the_second_result_of_one_identity_is_dropped_and_counted() -> None:
    deliveries = Deliveries()
    assert [deliveries.first(name) for name in ("a", "b", "a", "a")] == [True, True, False, False]
    assert deliveries.dropped == 2


@pytest.mark.usefixtures("no_leaks")
def test_a_host_has_one_visit_at_a_time_and_its_lock_leaves_no_file(temporary: Path) -> None:
    with lock.only_here("aaaaaaaa"):
        with pytest.raises(lock.HostBusy, match="another visit is on this host"), lock.only_here("aaaaaaaa", 0.1):
            pass
        with lock.only_here("bbbbbbbb", 0.1):
            pass
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("no_leaks")
def test_the_lock_of_a_host_stays_taken_after_its_dask_worker_died_as_long_as_the_warden_lives(temporary: Path) -> None:
    with lock.only_here("aaaaaaaa"):
        (path,) = temporary.iterdir()
    taken = lock._taken(path, time.monotonic())
    wardens = os.dup(taken)
    os.close(taken)  # as the end of a killed process does, which removes no file
    with pytest.raises(lock.HostBusy), lock.only_here("aaaaaaaa", 0.1):
        pass
    os.close(wardens)
    with lock.only_here("aaaaaaaa", 0.1):
        pass
    assert list(temporary.iterdir()) == []


def test_many_threads_never_hold_the_lock_of_a_host_at_once(temporary: Path) -> None:
    inside, worst = Counter[str](), []
    guard = threading.Lock()

    def work() -> None:
        for _ in range(20):
            with lock.only_here("aaaaaaaa", 30.0):
                with guard:
                    inside["now"] += 1
                    worst.append(inside["now"])
                with guard:
                    inside["now"] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(worst), max(worst)) == (80, 1)
    assert list(temporary.iterdir()) == []


def test_every_line_about_a_host_begins_with_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    from ipcbench.cli.measuring.listener import Terminal

    for name in ("a", "b", ""):
        listener = Terminal(quiet=False, host=name)
        listener.warned("here")
        with listener.progress() as progress:
            progress.visiting([Visit(PLAN.cases[0], 1, 0, 7)], Ahead(3, False, 60.0, math.inf))
    assert capfd.readouterr().err.splitlines() == [
        "host a: ipcbench: here",
        "host a: round 1 of 3, about 1 min 00 s left",
        "host b: ipcbench: here",
        "host b: round 1 of 3, about 1 min 00 s left",
        "ipcbench: here",
        "round 1 of 3, about 1 min 00 s left",
    ]


class FakeFleet:
    """Answers every task at once with the next of these: bytes, an exception, or None for a worker that is lost."""

    def __init__(self, *answers: bytes | Exception | None) -> None:
        self.answers = list(answers)
        self.forgotten: list[str] = []

    def find(self, _name: str, _stop: Stop) -> str:
        return "tcp://10.0.0.1:4"

    def forget(self, name: str) -> None:
        self.forgotten.append(name)

    def workers(self) -> frozenset[str]:
        return frozenset()

    def submit(self, *_: object) -> FakeFuture:
        return FakeFuture(self.answers.pop(0))


class FakeFuture:
    def __init__(self, answer: bytes | Exception | None) -> None:
        self.answer = answer
        self.status = "finished" if isinstance(answer, bytes) else "error"

    def add_done_callback(self, call: Callable[[FakeFuture], None]) -> None:
        if self.answer is not None:
            call(self)

    def result(self, timeout: float) -> bytes | None:
        assert timeout > 0
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def cancel(self) -> None:
        pass


def said(**what: object) -> bytes:
    return msgspec.json.encode(what)


FAILED = said(found=[{"failure": Failure("failed", "timing", "boom")}])


@with_dask
@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([FAILED], Failure("failed", "timing", "boom")),
        ([None, None, FAILED], Failure("failed", "timing", "boom")),
        ([None, None, None], Failure("failed", "start", "the Dask worker was lost 3 times under this visit")),
        ([OSError("disk full")], Failure("failed", "start", "the host could not make it: disk full")),
        ([said(trouble="process 17", uncontained=True)], NotContained("process 17")),
        ([said(trouble="no folder")], IpcbenchError("no folder")),
        ([b"{"], IpcbenchError("its answer cannot be read: Input data was truncated")),
        ([said(found=[{"outcome": [1]}])], IpcbenchError("its answer cannot be read: Expected `array`")),
        ([said(stopped=True)], Interrupted(2)),
    ],
)
def test_what_comes_of_a_task_is_what_comes_of_the_visit(
    stop: Stop, answers: list[bytes | Exception | None], found: Failure | Exception
) -> None:
    visitor = RemoteVisitor(FakeFleet(*answers), "aaaaaaaa", PLAN, "", stop, "warden", Deliveries())  # type: ignore[arg-type]
    visit = Visit(PLAN.cases[0], 1, 0, 7)
    if isinstance(found, Failure):
        assert visitor.sitting([visit], "") == [found]
        return
    with pytest.raises(type(found)) as raised:
        visitor.sitting([visit], "")
    assert str(raised.value).startswith(str(found))


@with_dask
def test_a_task_that_came_to_another_host_has_its_own_looked_for_anew(stop: Stop) -> None:
    fleet = FakeFleet(said(elsewhere=True), said(found=[{"outcome": outcome()}]))
    visitor = RemoteVisitor(fleet, "aaaaaaaa", PLAN, "", stop, "warden", Deliveries())  # type: ignore[arg-type]
    assert visitor.sitting([Visit(PLAN.cases[0], 1, 0, 7)], "") == [outcome(notes=(AGAIN,))]
    assert fleet.forgotten == ["aaaaaaaa"]


def test_a_host_leaves_plug_ins_out_and_refuses_when_nothing_else_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "is_plugin", lambda name: name == "pipe")
    words = Request(mechanisms=("pipe", "queue"), patterns=("ping-pong",), sizes=(64,))
    plan, _, _ = host.plan_here(words, 1, Budget(rounds=1), Timing())
    assert plan
    assert {case.mechanism for case in plan.cases} == {"queue"}
    plan, reason, _ = host.plan_here(replace(words, mechanisms=("pipe",)), 1, Budget(rounds=1), Timing())
    assert plan is None
    assert reason == "a fleet does not measure plug-ins: pipe"
