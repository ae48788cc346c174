"""What is written can be given to anybody: no host, user, path or environment in it."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import QUICK, Finished, can_unshare, environment, run
from synthetic import make_cases, make_result

from ipcbench.errors import ResultError
from ipcbench.machine import facts
from ipcbench.machine.names import local_names
from ipcbench.model import Budget, Case, Failure, Outcome, Timing
from ipcbench.plan.planner import Plan
from ipcbench.results.privacy import KEPT, anonymous, kept_stack, kept_text, without_paths
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load, save
from ipcbench.run import result
from ipcbench.run.schedule import Findings

PIPE = Case("ping-pong", "pipe", 64)
STACK = 'Thread 1:\n  File "/home/jo doe/x y/worker.py", line 3 in drive\n  File "C:\\Users\\jo\\a.py", line 4'


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("cannot open /home/jo/.config/x.ini: denied", "cannot open <path>: denied"),
        ("'/home/jo doe/x y' is missing", "'<path>' is missing"),
        ('File "/usr/lib/python3.11/queue.py", line 3', 'File "<path>", line 3'),
        ("at /a/b, /c/d; and (/e/f) or [/g]", "at <path>, <path>; and (<path>) or [<path>]"),
        ("PATH=/home/jo/bin:/usr/bin", "PATH=<path>:<path>"),
        ("file:///home/jo/x", "file:<path>"),
        ("~/notes and ~jo/notes", "<path> and <path>"),
        ("../../home/jo/x and ./jo", "<path> and <path>"),
        (r"C:\Users\jo\x.py and D:/jo/x", "<path> and <path>"),
        (r"\\server\share\jo", "<path>"),
        ("12 MiB/s, 3 and/or 4, 1 / 2, ping-pong/pipe/64B/1w", "12 MiB/s, 3 and/or 4, 1 / 2, ping-pong/pipe/64B/1w"),
        ("no room in /dev/shm, or in /dev/shm.", "no room in /dev/shm, or in /dev/shm."),
        ("left /dev/shm/psm_12 behind", "left <path> behind"),
        ("<path> stays <path>", "<path> stays <path>"),
        ("a plain sentence.", "a plain sentence."),
    ],
)
def test_paths_are_cut_out_and_words_stay(text: str, clean: str) -> None:
    assert without_paths(text) == clean
    assert without_paths(clean) == clean


def test_a_stack_keeps_its_lines_and_loses_its_paths() -> None:
    clean = 'Thread 1:\n  File "<path>", line 3 in drive\n  File "<path>", line 4'
    assert kept_stack(STACK) == clean
    assert kept_stack("\x1b[31m" + STACK + "\u202e") == "[31m" + clean
    assert len(kept_stack("/a " * 20_000)) == 16 * 2**10


def test_an_error_is_kept_as_one_safe_line() -> None:
    assert kept_text("no\n\x1b[31m such /home/jo/x\x00") == "no [31m such <path>"
    assert len(kept_text("/a " * 5000)) == 4096


def outcome(**more: str | int) -> Outcome:
    metadata = {"loops": 10, "hostname": "canary-host", "python_executable": "/home/jo/bin/python", **more}
    return Outcome(
        (1e-5,), ((10, 1e-5),), 10, 10, 0.1, 0.2, 3, 0.4, ((0,),), dict(metadata), proof=("counts", "digests")
    )


def recorded(full_metadata: bool = False) -> ResultFile:
    queue = Case("ping-pong", "queue", 64)
    findings = Findings({(PIPE, 1): outcome()}, {(PIPE, 1): 0}, loops={PIPE: 10}, rounds=1)
    findings.failures[queue] = Failure("failed", "start", "no /home/jo/x\x1b[2J", STACK)
    plan = Plan((PIPE, queue), (), 7, Budget(rounds=1), Timing(), {})
    machine = make_result([PIPE], 1).ipcbench.machine
    occasion = result.Occasion(
        "mine", "2026-01-15T10:20:30+00:00", "ipcbench run", 9.0, machine, full_metadata=full_metadata
    )
    return result.make_result(plan, findings, occasion)


def test_a_record_holds_what_is_allowed_and_says_when_it_holds_more() -> None:
    short, full = recorded(), recorded(full_metadata=True)
    assert set(short.benchmarks[0].metadata) <= KEPT
    assert (short.ipcbench.settings.full_metadata, full.ipcbench.settings.full_metadata) == (False, True)
    assert full.benchmarks[0].metadata["hostname"] == "canary-host"


def test_what_is_recorded_of_a_failure_has_no_paths(tmp_path: Path) -> None:
    result = recorded()
    case = result.ipcbench.cases[1]
    assert (case.detail, case.stack) == ("no <path>[2J", kept_stack(STACK))
    save(result, tmp_path / "some.json", replace=False)
    assert load(tmp_path / "some.json") == result


# The id of the machine


def test_the_id_of_a_machine_stays_and_depends_on_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a"))
    first = facts.machine_id()
    assert (len(first), facts.machine_id()) == (16, first)
    salt = tmp_path / "a" / "ipcbench" / "salt"
    assert (salt.stat().st_mode & 0o777, len(salt.read_bytes()), os.listdir(salt.parent)) == (0o600, 32, ["salt"])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "b"))
    assert facts.machine_id() != first


def test_where_no_secret_can_be_kept_there_is_no_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert facts.machine_id() == ""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "ipcbench").mkdir()
    (tmp_path / "ipcbench" / "salt").write_bytes(b"cut off")
    assert facts.machine_id() == ""


def test_a_state_folder_that_is_relative_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert facts.machine_id()
    assert os.listdir(tmp_path) == ["home"]


# anonymise


def telling() -> ResultFile:
    """A result whose file tells who made it, in every place that holds text."""
    bad = "ping-pong/queue/64B/1w"
    result = make_result(
        make_cases((64,), ["pipe", "queue"]),
        2,
        verdicts={bad: ("failed", "no /home/carol/x on canary-host")},
        label="canary-host-bob",
        cpu_model="CPU of Bob",
        titles={"pipe": "Pipe by canary-host"},
        notes={"ping-pong/pipe/64B/1w": ["Carol's", "/home/carol/note"]},
    )
    result.ipcbench.settings.full_metadata = True
    result.ipcbench.command = "python -m ipcbench run --seed 1 # bob@canary-host"
    next(case for case in result.ipcbench.cases if case.id == bad).stack = 'File "/srv/bob/x.py", line 3\n  bob'
    result.metadata["boot_time"] = "2026-01-01 00:00:00"
    for benchmark in result.benchmarks:
        benchmark.metadata |= {"hostname": "canary-host", "python_executable": "/home/carol/bin/python"}
        benchmark.runs[0].metadata["command"] = "/home/carol/bin/python x"
    return result


def test_a_clean_copy_tells_nothing_and_keeps_the_numbers() -> None:
    told = telling()
    clean = anonymous(told, ["bob", "pipe"])
    text = json.dumps([repr(clean)]).lower()
    for word in ("canary", "bob", "carol", "/home", "/srv", "hostname", "boot_time", "executable"):
        assert word not in text, word
    assert [benchmark.runs[0].values for benchmark in clean.benchmarks] == [
        benchmark.runs[0].values for benchmark in told.benchmarks
    ]
    assert [case.id for case in clean.ipcbench.cases] == [case.id for case in told.ipcbench.cases]
    assert clean.ipcbench.label == "anonymous"
    assert not clean.ipcbench.settings.full_metadata
    assert told.benchmarks[0].metadata["hostname"] == "canary-host", "the original stays as it is"
    assert anonymous(clean, ["bob"]) == clean


def test_a_file_that_tells_nothing_stays_as_it_is() -> None:
    result = make_result(make_cases((64,), ["pipe", "queue"]), 2)
    assert anonymous(result, ["pipe", "queue", "second", "ok", "x"]) == result


def test_anonymise_writes_a_copy_beside_and_never_over_something_unasked(
    tmp_path: Path, within: Callable[..., Finished]
) -> None:
    save(telling(), tmp_path / "some.json", replace=False)
    done = within("anonymise", "some.json")
    assert (done.code, done.out, done.err) == (0, "anonymous copy: some.anonymous.json\n", "")
    copy = tmp_path / "some.anonymous.json"
    assert b"canary" not in copy.read_bytes()
    assert load(copy).ipcbench.label == "anonymous"
    copy.write_bytes(b"mine")
    again = within("anonymise", "some.json")
    assert (again.code, copy.read_bytes()) == (2, b"mine")
    assert again.errors == ["ipcbench: some.anonymous.json exists: choose another --out, or overwrite it with --force"]
    assert within("anonymise", "some.json", "--force").code == 0
    assert within("anonymise", "some.json", "-o", "other.json").code == 0
    assert (tmp_path / "other.json").read_bytes() == copy.read_bytes()


def test_anonymise_refuses_what_is_no_results_file(tmp_path: Path, within: Callable[..., Finished]) -> None:
    (tmp_path / "some.json").write_text("{}")
    done = within("anonymise", "some.json")
    assert (done.code, os.listdir(tmp_path)) == (2, ["some.json"])
    with pytest.raises(ResultError):
        load(tmp_path / "some.json")


def test_the_names_of_this_host_and_user_are_known() -> None:
    assert {socket.gethostname(), getpass.getuser()} <= local_names()


# A real run


CANARIES = {
    "USER": "canaryuser",
    "LOGNAME": "canaryuser",
    "HOME": "canaryhome",
    "CANARY_VARIABLE": "canaryvalue",
    "HOSTNAME": "canaryhost",
}


def told(folder: Path, words: list[str]) -> list[str]:
    """Which of these words stand in the content or the name of a file below a folder."""
    found = []
    for path in folder.rglob("*"):
        text = f"{path.relative_to(folder)} ".encode() + (path.read_bytes() if path.is_file() else b"")
        found += [f"{word} in {path.name}" for word in words if word.lower().encode() in text.lower()]
    return found


def test_nothing_that_a_run_writes_or_prints_tells_where_it_was_made(tmp_path: Path) -> None:
    """The host is renamed for the run where that is allowed; the other canaries need no permission."""
    home, work = tmp_path / "canaryhome", tmp_path / "canarywork"
    home.mkdir()
    work.mkdir()
    env = environment(**CANARIES | {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")})
    before = ["unshare", "-u", "sh", "-c", 'hostname canaryhost && exec "$@"', "sh"] if can_unshare() else []
    done = run("all", *QUICK, cwd=work, env=env, before=before)
    assert done.code in (0, 7), done.err
    words = ["canary", str(tmp_path)]
    if len(socket.gethostname()) > 4:  # a shorter one stands in other words
        words.append(socket.gethostname())
    assert len(list(work.rglob("*.json"))) == 2, "the results and the manifest of the report"
    assert len(list(work.rglob("*.html"))) == 1
    assert told(work, words) == []
    assert not [word for word in words if word in done.out + done.err]


def test_full_metadata_name_the_host_until_they_are_anonymised(tmp_path: Path) -> None:
    done = run("run", *QUICK, "--full-metadata", "--label", "full", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    path = tmp_path / "results" / "full.json"
    full = load(path)
    assert full.benchmarks[0].metadata["hostname"] == socket.gethostname()
    assert full.ipcbench.settings.full_metadata
    assert run("anonymise", str(path), cwd=tmp_path).code == 0
    clean = load(tmp_path / "results" / "full.anonymous.json")
    assert set(clean.benchmarks[0].metadata) <= KEPT
    assert full.benchmarks[0].runs[0].values == clean.benchmarks[0].runs[0].values
