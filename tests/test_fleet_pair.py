"""Between two hosts: real Dask workers that pretend to be hosts, with a half of each visit on either."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from commands import finish, run, start, until
from dask_cluster import Cluster, each_once, fleet, hold, journal_of, name_of, parts_under_way, samples
from records import PLAN, outcome

from ipcbench.errors import BadRequest, Interrupted, IpcbenchError
from ipcbench.fleet import half, pair_visitor
from ipcbench.fleet.pair import both
from ipcbench.fleet.pair_visitor import Ends, PairVisitor
from ipcbench.fleet.visitor import AGAIN
from ipcbench.machine.identity import differences, identity
from ipcbench.measure.far import Meeting
from ipcbench.model import BETWEEN_HOSTS, Budget, Case, Failure, Timing, Visit
from ipcbench.plan.between import cases_between, far_mechanisms, plan_between
from ipcbench.plan.planner import Request
from ipcbench.results.schema import Between
from ipcbench.results.store import load
from ipcbench.run.interrupt import Stop

with_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="the extra fleet is not installed: distributed"
)
slow = [pytest.mark.slow, pytest.mark.timeout(240), with_dask]
CASE = ("--mechanism", "tcp", "--size", "64B")
A, B = sorted((name_of("a"), name_of("b")))  # so that A serves where nobody has chosen
OF = {name_of(name): name for name in ("a", "b")}
SERVER, CLIENT = (OF[A], "server"), (OF[B], "client")


class TestWithDask:
    pytestmark = slow

    def test_a_pair_is_measured_in_both_patterns_and_its_file_says_between_which_hosts(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        words = ("--mechanism", "tcp,listener-tcp,manager-tcp", "--pattern", "ping-pong,stream", "--size", "64B,4KiB")
        running = start(
            "fleet", "pair", "--scheduler", pair.address, *words, "--rounds", "2", "--label", "link", cwd=tmp_path
        )
        seen = [parts_under_way() for _ in samples(100, running)]
        done = finish(running)
        assert done.code in (0, 7), done.err
        assert {key for sample in seen for key in sample} == {SERVER, CLIENT}
        assert any(len(sample) == 2 for sample in seen), "the halves were never there at once"
        result = load(tmp_path / "results" / f"link-{A}-{B}.json")
        record = result.ipcbench
        assert isinstance(record.between, Between)
        assert (record.between.server, record.between.client) == (A, B)
        assert record.between.machine.cpus == os.cpu_count()
        assert {case.verdict for case in record.cases} == {"ok"}
        assert len(record.cases) == 12
        assert all(case.id.endswith(f"/{BETWEEN_HOSTS}") and "digests" in case.proof for case in record.cases)
        assert each_once(result, 2)
        assert "127.0.0.1" not in (tmp_path / "results" / f"link-{A}-{B}.json").read_text()

        reported = run("report", f"results/link-{A}-{B}.json", "--out", "page", cwd=tmp_path)
        assert reported.code == 0, reported.err
        page = (tmp_path / "page" / "report.html").read_text()
        assert f"client {B} and server {A}" in page

    def test_a_pair_is_compared_with_another_and_never_put_together_with_what_one_host_measured(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        for label in ("one", "two"):
            assert fleet(pair, tmp_path, "pair", *CASE, "--rounds", "3", "--label", label).code in (0, 7)
        local = run("run", *CASE, "--pattern", "ping-pong", "--rounds", "3", "--label", "here", cwd=tmp_path)
        assert local.code in (0, 7)
        one, two, here = (f"results/{name}.json" for name in (f"one-{A}-{B}", f"two-{A}-{B}", "here"))
        done = run("compare", one, two, cwd=tmp_path)
        assert (done.code, done.errors) == (0, [])
        done = run("compare", here, one, cwd=tmp_path)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "no case in common" in done.err
        done = run("merge", here, one, "--label", "both", cwd=tmp_path)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "between other hosts, or not between hosts" in done.err
        assert run("merge", one, two, "--label", "both", cwd=tmp_path).code == 0

    def test_a_visit_of_which_one_half_is_lost_with_its_dask_worker_is_made_again(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        words = (*CASE, "--rounds", "4", "--label", "k")
        running = start("fleet", "pair", "--scheduler", pair.address, *words, cwd=tmp_path)
        assert until(lambda: len(journal_of(tmp_path, "k", A, B)) > 1, 60)
        _, client = hold(60, SERVER, CLIENT)
        os.kill(pair.worker_of(OF[A]), signal.SIGKILL)
        os.kill(client, signal.SIGCONT)
        done = finish(running, 120)
        assert done.code in (0, 7), done.err
        result = load(tmp_path / "results" / f"k-{A}-{B}.json")
        assert each_once(result, 4)
        assert sum(AGAIN in visit.notes for visit in result.ipcbench.visits) == 1

    @pytest.mark.parametrize("kind", [SERVER, CLIENT], ids=lambda kind: str(kind[1]))
    def test_a_visit_of_which_one_half_is_killed_is_tried_once_more(
        self, pair: Cluster, tmp_path: Path, kind: tuple[str, str]
    ) -> None:
        words = (*CASE, "--rounds", "3", "--label", "h")
        running = start("fleet", "pair", "--scheduler", pair.address, *words, cwd=tmp_path)
        assert until(lambda: len(journal_of(tmp_path, "h", A, B)) > 1, 60)
        other = CLIENT if kind == SERVER else SERVER
        victim, survivor = hold(60, kind, other)
        os.kill(victim, signal.SIGKILL)
        os.kill(survivor, signal.SIGCONT)
        done = finish(running, 120)
        assert done.code in (0, 7), done.err
        result = load(tmp_path / "results" / f"h-{A}-{B}.json")
        assert each_once(result, 3)
        assert [case.retried for case in result.ipcbench.cases] == [1]

    def test_ctrl_c_ends_both_halves_and_resume_loses_and_doubles_none(self, pair: Cluster, tmp_path: Path) -> None:
        words = (*CASE, "--rounds", "5", "--label", "i")
        running = start("fleet", "pair", "--scheduler", pair.address, *words, cwd=tmp_path)
        assert until(lambda: len(journal_of(tmp_path, "i", A, B)) > 1 and len(parts_under_way()) == 2, 60)
        os.kill(running.pid, signal.SIGINT)
        done = finish(running, 40)
        assert done.code == 130
        assert until(lambda: not parts_under_way(), 10.0)
        assert f"to continue: {sys.executable} -m ipcbench fleet pair --scheduler {pair.address} --resume i" in done.out
        before = journal_of(tmp_path, "i", A, B)
        done = run("run", "--resume", f"i-{A}-{B}", cwd=tmp_path)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "between two hosts, which 'fleet pair' measures" in done.err
        done = fleet(pair, tmp_path, "pair", "--resume", "i")
        assert done.code in (0, 7), done.err
        result = load(tmp_path / "results" / f"i-{A}-{B}.json")
        assert each_once(result, 5)
        values = [tuple(found.values) for found in result.benchmarks[0].runs]
        assert all(not entry.round or values[entry.round - 1] == entry.outcome.values for entry in before)
        done = fleet(pair, tmp_path, "pair", "--resume", "i")
        assert (done.code, len(done.errors)) == (2, 1)
        assert "no run to continue" in done.err

    def test_two_pairs_and_a_run_on_the_same_two_hosts_wait_for_each_other_and_all_finish(
        self, pair: Cluster, tmp_path: Path
    ) -> None:
        common = ("--scheduler", pair.address, "--size", "64B", "--rounds", "3", "--quiet")
        ends = ("--server", B, "--client", A)
        commands = [
            ("pair", *common, "--mechanism", "tcp", "--label", "one"),
            ("pair", *common, "--mechanism", "tcp", "--label", "two", *ends),
            ("run", *common, "--mechanism", "pipe-bytes", "--pattern", "ping-pong", "--label", "three"),
        ]
        running = [start("fleet", *words, cwd=tmp_path) for words in commands]
        most = Counter[str]()
        while any(each.poll() is None for each in running):
            now = Counter(host for (host, _), parts in parts_under_way().items() for _ in parts)
            most |= now
        for done in [finish(each, 150) for each in running]:
            assert done.code in (0, 7), done.err
        assert most == {"a": 1, "b": 1}, "two visits on one host"
        names = [f"one-{A}-{B}", f"two-{B}-{A}", f"three-{A}", f"three-{B}"]
        assert all(each_once(load(tmp_path / "results" / f"{name}.json"), 3) for name in names)

    def test_what_no_pair_can_be_is_one_line_each(self, cluster: Cluster, tmp_path: Path) -> None:
        cluster.add("a", "a")
        done = fleet(cluster, tmp_path, "pair", *CASE)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "a pair needs two hosts, and the fleet has one" in done.err

        cluster.add("b", "b")
        for words, said in [
            (("--server", A, "--client", A), f"server and client are both {A}"),
            (("--server", "unheard"), f"unknown host 'unheard': expected one of {A}, {B}"),
            (("--interface", "10.255.255.1"), f"'10.255.255.1' is not an IPv4 address of host {A}: expected one of"),
            (("--interface", "0.0.0.0"), f"'0.0.0.0' is not an IPv4 address of host {A}: expected one of"),
        ]:
            done = fleet(cluster, tmp_path, "pair", *CASE, *words)
            assert (done.code, len(done.errors)) == (2, 1), done.err
            assert said in done.err

        cluster.add("c", "c")
        done = fleet(cluster, tmp_path, "pair", *CASE)
        assert (done.code, len(done.errors)) == (2, 1)
        assert "--server and --client: say which two of" in done.err
        assert not (tmp_path / "results").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mechanism", "queue"), "mechanism queue is not measured between hosts: expected one of "),
        (("--mechanism", "pip*"), "mechanism pip* is not measured between hosts: expected one of "),
        (("--mechanism", "nonsense"), "unknown mechanism 'nonsense'"),
        (("--pattern", "fan-in"), "pattern fan-in is not measured between hosts: expected one of ping-pong, stream"),
        (("--suite", "latency"), "leave out --suite"),
        (("--workers", "2", "--placement", "pack"), "leave out --workers, --placement"),
    ],
)
def test_what_makes_no_sense_between_hosts_is_one_line_before_anybody_is_asked(
    within: Callable[..., Any], words: tuple[str, ...], said: str
) -> None:
    done = within("fleet", "pair", "--scheduler", "tcp://127.0.0.1:9", *words)
    assert (done.code, len(done.errors)) == (2, 1)
    assert said in done.err


def test_all_that_reaches_another_host_is_planned_but_the_trap_which_must_be_asked_for() -> None:
    names = {case.mechanism for case in cases_between(Request())}
    assert names == set(far_mechanisms()) - {"tcp-split"}
    assert {"tcp", "tcp-nodelay", "listener-tcp", "manager-tcp", "zmq-tcp", "nng-tcp"} <= names
    (case,) = cases_between(Request(mechanisms=("tcp-split",), sizes=(64,)))
    assert case.id == "ping-pong/tcp-split/64B/1w/between-hosts"
    assert Case.parse(case.id) == case


def test_a_case_that_one_host_cannot_have_its_half_of_is_skipped_with_that_hosts_name() -> None:
    cases = cases_between(Request(mechanisms=("tcp", "zmq-tcp", "listener-tcp"), sizes=(64,)))
    reasons = {"aaaaaaaa": [None, "no zmq", "too large"], "bbbbbbbb": [None, None, "too large"]}
    plan = plan_between(cases, reasons, 1, Budget(rounds=1), Timing())
    assert [case.mechanism for case in plan.cases] == ["tcp"]
    assert [skip.reason for skip in plan.skips] == ["host aaaaaaaa: no zmq", "too large"]
    with pytest.raises(BadRequest, match="no case left"):
        plan_between(cases[1:2], {"aaaaaaaa": ["no zmq"], "bbbbbbbb": [None]}, 1, Budget(rounds=1), Timing())


def test_a_pair_of_hosts_differs_where_either_does() -> None:
    here = identity()
    other = msgspec.structs.replace(here, host="other", interpreter="CPython 3.99.0")
    assert both(here, here).interpreter == here.interpreter
    assert differences(both(here, here), both(here, here)) == []
    found = differences(both(here, here), both(here, other))
    assert found[0] == "another machine"
    assert any("3.99.0" in line for line in found)


class FakeFleet:
    """Two hosts that hold and begin at once; what their halves answer is given, None for a host that is lost."""

    def __init__(self, *answers: dict[str, bytes | None]) -> None:
        self.answers = list(answers)
        self.log: list[str] = []

    def find(self, name: str, _stop: Stop) -> str:
        return f"tcp://{name}"

    def forget(self, name: str) -> None:
        self.log.append(f"forget {name}")

    def workers(self) -> frozenset[str]:
        return frozenset(f"tcp://{name}" for name, answer in self.answers[0].items() if answer is not None)

    def submit(self, address: str, _task: str, *_: object, retries: int) -> FakeFuture:
        assert retries == 0, "a half that Dask makes again would wait for another that does not come"
        self.log.append(f"submit {address}")
        return FakeFuture(self.answers[0][address.removeprefix("tcp://")])

    def at(self, address: str, function: Callable[..., Any], *_: object) -> object:
        name = function.__name__
        self.log.append(f"{name} {address}")
        if name == "begin":
            return True
        return Meeting("10.0.0.1", 1, "aa") if name == "published" else True

    def stop_visit(self, address: str, _task: str) -> None:
        self.log.append(f"stop {address}")
        self.answers[1:] and self.answers.pop(0)


class FakeFuture:
    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer

    def add_done_callback(self, call: Callable[[FakeFuture], None]) -> None:
        if self.answer is not None:
            call(self)

    def result(self, timeout: float) -> bytes | None:
        assert timeout > 0
        return self.answer

    def cancel(self) -> None:
        pass


def said(**what: object) -> bytes:
    return msgspec.json.encode(what)


S, C = "aaaaaaaa", "bbbbbbbb"
GOOD = said(outcome=outcome(notes=("loaded",)))
VISIT = Visit(PLAN.cases[0], 1, 0, 7)


def visitor_of(fleet: FakeFleet, stop: Stop) -> PairVisitor:
    return PairVisitor(fleet, Ends(S, C, "10.0.0.1"), Timing(), stop, "warden")  # type: ignore[arg-type]


@with_dask
def test_hosts_are_held_in_the_order_of_their_ids_and_neither_begins_before_both_are(stop: Stop) -> None:
    fleet = FakeFleet({S: GOOD, C: GOOD})
    for ends in (Ends(S, C, "10.0.0.1"), Ends(C, S, "10.0.0.1")):
        fleet.log.clear()
        visitor = PairVisitor(fleet, ends, Timing(), stop, "warden")  # type: ignore[arg-type]
        visitor.visit(VISIT)
        assert fleet.log[:4] == [f"submit tcp://{S}", f"is_held tcp://{S}", f"submit tcp://{C}", f"is_held tcp://{C}"]
        assert fleet.log[4:7] == [
            f"begin tcp://{ends.server}",
            f"published tcp://{ends.server}",
            f"begin tcp://{ends.client}",
        ]


@with_dask
@pytest.mark.parametrize(
    ("server", "client", "found"),
    [
        (said(notes=["throttled"]), GOOD, outcome(notes=("loaded", "throttled"))),
        (said(failure=Failure("leaked", "exit", "x")), GOOD, Failure("leaked", "exit", f"host {S}: x")),
        (
            said(notes=[]),
            said(failure=Failure("unverified", "verification", "y")),
            Failure("unverified", "verification", f"host {C}: y"),
        ),
        (
            said(failure=Failure("failed", "timing", "x")),
            said(failure=Failure("failed", "timing", "y")),
            Failure("failed", "timing", f"host {S}: x"),
        ),
        (said(stopped=True), GOOD, Failure("failed", "timing", f"host {S}: it did not end when the other half had")),
        (said(notes=[]), said(notes=[]), Failure("failed", "start", "the client's host said nothing of what it found")),
        (said(trouble="process 17"), GOOD, IpcbenchError("process 17")),
        (b"{", GOOD, IpcbenchError("its answer cannot be read")),
    ],
)
def test_what_comes_of_two_halves_is_what_comes_of_the_visit(
    stop: Stop, server: bytes, client: bytes, found: Failure | Exception
) -> None:
    visitor = visitor_of(FakeFleet({S: server, C: client}), stop)
    if not isinstance(found, Exception):
        assert visitor.visit(VISIT) == found
        return
    with pytest.raises(type(found), match=str(found)):
        visitor.visit(VISIT)


@with_dask
def test_a_visit_whose_host_was_lost_or_is_another_by_now_is_made_again_and_says_so(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair_visitor, "LAST_WORDS", 0.05)
    fleet = FakeFleet({S: None, C: GOOD}, {S: said(notes=[]), C: GOOD})
    assert visitor_of(fleet, stop).visit(VISIT) == outcome(notes=("loaded", AGAIN))
    fleet = FakeFleet({S: said(elsewhere=True), C: GOOD})
    assert visitor_of(fleet, stop).visit(VISIT) == Failure(
        "failed", "start", "a Dask worker was lost 3 times under this visit"
    )
    assert fleet.log.count(f"forget {S}") == 3


@with_dask
def test_a_host_that_is_not_free_in_time_spoils_the_visit_and_the_other_is_let_go(
    stop: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(half, "LONGEST_HOLD", 0.05)
    monkeypatch.setattr(pair_visitor, "LAST_WORDS", 0.05)

    class Busy(FakeFleet):
        def submit(self, address: str, _task: str, *_: object, retries: int) -> FakeFuture:
            super().submit(address, _task, retries=retries)
            return FakeFuture(None)

        def at(self, address: str, function: Callable[..., Any], *_: object) -> object:
            return function.__name__ == "is_held" and address == f"tcp://{S}"

    fleet = Busy({S: b"", C: b""})
    assert visitor_of(fleet, stop).visit(VISIT) == Failure("failed", "start", f"host {C} was not free in 0 s")
    assert {f"stop tcp://{S}", f"stop tcp://{C}"} <= set(fleet.log)


def test_a_half_that_nobody_lets_begin_gives_its_host_back(stop: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half, "LONGEST_HOLD", 0.05)
    with pytest.raises(IpcbenchError, match="the other half of a visit was not there"):
        half._await_word(half._Half(), stop)
    stop.by = 2
    with pytest.raises(Interrupted):
        half._await_word(half._Half(), stop)
