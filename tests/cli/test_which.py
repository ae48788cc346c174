"""`ipcbench which`: it measures and answers, keeps a file only if asked to, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import TOKEN, Finished, finish, kill_at_once, marked_processes, run, running, start, until

from ipcbench.results.store import load
from ipcbench.run.visitor import slowness

pytestmark = pytest.mark.usefixtures("no_leaks")

Within = Callable[..., Finished]
FEW = ("which", "--mechanism", "pipe,simple-queue,value", "--budget", "1s")
LONG = ("which", "--mechanism", "pipe,simple-queue", "--budget", "1h")
SOON = 15.0 * slowness()


def ranking(text: str) -> str:
    """Return the answer without its source and without what is ruled out, which may depend on the first trial."""
    return text.partition("\n")[2].partition("\nRuled out:")[0]


@contextmanager
def reaching(line: str, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and enter the context when a line on stderr begins with these words; kill it at the end."""
    process = start(*words, cwd=folder)
    try:
        assert process.stderr is not None
        assert any(said.startswith(line) for said in process.stderr)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            finish(process)


def test_the_answer_names_a_winner_with_its_interval_and_who_is_out_and_why(tmp_path: Path, within: Within) -> None:
    done = within(*FEW)
    assert done.code in (0, 7), done.err
    asked, taken, *_ = done.out.splitlines()
    assert re.search(
        r"ping-pong of 64 B with 1 worker, .*measured just now on this machine, \d+ rounds in \d+ s\.", asked
    )
    assert re.match(r"Take (pipe|simple-queue): [\d.]+ [µm]s \([^)]+–[^)]+\) per operation", taken)
    assert "- carries one number of 8 B: value" in done.out
    assert "round 3, " in done.err
    assert os.listdir(tmp_path) == []


def test_a_saved_run_answers_again_and_can_be_reported(tmp_path: Path, within: Within) -> None:
    done = within(*FEW, "--save", "mine", "--results", "kept")
    assert done.code in (0, 7), done.err
    assert re.search(r"^to report: .*report kept/mine\.json$", done.err, re.MULTILINE)
    record = load(tmp_path / "kept" / "mine.json").ipcbench
    assert record.command == "python -m ipcbench which --mechanism pipe,simple-queue,value --budget 1s"
    assert record.rounds >= 3
    again = within("advise", "--mechanism", "pipe,simple-queue,value", "--from", "kept/mine.json")
    assert again.code == 0, again.err
    assert ranking(again.out) == ranking(done.out)
    assert within(*FEW, "--save", "mine", "--results", "kept").err == (
        "ipcbench: kept/mine.json exists: choose another label for --save\n"
    )


def test_json_has_the_rounds_and_no_file(within: Within) -> None:
    done = within(*FEW, "--format", "json")
    assert done.code in (0, 7), done.err
    found = json.loads(done.out)
    ranked, out = ([each["mechanism"] for each in found[name]] for name in ("options", "out"))
    assert ranked
    assert sorted(ranked + out) == ["pipe", "simple-queue", "value"]
    assert found["source"]["file"] == ""
    assert found["source"]["rounds"] >= 3
    assert found["source"]["seconds"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--need", "latncy"], r"unknown need 'latncy': did you mean 'latency'\?"),
        (["--producers", "2", "--mechanism", "pipe"], r"no mechanism fits fan-in with these options: pipe: one sender"),
        (["--size", "1GiB"], r"size '1GiB': expected 0B to 256MiB"),
        (["--budget", "0.5s"], r"duration '0\.5s': expected 1s to 7 days"),
        (["--budget", "soon"], r"duration 'soon': expected 1s to 7 days"),
        (["--format", "xml"], r"unknown format 'xml'"),
        (["--save", "a/b"], r"label 'a/b'"),
        (["--mechanism", "pip"], r"unknown mechanism 'pip'"),
    ],
    ids=lambda value: " ".join(value)[:30],
)
def test_a_mistake_is_one_line_and_nothing_is_measured(
    tmp_path: Path, within: Within, words: list[str], message: str
) -> None:
    done = within("which", *words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert re.search(message, done.err), done.err
    assert os.listdir(tmp_path) == []


def test_what_has_no_room_in_shared_memory_is_one_line(within: Within, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipcbench.machine.facts.shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    done = within("which", "--mechanism", "shared-memory", "--size", "64MiB")
    assert (done.code, done.out, len(done.err.splitlines())) == (8, "", 1)


def test_a_signal_after_three_rounds_answers_from_these(tmp_path: Path) -> None:
    with reaching("round 4,", tmp_path, *LONG) as process:
        process.send_signal(signal.SIGINT)
        done = finish(process, SOON)
    assert done.code == 130
    assert re.search(r"measured just now on this machine, [3-9] rounds in", done.out)
    assert "Take " in done.out


@pytest.mark.parametrize("moment", ["calibrating", "round 1,"])
def test_a_signal_before_that_is_one_line_and_no_file(tmp_path: Path, temporary: Path, moment: str) -> None:
    with reaching(moment, tmp_path, *LONG) as process:
        process.send_signal(signal.SIGTERM)
        done = finish(process, SOON)
    assert (done.code, done.out) == (143, "")
    assert done.errors[-1].startswith("ipcbench: stopped before ")
    assert "continue" not in done.err
    assert os.listdir(tmp_path) == []
    assert not list(temporary.glob("ib*"))


def test_a_saved_run_that_was_stopped_can_be_continued(tmp_path: Path) -> None:
    with reaching("round 1,", tmp_path, *LONG, "--save", "mine") as process:
        process.send_signal(signal.SIGINT)
        done = finish(process, SOON)
    assert (done.code, done.out) == (130, "")
    assert re.search(r"to continue: .*run --resume mine$", done.errors[-1])
    assert (tmp_path / "results" / "mine.journal").exists()


def test_a_killed_one_leaves_nothing_behind(tmp_path: Path, temporary: Path) -> None:
    with reaching("round 1,", tmp_path, *LONG) as process:
        process.kill()
        finish(process)
    assert until(lambda: not marked_processes(os.environ[TOKEN]), SOON)
    assert until(lambda: not list(temporary.glob("ib*")), SOON)


def test_clean_finds_the_folder_of_one_that_was_killed_with_its_warden(tmp_path: Path, temporary: Path) -> None:
    with reaching("round 1,", tmp_path, *LONG) as process:
        kill_at_once(process.pid, *running("ipcbench.run.containment.warden"))
        finish(process)
    (left,) = temporary.glob("ib*")
    assert (left / "which.journal").exists()
    done = run("clean", cwd=tmp_path)
    assert f"removed {left}: " in done.out
    assert not list(temporary.glob("ib*"))
