"""The command line as a user meets it: what it prints where, its exit codes, and one line for every mistake."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import (
    EXTRA,
    PACKAGE_PARENT,
    QUICK,
    Finished,
    can_unshare,
    environment,
    finish,
    open_terminal,
    run,
    start,
    with_mount,
)
from synthetic import make_result

from ipcbench import __version__
from ipcbench.cli.output import say_prose
from ipcbench.results import store
from ipcbench.results.schema import SCHEMA

pytestmark = pytest.mark.usefixtures("no_leaks")

ESCAPE = "\x1b"
MISTAKES = [
    (
        ["--mechanism", "pip"],
        r"unknown mechanism 'pip': did you mean 'pipe'\? nearest: pipe, .*; to see all \d+: python -m ipcbench list",
    ),
    (["--mechanism", "queue,"], r"unknown mechanism ''"),
    (["--mechanism", "nothing-*"], r"unknown mechanism 'nothing-\*'"),
    (["--pattern", "ping-pog"], r"unknown pattern 'ping-pog': did you mean 'ping-pong'\? nearest: ping-pong"),
    (["--pattern", "access:reed"], r"unknown pattern 'access:reed': did you mean 'access:read'\?"),
    (["--suite", "latncy"], r"unknown suite 'latncy': did you mean 'latency'\? "),
    (["--placement", "spred"], r"unknown placement 'spred': did you mean 'spread'\? known: free, pack, spread"),
    (["--start-method", "spwan"], r"unknown start method 'spwan': did you mean 'spawn'\? known: fork, forkserver"),
    (["--size", "0", "--pattern", "stream"], r"nothing to measure: .*at least 1 B"),
    (["--size", "-1"], r"size '-1'"),
    (["--size", "12XB"], r"size '12XB'"),
    (["--size", "1e99"], r"size '1e99'"),
    (["--size", ""], r"size ''"),
    (["--size", "1GiB"], r"size '1GiB'"),
    (["--size", "\u0664\u0662B"], r"size"),
    (["--workers", "0"], r"workers '0': expected a whole number from 1 to 1,024"),
    (["--workers", "100000"], r"workers '100000'"),
    (["--workers", "x"], r"workers 'x'"),
    (["--workers", "\u0664"], r"workers"),
    (["--workers", "1-4"], r"workers '1-4': expected whole numbers separated by commas, such as 1,2,4"),
    (["--mechanism", "PIPE"], r"unknown mechanism 'PIPE': did you mean 'pipe'\?"),
    (["--size", "1,5MiB"], r"size '1,5MiB' is ambiguous: write 1\.5MiB for one size, 1B,5MiB for two"),
    (["--budget", "abc"], r"duration 'abc': expected 1s to 7 days"),
    (["--budget", "0s"], r"duration '0s'"),
    (["--budget", "1000000h"], r"duration '1000000h'"),
    (["--rounds", "0"], r"rounds '0'"),
    (["--rounds", "1.5"], r"rounds '1\.5'"),
    (["--rounds", "99999999999"], r"rounds '99999999999'"),
    (["--seed", "-1"], r"seed"),
    (["--fast", "--rigorous"], r"--fast and --rigorous exclude each other: choose one"),
    (["--budget", "1m", "--rounds", "3"], r"--budget and --rounds exclude each other: choose one"),
    (
        ["--mechanism", "value", "--pattern", "ping-pong", "--size", "64B"],
        r"nothing to measure: .*value carries one 8 B",
    ),
    (["--mechanism", "pipe", "--pattern", "counter"], r"nothing to measure: .*pipe holds no state"),
    (["--suite", "workers", "--mechanism", "value"], r"nothing to measure: suite 'workers' has no mechanism 'value'"),
    (
        ["--suite", "workers", "--pattern", "access:read"],
        r"nothing to measure: suite 'workers' has no pattern 'access:read'",
    ),
    (["--mechanism", "pipe", "--pattern", "ping-pong", "--workers", "2"], r"nothing to measure: .*driver and 1 worker"),
    (["--label", "a/b"], r"label 'a/b'"),
    (["--label", ".."], r"label '\.\.'"),
    (["--label", ""], r"label ''"),
    (["--label", "-x"], r"label '-x'"),
    (["--label", ".hidden"], r"label '\.hidden'"),
    (["--label", "two\nlines"], r"label 'two\\nlines'"),
    (["--label", "x" * 300], r"label 'xxx.*\.\.\.'"),
    (["--results", "/dev/null/x"], r"/dev/null/x: cannot write here: Not a directory"),
    (["--results", "/proc/here"], r"/proc/here: cannot write here"),
    (["--frobnicate"], r"(?i)no such option"),
    (["surplus"], r"(?i)unexpected extra argument"),
]


def one_line(errors: list[str], pattern: str) -> None:
    assert len(errors) == 1, errors
    assert errors[0].startswith("ipcbench: ")
    assert re.search(pattern, errors[0]), errors[0]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=lambda value: " ".join(value)[:40])
def test_a_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path, within: Callable[..., Finished], words: list[str], message: str
) -> None:
    quick = [] if "--rounds" in words or "--budget" in words else ["--rounds", "1"]
    some = (
        [] if {"--mechanism", "--pattern", "--suite"} & set(words) else ["--mechanism", "pipe", "--pattern", "stream"]
    )
    size = [] if "--size" in words or "--suite" in words or not some else ["--size", "64B"]
    done = within("run", *some, *size, *quick, *words)
    one_line(done.errors, message)
    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])


@pytest.mark.parametrize("words", [["--mechanism", "pip"], ["--label", "two\nlines"], ["--results", "/dev/null/x"]])
def test_a_mistake_is_one_line_from_a_real_process_too(tmp_path: Path, words: list[str]) -> None:
    done = run("run", *QUICK, *words, cwd=tmp_path)
    one_line(done.errors, re.escape(repr(words[1]) if words[0] != "--results" else words[1]))
    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])


def test_an_unknown_command_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = run("rnu", cwd=tmp_path)
    one_line(done.errors, "rnu")
    assert done.code == 2


def test_no_command_at_all_prints_the_help_and_exits_with_2(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert done.code == 2
    assert "Usage: ipcbench" in done.out + done.err
    assert "Traceback" not in done.err


def test_results_of_an_existing_label_stay_untouched(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    kept = tmp_path / "results" / "mine.json"
    kept.write_text("kept")
    done = run("run", *QUICK, "--label", "mine", cwd=tmp_path)
    one_line(done.errors, r"results/mine\.json exists: choose another --label, or --force")
    assert (done.code, kept.read_text(), os.listdir(kept.parent)) == (2, "kept", ["mine.json"])


def test_a_journal_that_is_left_from_a_crash_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    kept = tmp_path / "results" / "mine.journal"
    kept.write_text("kept")
    done = run("run", *QUICK, "--label", "mine", cwd=tmp_path)
    one_line(done.errors, r"results/mine\.journal is left from a run that did not end: --resume mine .* --force")
    assert (done.code, kept.read_text()) == (2, "kept")


needs_mounts = pytest.mark.skipif(not can_unshare(), reason="needs root and 'unshare -m' for a mount of its own")


@needs_mounts
def test_a_read_only_results_folder_is_noticed_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    done = run("run", *QUICK, cwd=tmp_path, before=with_mount("ro", tmp_path / "results"))
    one_line(done.errors, r"results: cannot write here: Read-only file system")
    assert (done.code, done.out) == (2, "")


@needs_mounts
def test_a_results_folder_that_is_full_from_the_start_is_noticed_before_anything_is_measured(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    fill = f"(head -c 70000 /dev/zero > {folder}/filler 2>/dev/null; true)"
    done = run("run", *QUICK, cwd=tmp_path, before=with_mount("size=64k", folder, fill))
    one_line(done.errors, r"results: cannot write here: No space left on device")
    assert (done.code, done.out) == (2, "")


@needs_mounts
def test_nothing_measured_is_lost_when_the_disk_fills_up(tmp_path: Path, temporary: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    fill = f"head -c 53000 /dev/zero > {folder}/filler"
    words = ["--mechanism", "pipe-bytes", "--pattern", "ping-pong", "--size", "64B", "--rounds", "40"]
    done = run("run", *words, "--label", "full", cwd=tmp_path, before=with_mount("size=64k", folder, fill))
    assert done.code == 6, done.err
    (saved,) = temporary.glob("ipcbench-*/full.json")
    assert str(saved) in done.errors[-1]
    assert "Traceback" not in done.err
    result = store.load(saved)
    assert not result.ipcbench.complete
    assert result.ipcbench.rounds == len(result.benchmarks[0].runs) >= 2
    shutil.rmtree(saved.parent)


@needs_mounts
def test_without_semaphores_what_needs_none_is_measured_and_the_rest_is_explained(tmp_path: Path) -> None:
    words = ["--mechanism", "pipe-bytes,queue", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1"]
    hidden = with_mount("ro", "/dev/shm")
    reason = "this machine offers no semaphores"
    plan = run("run", *words, "--dry-run", cwd=tmp_path, before=hidden)
    assert (plan.code, plan.err) == (0, "")
    assert f"skipped 1 case of ping-pong: {reason}" in plan.out
    done = run("run", *words, "--label", "bare", cwd=tmp_path, before=hidden)
    assert done.code in (0, 7), done.err
    record = store.load(tmp_path / "results" / "bare.json").ipcbench
    assert [case.id for case in record.cases if case.verdict == "ok"] == ["ping-pong/pipe-bytes/64B/1w"]
    assert [skip.id for skip in record.skips] == ["ping-pong/queue/64B/1w"]
    assert reason in record.skips[0].reason
    told = run("report", "results/bare.json", cwd=tmp_path)
    assert told.code == 0, told.err
    assert reason in (tmp_path / "reports" / "bare" / "summary.md").read_text()
    assert reason in (tmp_path / "reports" / "bare" / "report.html").read_text()


needs_taskset = pytest.mark.skipif(shutil.which("taskset") is None, reason="needs taskset")
ONE_CPU = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]


@needs_taskset
def test_on_one_cpu_everything_shares_it(tmp_path: Path) -> None:
    done = run("run", *QUICK, "--label", "one", cwd=tmp_path, before=ONE_CPU)
    assert done.code in (0, 7), done.err
    record = store.load(tmp_path / "results" / "one.json").ipcbench
    assert [(case.id, case.verdict) for case in record.cases] == [("ping-pong/pipe-bytes/64B/1w/pack", "ok")]
    assert {tuple(map(tuple, visit.cpus)) for visit in record.visits} == {((int(ONE_CPU[2]),), (int(ONE_CPU[2]),))}


@needs_taskset
def test_on_one_cpu_spreading_is_refused_in_words(tmp_path: Path) -> None:
    reason = "placement spread needs 2 CPUs and this process may use 1: choose pack or free"
    done = run("run", *QUICK, "--placement", "spread", cwd=tmp_path, before=ONE_CPU)
    one_line(done.errors, reason)
    assert (done.code, list(tmp_path.iterdir())) == (8, [])
    both = run("run", *QUICK, "--placement", "spread,pack", "--dry-run", cwd=tmp_path, before=ONE_CPU)
    assert (both.code, both.err) == (0, "")
    assert f"skipped 1 case of ping-pong: {reason}" in both.out


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a results file that is in order."""
    path = tmp_path_factory.mktemp("good") / "good.json"
    store.save(make_result(rounds=2), path, replace=False)
    return path.read_bytes()


DAMAGE = {
    "missing": (None, "no such file"),
    "empty": (b"", "the file is empty"),
    "cut off": ("cut", "cut off"),
    "foreign": (b'{"some": "thing"}', "no pyperf suite"),
    "a number": (b"17", "no pyperf suite"),
    "not JSON": (b"\x89PNG\r\n\x1a\n\0\0", "not a results file"),
    "pyperf only": ("pyperf", 'top-level "ipcbench" is missing'),
    "newer": ("newer", f"newer ipcbench \\(schema {SCHEMA + 1}"),
    "deep": (b"[" * 100_000, "not a results file"),
    "folder": ("folder", "a folder: give a results file"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_file_that_cannot_be_read_is_one_line_and_exit_code_2(
    tmp_path: Path, within: Callable[..., Finished], good: bytes, kind: str
) -> None:
    content, message = DAMAGE[kind]
    if content == "cut":
        content = good[: len(good) // 2]
    elif content in ("pyperf", "newer"):
        document = json.loads(good)
        if content == "pyperf":
            del document["ipcbench"]
        else:
            document["ipcbench"]["schema"] = SCHEMA + 1
            document["ipcbench"]["something"] = "new"
        content = json.dumps(document).encode()
    if content == "folder":
        (tmp_path / "some.json").mkdir()
    elif isinstance(content, bytes):
        (tmp_path / "some.json").write_bytes(content)
    before = sorted(os.listdir(tmp_path))
    done = within("report", "some.json")
    one_line(done.errors, rf"some\.json: .*({message})")
    assert (done.code, done.out, sorted(os.listdir(tmp_path))) == (2, "", before)


@pytest.mark.parametrize("name", ["/dev/null", "/dev/zero", "."])
def test_a_device_is_no_results_file(within: Callable[..., Finished], name: str) -> None:
    done = within("report", name)
    one_line(done.errors, "regular file|a folder")
    assert done.code == 2


def test_a_file_that_cannot_be_read_is_one_line_from_a_real_process_too(tmp_path: Path) -> None:
    done = run("report", "none.json", cwd=tmp_path)
    one_line(done.errors, r"none\.json: no such file")
    assert (done.code, done.out, list(tmp_path.iterdir())) == (2, "", [])


def test_a_report_into_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, good: bytes) -> None:
    (tmp_path / "some.json").write_bytes(good)
    done = run("report", "some.json", "--out", "/dev/null/x", cwd=tmp_path)
    one_line(done.errors, "cannot write the report here")
    assert done.code in (2, 6)


def test_list_names_every_mechanism_pattern_and_suite(tmp_path: Path) -> None:
    done = run("list", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    for name in ("joinable-queue", "manager-namespace", "raw-array", "ping-pong", "task-queue", "latency"):
        assert re.search(rf"^  {name} ", done.out, re.MULTILINE)
    assert ESCAPE not in done.out


def test_list_as_json_gives_every_declared_fact(tmp_path: Path) -> None:
    done = run("list", "--json", cwd=tmp_path)
    facts = json.loads(done.out)
    queue = next(found for found in facts["mechanisms"] if found["name"] == "queue")
    assert queue["ports"] == ["channel"]
    assert queue["background_threads"] == 1
    assert {found["name"] for found in facts["patterns"]} >= {"ping-pong", "stream", "task-queue", "counter", "access"}
    assert facts["suites"][0]["name"] == "all"


@pytest.mark.parametrize(
    "words", [[], ["run"], ["all"], ["report"], ["list"]], ids=lambda words: " ".join(words) or "-"
)
def test_every_command_has_a_help(tmp_path: Path, words: list[str]) -> None:
    done = run(*words, "--help", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: ipcbench")


def test_the_version_is_said(tmp_path: Path) -> None:
    assert __version__ in run("--version", cwd=tmp_path).out


def test_a_dry_run_says_cases_skips_rounds_and_time_and_writes_nothing(tmp_path: Path) -> None:
    words = ["--mechanism", "queue,value", "--pattern", "ping-pong", "--size", "64B,1MiB", "--rounds", "3"]
    done = run("run", *words, "--seed", "7", "--dry-run", cwd=tmp_path)
    assert (done.code, done.err, list(tmp_path.iterdir())) == (0, "", [])
    assert "ping-pong, 64 B, 1 worker: queue\n" in done.out
    assert "ping-pong, 1 MiB, 1 worker: queue\n" in done.out
    assert "skipped 2 cases of ping-pong: value carries one 8 B number\n" in done.out
    assert re.search(
        r"^2 cases, 2 skipped, 3 rounds in shuffled order \(seed 7\), 24 values per visit: about \d+ s$",
        done.out,
        re.MULTILINE,
    )


def test_results_go_to_stdout_and_progress_to_stderr_without_escape_codes(tmp_path: Path) -> None:
    env = environment()
    del env["NO_COLOR"]
    done = run("run", *QUICK, "--label", "plain", cwd=tmp_path, env=env)
    assert done.code in (0, 7)
    assert done.out.startswith("results/plain.json: 1 measured; 1 complete round in ")
    assert any("round 1 of 1" in line for line in done.errors)
    assert "results/plain.json" not in done.err
    assert ESCAPE not in done.out + done.err
    assert os.listdir(tmp_path / "results") == ["plain.json"]


def test_quiet_writes_nothing_to_stderr(tmp_path: Path) -> None:
    done = run("run", *QUICK, "--quiet", "--label", "quiet", cwd=tmp_path)
    assert done.code in (0, 7)
    assert done.err == ""
    assert "results/quiet.json" in done.out


def test_the_default_label_names_no_host_and_no_user(tmp_path: Path) -> None:
    assert run("run", *QUICK, cwd=tmp_path).code in (0, 7)
    (path,) = (tmp_path / "results").iterdir()
    assert re.fullmatch(r"[a-z0-9-]+cpu-py3\d+-\d{8}-\d{6}", path.stem)
    text = path.read_text()
    assert os.uname().nodename not in text
    assert str(tmp_path) not in text


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mine.json").write_text("old")
    done = run("run", *QUICK, "--label", "mine", "--force", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    assert store.load(tmp_path / "results" / "mine.json").ipcbench.complete


def on_a_terminal(words: list[str], cwd: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run a command with a pseudo-terminal for everything; its exit code and all that was shown."""
    ours, theirs = open_terminal()
    process = subprocess.Popen(
        [sys.executable, "-m", "ipcbench", *words],
        cwd=cwd,
        env=env,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError as error:
        if error.errno != errno.EIO:  # how Linux says that the other end of a terminal is gone
            raise
    finally:
        os.close(ours)
    return process.wait(60), shown.decode()


@pytest.mark.parametrize("colour", [True, False], ids=["colour", "NO_COLOR"])
def test_a_terminal_gets_a_bar_and_the_results_file_none_of_it(tmp_path: Path, colour: bool) -> None:
    env = environment(TERM="xterm-256color", COLUMNS="120")
    if colour:
        del env["NO_COLOR"]
    code, shown = on_a_terminal(["run", *QUICK, "--label", "bar"], tmp_path, env)
    assert code in (0, 7)
    assert "round 1/1" in shown
    assert "ping-pong/pipe-bytes/64B/1w" in shown
    assert ESCAPE in shown
    assert colour == bool(re.search(r"\x1b\[(?:[0-9;]*;)?[349][0-8](?:;[0-9;]*)?m", shown))
    assert ESCAPE not in (tmp_path / "results" / "bar.json").read_text()
    assert "\\u001b" not in (tmp_path / "results" / "bar.json").read_text()
    last = shown.rindex("results/bar.json: 1 measured")
    assert ESCAPE not in shown[last:]


@pytest.mark.parametrize("words", ["list", "--help", "run --dry-run --mechanism pipe --pattern stream", ""])
def test_a_closed_standard_output_is_an_error(tmp_path: Path, words: str) -> None:
    done = finish(start(*words.split(), cwd=tmp_path, before=["sh", "-c", 'exec "$@" >&-', "sh"]))
    assert done.code == 6
    one_line(done.errors, "cannot print: standard output is closed")


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    process = start("list", cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    done = finish(process)
    assert (done.code, done.err) == (0, "")


BROKEN = [
    (["--mechanism", "lossy", "--pattern", "stream"], 5, "unverified"),
    (["--mechanism", "pipe", "--pattern", "killed-peer"], 3, "failed"),
    (["--mechanism", "pipe", "--pattern", "deaf-peer"], 4, "timed-out"),
]


@pytest.mark.parametrize(
    ("words", "code", "verdict"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_case_without_a_number_is_explained_and_decides_the_exit_code(
    tmp_path: Path, words: list[str], code: int, verdict: str
) -> None:
    env = environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}")
    if verdict == "timed-out":
        env["IPCBENCH_TIMEOUT_MUL"] = "0.08"  # only here, for a busy machine may take longer to come to the others
    done = run("run", *words, "--size", "64B", "--rounds", "1", "--label", "broken", cwd=tmp_path, env=env)
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    (case,) = store.load(tmp_path / "results" / "broken.json").ipcbench.cases
    assert case.verdict == verdict
    assert case.detail
    assert f"{case.id}: {verdict} in {case.stage}: {case.detail}" in done.out


def test_a_case_that_fails_leaves_the_others_their_rounds(tmp_path: Path) -> None:
    env = environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}")
    words = ["--mechanism", "lossy,pipe-bytes", "--pattern", "stream", "--size", "64B", "--rounds", "2"]
    done = run("run", *words, "--label", "mixed", cwd=tmp_path, env=env)
    assert done.code == 5
    record = store.load(tmp_path / "results" / "mixed.json").ipcbench
    assert {case.id: case.verdict for case in record.cases} == {
        "stream/lossy/64B/1w": "unverified",
        "stream/pipe-bytes/64B/1w": "ok",
    }
    assert (record.complete, record.rounds, len(record.visits)) == (True, 2, 2)
    told = run("report", "results/mixed.json", cwd=tmp_path)
    assert told.code == 0, told.err


@pytest.mark.slow
def test_all_measures_and_writes_the_report(tmp_path: Path) -> None:
    words = ["--mechanism", "pipe,queue", "--pattern", "ping-pong", "--size", "64B", "--rounds", "3"]
    done = run("all", *words, "--label", "mine", cwd=tmp_path, timeout=100)
    assert done.code in (0, 7), done.err
    assert (tmp_path / "reports" / "mine" / "report.html").is_file()
    assert (tmp_path / "reports" / "mine" / "summary.md").is_file()
    assert "report: reports/mine/report.html" in done.out
    assert store.load(tmp_path / "results" / "mine.json").ipcbench.rounds == 3


def test_a_run_that_one_file_could_not_hold_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    done = run("run", "--suite", "all", "--rounds", "10000", cwd=tmp_path)
    one_line(done.errors, r"10000 rounds of \d+ cases: one results file holds \d+ rounds of them; choose fewer")
    assert (done.code, list(tmp_path.iterdir())) == (2, [])


@pytest.mark.parametrize(("columns", "terminal"), [(80, True), (120, True), (80, False)])
def test_sentences_are_broken_at_blanks_on_a_terminal_and_one_line_elsewhere(
    columns: int, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "shared-memory takes 182 µs (173–188 µs), a tie with array; " * 6
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    say_prose(text)
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(line.strip() for line in lines) == text.strip()
    assert all(len(line) <= columns for line in lines) is terminal
    assert (len(lines) == 1) is not terminal
