"""A printed command works when it is pasted into a shell, whatever the names in it are."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import EXTRA, PACKAGE_PARENT, QUICK, Finished, environment, finish, python, run, start, until
from crashes import INSTANT, instant
from synthetic import make_cases, make_result

import ipcbench
from ipcbench.cli import COMMANDS
from ipcbench.cli.measuring.fleet_session import report_command as fleet_report_command
from ipcbench.cli.measuring.fleet_session import resume_command
from ipcbench.cli.report import command as report_command
from ipcbench.results.store import load, save
from ipcbench.run.containment.run_folder import LOCK
from ipcbench.shell import file_argument, kept, quoted
from ipcbench.text import safe_text

pytestmark = [
    pytest.mark.usefixtures("no_leaks"),
    pytest.mark.skipif(not shutil.which("bash"), reason="needs bash"),
]

WORDS = ["plain", "a b", "a  b", " ", "", "-x", "--", "it's", 'a"b', "$HOME", "`id`", "*", "a;b", "~", "#", "!!", "a=b"]
WORDS += ["größe", "\\", "line\nbreak", "tab\t", "\x1b[2J", "\u202e", "\udce9", "'\u200b'", "日本"]
LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
RESULTS = "-my 'results' é"
PLACE = ("--results", RESULTS)


def paste(command: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell, in a folder."""
    return subprocess.run(
        ["bash", "-c", " ".join([command, *more])],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def printed(text: str, lead: str) -> str:
    """The command that stands behind these words."""
    (found,) = re.findall(rf"{re.escape(lead)}: (.+)$", text, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("word", WORDS, ids=ascii)
def test_a_shell_reads_every_word_as_it_was(tmp_path: Path, word: str) -> None:
    line = f"printf %s {quoted(word)}"
    assert safe_text(line, 1000) == line
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, timeout=30, check=True)
    assert done.stdout == os.fsencode(word)


def test_a_command_that_is_kept_names_no_path_of_this_machine() -> None:
    assert kept("run", "--mechanism", "manager-*") == "python -m ipcbench run --mechanism 'manager-*'"


def test_a_file_is_not_taken_for_an_option() -> None:
    assert [file_argument(Path(name)) for name in ("-x/a.json", "x/a.json", "/x")] == ["./-x/a.json", "x/a.json", "/x"]


@pytest.mark.parametrize("begun", ["module", "script", "script on the path"])
def test_a_printed_command_begins_as_this_one_did(tmp_path: Path, begun: str) -> None:
    script = Path(sys.executable).with_name("ipcbench")
    if begun != "module" and not script.exists():
        pytest.skip("ipcbench is not installed here")
    words = {"module": [sys.executable, "-m", "ipcbench"], "script": [str(script)]}.get(begun, ["ipcbench"])
    plain = "/usr/bin:/bin"
    env = environment(PATH=f"{script.parent}:{plain}" if begun == "script on the path" else plain)
    found = subprocess.run(
        [*words, "run", "--mechanism", "nope"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    command = re.sub(r"^.*to see all \d+: ", "", found.stderr.strip())
    assert command == shlex.join([*words, "list"])
    listed = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (listed.returncode, "MECHANISMS" in listed.stdout) == (0, True)


@pytest.mark.timeout(240)
def test_the_command_that_makes_the_report_makes_it(tmp_path: Path) -> None:
    done = run("run", *QUICK, *PLACE, "--label", "mine", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    report = paste(printed(done.out, "to report"), tmp_path)
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "reports" / "mine" / "report.html").exists()


def test_the_command_that_writes_a_stale_report_anew_names_the_same_file_and_folder(
    tmp_path: Path, within: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipcbench.report.page.freshness.differences", lambda *_: (["other"], ""))  # drawing takes long
    save(make_result(make_cases((64,), ["pipe"])), tmp_path / "-my file.json", replace=False)
    stale = within("report", "--check", "--out", "-my report", "--", "-my file.json")
    words = shlex.split(printed(stale.out, "to update it"))[3:]
    params = report_command.make_context("report", words[1:]).params
    assert (words[0], params["file"], params["out"]) == ("report", "./-my file.json", Path("-my report"))


def test_the_command_that_repeats_a_run_plans_the_same_cases(tmp_path: Path) -> None:
    (tmp_path / "pipe-bait").touch()  # a glob that is not quoted becomes this
    words = ("run", "--mechanism", "pipe-b*", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1")
    assert run(*words, "--label", "mine", cwd=tmp_path).code in (0, 7)
    record = load(tmp_path / "results" / "mine.json").ipcbench
    path = f"PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
    done = paste(f"{path} {record.command}", tmp_path, "--dry-run")
    assert (done.returncode, "pipe-bytes" in done.stdout) == (0, True), done.stderr


@pytest.mark.sample
@pytest.mark.parametrize("force", [False, True])
def test_the_command_that_continues_a_run_continues_it(tmp_path: Path, temporary: Path, force: bool) -> None:
    """Also where it takes the place of another file, which is there until the first round is complete."""
    if force:
        assert run("run", *QUICK, *PLACE, "--label", "mine", cwd=tmp_path).code in (0, 7)
    words = ("run", "--mechanism", "pipe-bytes,os-pipe", "--pattern", "ping-pong", "--size", "64B", "--rounds", "2")
    process = start(*words, *PLACE, "--label", "mine", *(["--force"] if force else []), cwd=tmp_path)
    journal = tmp_path / RESULTS / "mine.journal"
    try:
        assert until(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 4, 60)
        process.send_signal(signal.SIGINT)
    finally:
        done = finish(process)
    assert done.code == 130
    continued = paste(printed((done.out + done.err).replace("; to continue", "\nto continue"), "to continue"), tmp_path)
    assert continued.returncode in (0, 7), continued.stderr
    assert load(tmp_path / RESULTS / "mine.json").ipcbench.complete
    assert not list(temporary.glob("ib*"))


def test_after_a_save_that_failed_no_report_is_promised_and_the_run_can_be_continued(tmp_path: Path) -> None:
    """No file may be as large as the results, in the temporary folder neither; the journal is smaller."""
    words = [*("--mechanism", "pipe,queue,simple-queue,pipe-bytes"), *QUICK[2:]]
    assert instant("run", *words, "--label", "first", cwd=tmp_path).code == 0
    most = (tmp_path / "results" / "first.json").stat().st_size - 10
    limited = ("-c", LIMITED, str(most), INSTANT, "run", *words, "--label", "mine")
    done = python(*limited, cwd=tmp_path, env=environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}"))
    assert done.code == 6, done
    assert "what was measured is in results/mine.journal" in done.err
    assert "report" not in done.out
    command = printed(done.out, "to continue")
    continued = instant(*shlex.split(command)[3:], cwd=tmp_path)
    assert continued.code == 0, continued.err
    assert load(tmp_path / "results" / "mine.json").ipcbench.complete


def test_the_command_that_removes_what_is_left_removes_it(tmp_path: Path, temporary: Path) -> None:
    left = temporary / "ibaaaaaaaaaaaaa-abcdefgh"
    left.mkdir()
    (left / LOCK).touch()
    done = run("run", *QUICK, cwd=tmp_path)
    assert paste(printed(done.err, "to remove it"), tmp_path).returncode == 0
    assert not left.exists()


def test_the_command_that_measures_a_need_can_be_run(tmp_path: Path) -> None:
    done = run("advise", "--need", "throughput", "--mechanism", "pipe*", "--must", "ordered", cwd=tmp_path)
    command = printed(done.err, "to measure")
    assert shlex.split(command)[3:] == [
        *("which", "--need", "throughput", "--must", "ordered", "--mechanism", "pipe*"),
    ]
    save(make_result(make_cases((64,), ["pipe"]), label="mine"), tmp_path / "mine.json", replace=False)
    done = run("advise", "--from", "mine.json", "--producers", "2", "--mechanism", "queue", cwd=tmp_path)
    measured = paste(printed(done.err, "to measure it"), tmp_path, "--budget", "1s")
    assert measured.returncode in (0, 7), measured.stderr
    assert "Take queue: " in measured.stdout


def test_the_commands_of_a_fleet_are_read_as_they_were_meant() -> None:
    from ipcbench.cli.fleet import command

    given = {name: None for name in ("tls_ca", "tls_cert", "tls_key")} | {
        "scheduler": "tcp://10.0.0.5:8786",
        "trusted_network": True,
        "results": Path(RESULTS),
        "force": True,
    }
    words = shlex.split(resume_command(given, "lab"))[5:]
    params = command.commands["run"].make_context("run", words).params
    assert [params[name] for name in ("scheduler", "resume", "results", "force")] == [
        "tcp://10.0.0.5:8786",
        "lab",
        Path(RESULTS),
        True,
    ]
    words = shlex.split(fleet_report_command(Path(RESULTS), "lab"))[5:]
    params = command.commands["report"].make_context("report", words).params
    assert params["results"] == Path(RESULTS)


def test_every_command_with_a_name_in_it_is_put_together_in_one_place() -> None:
    """A command that is pieced together elsewhere would not be quoted."""
    package = Path(ipcbench.__file__).parent
    commands = "|".join(COMMANDS)
    found = []
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
                if re.search(rf"(?<!<)ipcbench ({commands})\b[^;:,]*\{{\}}", "".join(parts)):
                    found.append(f"{path.relative_to(package)}: {''.join(parts)}")
    assert found == ["report/page/html.py: ipcbench embed {} --report {}"], "an id of a chart and a safe folder"
