"""Advice: who is ranked, who is out and why, the nearest where nothing was measured, and one line for every mistake."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from commands import Finished
from paths import RESULTS
from synthetic import make_cases, make_result, model_seconds

from ipcbench.analysis.advice.advise import Advice, advise
from ipcbench.analysis.advice.need import Need, questions_of, ruled_out
from ipcbench.analysis.stats import summarise
from ipcbench.cli.output import LONGEST_LINE
from ipcbench.errors import BadRequest
from ipcbench.machine.facts import machine_id
from ipcbench.model import Case
from ipcbench.plan import catalog
from ipcbench.report.content import advice as shown
from ipcbench.report.page.terminal import printed
from ipcbench.results import store
from ipcbench.results.frame import case_frame, visit_frame
from ipcbench.results.schema import ResultFile

Within = Callable[..., Finished]
FIRST = "2026-01-15T10:20:30+00:00"
NAMES = ("pipe", "queue", "simple-queue", "manager-queue")


def need(**changed: object) -> Need:
    given: dict[str, object] = {"questions": ("ping-pong",), "producers": 1, "consumers": 1, "workers": 1, "size": 64}
    return Need(**given | changed)  # type: ignore[arg-type]


def answer(result: ResultFile, wanted: Need) -> Advice:
    visits = visit_frame(result)
    return advise(result.ipcbench.mechanisms, summarise(case_frame(result), visits), visits, wanted)


def trips(names: Sequence[str], sizes: Sequence[int] = (64,), **more: object) -> ResultFile:
    cases = [Case("ping-pong", name, size) for name in names for size in sizes]
    return make_result(cases, 6, noise=0.002, **more)  # type: ignore[arg-type]


def spins(result: ResultFile, name: str) -> ResultFile:
    for facts in result.ipcbench.mechanisms:
        if facts.name == name:
            facts.wait = "spin"
    return result


def test_the_fastest_comes_first_with_its_interval_and_how_far_the_others_are_behind() -> None:
    found = answer(trips(NAMES), need())
    assert [option.mechanism for option in found.options] == ["pipe", "simple-queue", "queue", "manager-queue"]
    assert found.exact
    assert found.options[0].best
    assert found.options[1].slowdown.value == pytest.approx(98 / 50, rel=0.02)
    assert found.options[1].slowdown.low < found.options[1].slowdown.value < found.options[1].slowdown.high


def test_what_is_less_than_three_percent_behind_is_tied() -> None:
    found = answer(trips(["pipe", "pipe-bytes", "queue"]), need())
    assert [option.tied for option in found.options] == [False, True, False]


def at_rate(seconds: dict[str, float], delay: dict[str, float], rate: str = "1k") -> ResultFile:
    """Return a run of fan-out at a rate, with these times per message and delays of all messages."""
    cases = [Case("fan-out", name, 64, 2, f"rate-{rate}") for name in seconds]
    result = make_result(cases, 6, noise=0.002, seconds=lambda case: seconds[case.mechanism])
    for visit in result.ipcbench.visits:
        visit.tail = [(int(1e9 * delay[Case.parse(visit.case).mechanism]), 200)]
    return result


FAN_OUT = {"questions": ("fan-out:rate-1k",), "consumers": 2, "workers": 2, "by": "p99"}


def test_at_a_rate_the_least_delay_wins_and_who_does_not_keep_up_is_out() -> None:
    seconds = {"queue": 1e-3, "simple-queue": 1e-3, "manager-queue": 2e-3}
    result = at_rate(seconds, {"queue": 3e-3, "simple-queue": 1e-3, "manager-queue": 1e-6})
    found = answer(result, need(**FAN_OUT))
    assert [option.mechanism for option in found.options] == ["simple-queue", "queue"]
    assert found.keeps_up
    assert found.options[0].value.value == pytest.approx(1e-3, rel=0.01)
    assert found.options[1].slowdown.value == pytest.approx(3, rel=0.02)
    assert {out.mechanism: out.reason for out in found.out} == {"manager-queue": "keeps up with 500 /s of 1.00 k/s"}


def test_a_rate_that_nobody_keeps_up_with_is_said() -> None:
    found = answer(at_rate({"queue": 2e-3, "simple-queue": 4e-3}, {"queue": 1.0, "simple-queue": 2.0}), need(**FAN_OUT))
    assert [option.mechanism for option in found.options] == ["queue", "simple-queue"]
    assert not found.keeps_up
    source = shown.source_of("x.json", at_rate({"queue": 2e-3}, {"queue": 1.0}).ipcbench, here=True)
    assert "None of them keeps up with 1 k/s." in shown.sentences(found, source)
    assert shown.tables(found)[0].header[3] == "Rate achieved"


@pytest.mark.parametrize(("by", "first"), [("memory", "queue"), ("cpu", "simple-queue"), ("time", "pipe")])
def test_the_ranking_can_be_by_memory_or_cpu_time(by: str, first: str) -> None:
    result = trips(["pipe", "queue", "simple-queue"])
    for visit in result.ipcbench.visits:
        name = Case.parse(visit.case).mechanism
        visit.memory = (10_000_000 if name == "queue" else 20_000_000, 0, 0)
        visit.cpu_user, visit.cpu_system = (0.1 if name == "simple-queue" else 0.2), 0.0
    found = answer(result, need(by=by))
    assert found.options[0].mechanism == first
    (ranking, *_) = shown.tables(found)
    titles = {"memory": "Memory", "cpu": "CPU per operation", "time": "Time"}
    assert ranking.header[1] == f"{titles[by]} (95 % interval)"
    assert ranking.rows[0][0] == first
    assert found.options[0].value.value > 0


def test_what_was_not_measured_cannot_be_ranked_by() -> None:
    with pytest.raises(BadRequest, match=r"--rank-by memory: this was not measured in these cases\Z"):
        answer(trips(["pipe", "queue"]), need(by="memory"))


@pytest.mark.parametrize(
    ("pattern", "workers", "gain"), [("fan-out", 2, 1.6), ("broadcast", 2, 3.2), ("pipeline", 4, 6.4)]
)
def test_a_plain_loop_and_threads_that_do_the_same_work_are_compared_with_the_best(
    pattern: str, workers: int, gain: float
) -> None:
    cases = [Case(pattern, name, 64, workers, "work-1ms") for name in ("queue", "simple-queue")]
    cases += [Case("tasks", "serial", 64, 1, "map-work-1ms"), Case(pattern, "thread-queue", 64, workers, "work-1ms")]
    seconds = {"queue": 0.5e-3, "simple-queue": 0.9e-3, "serial": 0.8e-3, "thread-queue": 1e-3}
    result = make_result(
        cases, 6, noise=0.001, seconds=lambda case: seconds[case.mechanism], unranked=["serial", "thread-queue"]
    )
    found = answer(result, need(questions=(f"{pattern}:work-1ms",), workers=workers))
    loop, threads = found.baselines
    assert loop.gain
    assert loop.gain.value == pytest.approx(gain, rel=0.02)  # in the last two each worker works on each message
    assert threads.gain
    assert threads.gain.value == pytest.approx(2, rel=0.02)
    assert "thread-queue" not in {option.mechanism for option in found.options}
    source = shown.source_of("x.json", result.ipcbench, here=True)
    said = shown.sentences(found, source)
    assert any(line.startswith("A plain loop in one process takes ") for line in said)
    assert any(line.startswith("Threads (thread-queue) take ") for line in said)


def test_what_spins_is_out_unless_anything_may_wait_as_it_likes() -> None:
    result = spins(trips(["pipe", "queue"]), "pipe")
    without, both = answer(result, need()), answer(result, need(musts=("any",)))
    assert [option.mechanism for option in without.options] == ["queue"]
    assert without.out[0].reason.startswith("spins, which costs a CPU")
    assert [(option.mechanism, option.wait) for option in both.options] == [("pipe", "spin"), ("queue", "block")]
    assert both.options[1].slowdown.value > 2


def test_everybody_else_is_out_with_a_reason() -> None:
    failed = "ping-pong/manager-queue/64B/1w"
    result = trips(["pipe", "queue", "manager-queue", "value"], verdicts={failed: ("failed", "exit 1")})
    result.ipcbench.mechanisms[[facts.name for facts in result.ipcbench.mechanisms].index("pipe")].carries = "bytes"
    found = answer(result, need(payload="bytes", musts=("objects",)))
    assert {each.mechanism: each.reason for each in found.out} == {
        "manager-queue": "failed: timed: exit 1",
        "pipe": "does not carry objects",
        "value": "carries one number of 8 B",
    }


def test_a_size_between_has_the_nearest_one_and_a_modelled_time_beside_it() -> None:
    sizes = (64, 4096, 65_536, 2**20)
    found = answer(trips(["pipe", "queue"], sizes), need(size=30_000))
    assert (found.exact, found.size, found.sizes) == (False, 65_536, sizes)
    for option in found.options:
        assert option.modelled is not None
        assert option.modelled.value == pytest.approx(
            model_seconds(Case("ping-pong", option.mechanism, 30_000)), rel=0.05
        )
        assert option.modelled.low <= option.modelled.value <= option.modelled.high


@pytest.mark.parametrize("size", [8, 2**24])
def test_nothing_is_modelled_beyond_what_was_measured(size: int) -> None:
    found = answer(trips(["pipe"], (64, 4096, 65_536, 2**20)), need(size=size))
    assert [option.modelled for option in found.options] == [None]


def test_a_number_of_workers_between_is_modelled_by_the_scalability_law() -> None:
    cases = [Case("counter", "value", 8, workers) for workers in (1, 2, 4, 8)]
    found = answer(make_result(cases, 6, noise=0.001), need(questions=("counter",), producers=3, workers=3, size=8))
    assert not found.exact
    assert found.options[0].modelled is not None
    assert found.options[0].modelled.value == pytest.approx(model_seconds(Case("counter", "value", 8, 3)), rel=0.05)


def test_a_size_measured_for_one_mechanism_alone_decides_nothing_between_all() -> None:
    cases = [*(Case("ping-pong", name, 65_536) for name in NAMES), Case("ping-pong", "queue", 32_768)]
    found = answer(make_result(cases, 5), need(size=32_768))
    assert found.size == 65_536
    assert len(found.options) == len(NAMES)


def test_two_that_were_measured_as_asked_come_before_many_that_were_not() -> None:
    cases = [Case("ping-pong", name, 64) for name in NAMES] + [Case("ping-pong", name, 2**20) for name in NAMES[:2]]
    found = answer(make_result(cases, 5), need(size=2**20))
    assert (found.exact, found.size, {option.mechanism for option in found.options}) == (True, 2**20, set(NAMES[:2]))


def test_the_second_question_answers_where_the_first_was_not_measured() -> None:
    cases = [Case("task-queue", name, 64, 4) for name in ("queue", "simple-queue")]
    found = answer(make_result(cases, 5), need(questions=("fan-out", "task-queue"), consumers=4, workers=4))
    assert (found.question, len(found.options)) == ("task-queue", 2)


def test_cases_of_another_placement_are_not_mixed_in() -> None:
    cases = [Case("ping-pong", name, 64) for name in NAMES]
    cases += [Case("ping-pong", "pipe", 64, placement="pack")]
    result = make_result(cases, 5)
    assert answer(result, need()).placement == "spread"
    packed = answer(result, need(placement="pack"))
    assert (packed.placement, [option.mechanism for option in packed.options]) == ("pack", ["pipe"])


def test_awake_cases_are_not_mixed_in() -> None:
    result = make_result([Case("ping-pong", name, 64, cpus=cpus) for name in NAMES for cpus in ("idle", "awake")], 5)
    assert answer(result, need()).cpus == "idle"
    awake = answer(result, need(cpus="awake"))
    assert (awake.cpus, len(awake.options)) == ("awake", len(answer(result, need()).options))


def test_no_case_is_no_option() -> None:
    assert answer(trips(["pipe"]), need(questions=("stream",))).options == ()


@pytest.mark.parametrize(
    ("word", "producers", "consumers", "questions"),
    [
        ("", 1, 1, ("ping-pong",)),
        ("latency", 1, 1, ("ping-pong",)),
        ("throughput", 1, 1, ("stream",)),
        ("", 1, 4, ("fan-out", "task-queue")),
        ("throughput", 1, 4, ("fan-out",)),
        ("tasks", 1, 4, ("task-queue",)),
        ("", 4, 1, ("fan-in",)),
        ("", 4, 4, ("many-to-many",)),
        ("state", 4, 1, ("counter",)),
        ("read", 1, 1, ("access:read",)),
        ("broadcast", 1, 4, ("broadcast",)),
    ],
)
def test_the_question_follows_from_the_numbers_or_the_word(
    word: str, producers: int, consumers: int, questions: tuple[str, ...]
) -> None:
    assert questions_of(word, producers, consumers, catalog.questions()) == questions


@pytest.mark.parametrize(("word", "producers", "consumers"), [("latency", 1, 2), ("tasks", 2, 1), ("speed", 1, 1)])
def test_a_word_that_contradicts_the_numbers_is_refused(word: str, producers: int, consumers: int) -> None:
    with pytest.raises(BadRequest):
        questions_of(word, producers, consumers, catalog.questions())


@pytest.mark.parametrize(
    ("name", "wanted", "reason"),
    [
        ("pipe", need(questions=("fan-in",), producers=2), "one sender only"),
        ("pipe", need(musts=("many-receivers",)), "one receiver only"),
        ("queue", need(musts=("end-of-file",)), "a receiver does not see the end of a killed sender"),
        ("queue", need(musts=("cross-host",)), "stays on one host"),
        ("tcp", need(musts=("cross-host", "end-of-file")), None),
        ("pipe-bytes", need(payload="object"), None),
        ("array", need(questions=("access:read",), payload="object"), "holds bytes, not objects"),
        ("value", need(), "carries one number of 8 B"),
        ("no-op", need(), "a control or baseline, which does not answer the question"),
        ("queue", need(family="pipes"), "not of the family pipes"),
        ("queue", need(musts=("ordered", "objects", "many-to-many")), None),
    ],
)
def test_real_mechanisms_are_ruled_out_by_what_they_declare(name: str, wanted: Need, reason: str | None) -> None:
    assert ruled_out(catalog.mechanism(name), wanted) == reason


# The command


def keep(
    result: ResultFile, folder: Path, name: str, *, here: bool, started: str = "2026-01-15T10:20:30+00:00"
) -> Path:
    """Save results as this machine, or another one, would have made them at some time."""
    result.ipcbench.machine.id = machine_id() if here else "0123456789abcdef"
    result.ipcbench.started = result.ipcbench.repeats[0].started = started
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    store.save(result, path, replace=False)
    return path


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    return keep(make_result(make_cases(mechanisms=NAMES), 6), tmp_path / "results", "laptop", here=True)


def test_the_run_that_began_last_answers_and_a_label_or_path_chooses_another(laptop: Path, within: Within) -> None:
    older = keep(trips(["queue"]), laptop.parent, "older", here=True, started="2025-12-31T23:59:59+00:00")
    os.utime(laptop, (1, 1))  # when a file was written, copied or checked out says nothing
    assert "Take pipe: " in within("advise").out
    for source in ("older", str(older)):
        assert "Take queue: " in within("advise", "--from", source).out


def test_an_answer_says_whose_machine_it_is_about_and_when(laptop: Path, within: Within) -> None:
    away = keep(trips(["queue"], cpus=8), laptop.parent, "server", here=False, started="2026-03-04T05:06:07+00:00")
    own, others = within("advise").out, within("advise", "--from", "server").out
    assert "from results/laptop.json, measured on this machine, 2026-01-15." in own
    said = "measured on Example CPU 3000 @ 2.50GHz with 8 CPUs, 2026-03-04, not on this machine"
    assert f"from results/server.json, {said}." in others
    assert said in within("advise", "--from", "server", "--format", "markdown").out.replace("&#64;", "@")
    found = json.loads(within("advise", "--from", str(away), "--format", "json").out)["source"]
    assert (found["file"], found["since"], found["here"]) == (str(away), "2026-03-04", False)


def test_a_small_run_does_not_hide_what_an_older_run_of_this_machine_answers(tmp_path: Path, within: Within) -> None:
    folder = tmp_path / "results"
    tasks = [Case("task-queue", name, 64, 4) for name in ("queue", "simple-queue")]
    keep(make_result(tasks, 6), folder, "large", here=True, started="2026-02-01T00:00:00+00:00")
    keep(trips(["pipe", "queue"]), folder, "small", here=True, started="2026-02-02T00:00:00+00:00")
    assert "results/large.json" in within("advise", "--consumers", "4", "--need", "tasks").out
    assert "results/small.json" in within("advise").out
    nobody = within("advise", "--need", "throughput")
    assert (nobody.code, nobody.out) == (2, "")
    assert "small.json" in nobody.err


def test_a_reason_that_several_mechanisms_share_is_said_once(within: Within) -> None:
    done = within("advise", "--need", "ping-pong", "--producers", "3", "--consumers", "4")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert done.err.count("ping-pong is between") == 1, done.err


def test_what_another_machine_measured_never_answers_unasked(tmp_path: Path, within: Within) -> None:
    for name in ("reference", "third-party"):
        keep(trips(["queue"]), tmp_path / "results", name, here=False, started="2027-01-01T00:00:00+00:00")
    done = within("advise")
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "results: no results of this machine yet; --from answers from" in done.err
    assert "; to measure: python -m ipcbench which" in done.err
    assert "--from answers from results of another machine: reference and third-party" in done.err
    keep(trips(["pipe"]), tmp_path / "results", "own", here=True)
    assert "Take pipe: " in within("advise").out


@pytest.mark.skipif(not RESULTS.exists(), reason="there is no source tree with results")
def test_a_fresh_clone_answers_from_what_is_shipped_only_by_name(tmp_path: Path, within: Within) -> None:
    shutil.copytree(RESULTS, tmp_path / "results", ignore=shutil.ignore_patterns("harness.json"))
    words = ("advise", "--consumers", "4", "--size", "64KiB")
    done = within(*words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "no results of this machine yet" in done.err
    assert re.search(
        r"measured on .+, 2026-\d\d-\d\d, not on this machine\.", within(*words, "--from", "reference").out
    )


def test_reading_an_answer_writes_nothing_into_the_state_folder(
    tmp_path: Path, within: Within, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(trips(["queue"]), tmp_path / "results", "server", here=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert within("advise").code == 2
    assert "Take queue: " in within("advise", "--from", "server").out
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("size", [8, 15, 2**20 + 2**10])
def test_a_size_beyond_a_factor_of_four_has_no_answer(size: int) -> None:
    assert answer(trips(["pipe", "queue"], (64, 2**18)), need(size=size)).far


@pytest.mark.parametrize("size", [16, 64, 256, 2**16, 2**20])
def test_a_size_within_a_factor_of_four_is_answered(size: int) -> None:
    assert not answer(trips(["pipe", "queue"], (64, 2**18)), need(size=size)).far


@pytest.mark.parametrize(
    ("measured", "asked", "far"),
    [(4, 8, False), (4, 2, False), (4, 9, True), (1, 2, True), (2, 1, True), (4, 4, False)],
)
def test_workers_beyond_a_factor_of_two_and_one_for_many_have_no_answer(measured: int, asked: int, far: bool) -> None:
    cases = [Case("task-queue", name, 64, measured) for name in ("queue", "simple-queue")]
    found = answer(make_result(cases, 5), need(questions=("task-queue",), consumers=asked, workers=asked))
    assert (found.workers, found.far) == (measured, far)


def test_one_mechanism_near_what_was_asked_comes_before_many_that_are_too_far() -> None:
    cases = [*(Case("ping-pong", name, 64) for name in NAMES), Case("ping-pong", "queue", 32_768)]
    found = answer(make_result(cases, 5), need(size=32_768))
    assert (found.size, found.far, [option.mechanism for option in found.options]) == (32_768, False, ["queue"])


def test_a_second_question_that_was_measured_near_comes_before_a_first_that_was_not() -> None:
    cases = [Case("fan-out", name, 64, 4) for name in ("queue", "simple-queue")]
    cases += [Case("task-queue", name, 65_536, 4) for name in ("queue", "simple-queue")]
    wanted = need(questions=("fan-out", "task-queue"), consumers=4, workers=4, size=65_536)
    found = answer(make_result(cases, 5), wanted)
    assert (found.question, found.exact) == ("task-queue", True)


@pytest.mark.usefixtures("laptop")
@pytest.mark.parametrize(
    ("words", "asked"), [(["--size", "16MiB"], "16 MiB with 1 worker"), (["--need", "tasks"], "64 B with 1 worker")]
)
def test_what_is_too_far_is_one_line_that_says_how_to_measure_it(
    tmp_path: Path, within: Within, words: list[str], asked: str
) -> None:
    cases = [Case("task-queue", name, 64, 4) for name in NAMES[:3]] + [Case("ping-pong", name, 64) for name in NAMES]
    keep(make_result(cases, 6), tmp_path / "results", "newer", here=True, started="2026-02-01T00:00:00+00:00")
    done = within("advise", "--from", "newer", *words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert f"too far from {asked} for an answer; to measure it: python -m ipcbench which --" in done.err


@pytest.mark.usefixtures("laptop")
def test_a_distance_is_said_before_the_answer(within: Within) -> None:
    first, *rest = within("advise", "--size", "32KiB").out.splitlines()
    assert "No two mechanisms were measured at ping-pong of 32 KiB with 1 worker" in first
    assert re.search(r"the nearest case: .+, by a factor of \d(\.\d)? (larger|smaller), with 1 worker", first)
    assert any(line.startswith("Take ") for line in rest)


@pytest.mark.usefixtures("laptop")
def test_the_table_names_times_ties_differences_and_who_is_out(within: Within) -> None:
    done = within("advise", "--consumers", "4", "--need", "tasks")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^Take simple-queue|^Take pipe", done.out, re.MULTILINE)
    assert "task-queue of 64 B with 4 workers" in done.out
    assert "CPU per operation" in done.out
    assert "1.32×" in done.out or "best" in done.out


@pytest.mark.usefixtures("laptop")
def test_json_has_the_same_in_seconds_and_bytes(within: Within) -> None:
    found = json.loads(within("advise", "--size", "1MiB", "--format", "json").out)
    assert found["size"] == 2**20
    assert found["options"][0]["mechanism"] == "pipe"
    assert found["options"][0]["slowdown"]["value"] == 1.0
    assert found["options"][0]["modelled"] is None


@pytest.mark.usefixtures("laptop")
def test_markdown_is_tables(within: Within) -> None:
    out = within("advise", "--format", "markdown").out
    assert "| Mechanism | Time (95 % interval) | × best | CPU per operation |" in out


@pytest.mark.usefixtures("laptop")
def test_a_size_that_was_not_measured_is_said_and_modelled(within: Within) -> None:
    out = within("advise", "--size", "16KiB").out
    assert "No two mechanisms were measured at ping-pong of 16 KiB with 1 worker" in out
    assert "modelled " in out


@pytest.mark.usefixtures("laptop")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "nope"], r"unknown label 'nope' in results: known: laptop"),
        (["--from", "nope.json"], r"nope\.json: no such file"),
        (["--size", "1GiB"], r"size '1GiB': expected 0B to 256MiB"),
        (["--producers", "0"], r"producers '0': expected a whole number from 1 to 1,024"),
        (["--consumers", "x"], r"consumers 'x'"),
        (["--need", "latency", "--consumers", "2"], r"--need latency is about one producer and one consumer"),
        (["--need", "latncy"], r"unknown need 'latncy': did you mean 'latency'\?"),
        (["--need", "bogus"], r"expected latency, throughput, tasks, state, read, write, or a pattern; to see all "),
        (["--must", "bloc"], r"unknown must 'bloc': did you mean 'block'\?"),
        (["--must", "block,any"], r"--must block and --must any: choose one"),
        (
            ["--producers", "2", "--mechanism", "pipe"],
            r"no mechanism fits fan-in with these options: pipe: one sender only",
        ),
        (["--family", "queue"], r"unknown family 'queue': did you mean 'queues'\?"),
        (["--mechanism", "pip"], r"unknown mechanism 'pip'"),
        (["--payload", "array", "--size", "10B"], r"an array is of whole float64"),
        (["--python", "py3.9.0"], r"results/laptop\.json: measured under one Python: leave out --python"),
        (["--format", "xml"], r"unknown format 'xml'"),
        (
            ["--producers", "4"],
            r"no measured case fits; to measure it: python -m ipcbench which --producers 4$",
        ),
    ],
    ids=lambda value: " ".join(value)[:30],
)
def test_a_mistake_is_one_line_and_exit_code_2(within: Within, words: list[str], message: str) -> None:
    done = within("advise", *words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert re.search(message, done.err), done.err


def test_no_results_at_all_is_one_line_that_names_the_command(within: Within) -> None:
    done = within("advise", "--need", "throughput")
    assert done.code == 2
    assert "results: no results of this machine yet; " in done.err
    assert "to measure: python -m ipcbench which --need throughput" in done.err


@pytest.mark.usefixtures("laptop")
def test_whatever_is_known_and_not_ranked_is_named_with_a_reason(within: Within) -> None:
    for words in (["--size", "64KiB"], ["--consumers", "4", "--need", "tasks", "--from", "laptop"]):
        found = json.loads(within("advise", *words, "--format", "json").out)
        ranked, out = ({each["mechanism"] for each in found[name]} for name in ("options", "out"))
        assert ranked | out >= {each.name for each in catalog.mechanisms()}
        assert not ranked & out
        assert all(each["reason"] for each in found["out"])
    said = within("advise", "--consumers", "4", "--need", "tasks").out
    assert re.search(r"^- one sender only: .*\bpipe\b.*\bshared-memory\b", said, re.MULTILINE)


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_a_terminal_with_names_in_one_piece_and_have_one_line_a_row_in_a_file(width: int) -> None:
    names = ["arrow-shared-memory", "process-pool-executor", "shared-memory-view", "unix-datagram", *NAMES]
    result = trips(names)
    for place, facts in enumerate(result.ipcbench.mechanisms):
        facts.carries, facts.scope = ("bytes", "network") if place % 2 else ("objects", "host")
        facts.ordering, facts.dead_peer = ("per sender", "nothing") if place % 3 else ("total", "end of file")
        facts.bounded_by = "messages" if place % 2 else "bytes"
    for table in shown.tables(answer(result, need(size=64, musts=("any",)))):
        fitted, whole = printed([table], width), printed([table], LONGEST_LINE)
        assert max(map(len, fitted.splitlines())) <= width
        assert len(whole.splitlines()) == 3 + len(names)
        for text in (fitted, whole):
            assert "…" not in text
            assert {found[1] for found in re.finditer(r"^([a-z][\w-]+) ", text, re.MULTILINE)} >= set(names)
        assert sorted(fitted.replace("─", "").split()) == sorted(whole.replace("─", "").split())


@pytest.mark.usefixtures("laptop")
def test_in_a_file_every_line_of_an_answer_is_whole_however_long(within: Within) -> None:
    lines = within("advise", "--size", "4KiB").out.splitlines()
    assert max(map(len, lines)) > 200
    assert not any("…" in line for line in lines)
