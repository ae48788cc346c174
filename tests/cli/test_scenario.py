"""`ipcbench scenario`: a file that describes a situation is measured and answered, and every mistake is one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Finished, run
from paths import ROOT

from ipcbench.cli.answering.scenario import KEYS, read_scenario
from ipcbench.results.store import load

pytestmark = pytest.mark.usefixtures("no_leaks")

Within = Callable[..., Finished]
SMALL = """
name = "small"
consumers = 2
pattern = "fan-out"
size = "1 KiB"
mechanisms = ["queue", "simple-queue"]
budget = "2s"
"""
EXAMPLES = sorted((ROOT / "examples" / "scenarios").glob("*.toml"))


def test_a_scenario_is_measured_answered_and_reported(tmp_path: Path, within: Within) -> None:
    (tmp_path / "small.toml").write_text(SMALL + 'work = "200 us"\nrate = "100/s"\n')
    done = run("scenario", "small.toml", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    assert "fan-out:work-200us-rate-100 of 1 KiB with 2 workers" in done.out
    assert "which 99 % of the messages do not exceed" in done.out
    assert "A plain loop in one process takes" in done.out
    assert "CPU per operation" in done.out
    assert "report: reports/small/report.html" in done.err
    assert (tmp_path / "reports" / "small" / "report.html").exists()
    assert load(tmp_path / "results" / "small.json").ipcbench.command == "python -m ipcbench scenario small.toml"
    again = within("scenario", "small.toml")
    assert (again.code, again.errors[-1]) == (
        2,
        "ipcbench: results/small.json exists: --force overwrites it, or give the scenario another name",
    )
    (tmp_path / "small.toml").write_text(SMALL)
    forced = run("scenario", "small.toml", "--force", "--budget", "1s", "--format", "markdown", cwd=tmp_path)
    assert forced.code in (0, 7), forced.err
    assert "plain loop" not in forced.out


def test_what_it_sends_is_found_beside_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "camera"
    folder.mkdir()
    (folder / "frame.bin").write_bytes(bytes(range(256)) * 8)
    (folder / "own.toml").write_text(SMALL.replace('size = "1 KiB"', 'payload = { file = "frame.bin" }'))
    done = run("scenario", "camera/own.toml", cwd=tmp_path)
    assert done.code in (0, 7), done.err
    (case, *_) = load(tmp_path / "results" / "small.json").ipcbench.cases
    assert "/2KiB/" in case.id
    assert "frame-" in case.id


def test_a_new_scenario_explains_every_key_and_is_valid(tmp_path: Path, within: Within) -> None:
    done = within("scenario", "--new", "camera")
    assert done.code == 0, done.err
    text = (tmp_path / "camera.toml").read_text()
    assert all(f"{key} = " in text for key in KEYS if key != "size")
    given = read_scenario(tmp_path / "camera.toml")
    assert (given["save"], given["consumers"], given["payload"]) == ("camera", "4", "array")
    again = within("scenario", "--new", "camera")
    assert again.errors == ["ipcbench: camera.toml exists: choose another name"]
    assert (tmp_path / "camera.toml").read_text() == text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid_and_named_like_its_file(path: Path) -> None:
    assert read_scenario(path)["save"] == path.stem


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("consumrs = 4", "unknown key consumrs: did you mean consumers? expected name, pattern, "),
        ("producers = 'one'", "producers = one: expected a whole number, such as 4"),
        ("producers = 0", "producers '0': expected a whole number from 1 to "),
        ("mechanisms = 'queue'", "mechanisms = queue: expected a list of names"),
        ("mechanisms = ['quue']", "unknown mechanism 'quue'"),
        ("rate = '30 Hz'", "rate '30 Hz': expected 0, or 1/s to 1M/s"),
        ("work = '5'", "work '5': expected 0, or 1us to 10s"),
        ("work = true", "work = True: expected a text in quotes"),
        ("rank_by = 'beauty'", "unknown measure 'beauty'"),
        ("rank_by = 'p99'", "rank-by p99 needs rate"),
        ("pattern = 'ping-ping'", "unknown need 'ping-ping': did you mean 'ping-pong'?"),
        ("pattern = 'ping-pong'\nrate = 30", "rate is not for ping-pong: choose need throughput or tasks"),
        ("payload = 5", "payload = 5: expected a text such as"),
        ("payload = { kind = 'array', sise = '1 MiB' }", "unknown key payload.sise: did you mean size?"),
        ("payload = { file = 'none.npy' }", "payload.file = 'none.npy': there is no such file or folder beside"),
        ("payload = { kind = 'array', file = 'x' }", "expected one of kind, file and function, and there are 2"),
        ("size = '1 KiB'\npayload = { kind = 'array', size = '2 KiB' }", "size is given twice"),
        ("payload = { kind = 'array', trust_pickle = 'yes' }", "payload.trust_pickle = yes: expected true or false"),
        ("budget = 'soon'", "duration 'soon': expected 1s to 7 days"),
        ("name = 'a/b'", "name: label 'a/b': expected 1 to 80 letters"),
        ("placement = 'heap'", "unknown placement 'heap'"),
        ("this is not TOML", "not TOML: Expected '='"),
    ],
)
def test_a_mistake_in_a_file_is_one_line_with_its_key(tmp_path: Path, within: Within, line: str, said: str) -> None:
    name = "" if line.startswith("name") else 'name = "mine"\n'
    (tmp_path / "mine.toml").write_text(f"{name}{line}\n")
    done = within("scenario", "mine.toml")
    assert (done.code, len(done.errors)) == (2, 1), done.err
    assert done.errors[0].startswith("ipcbench: mine.toml: ")
    assert said in done.err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "scenario takes a file to measure, or --new NAME to write one"),
        (("none.toml",), "none.toml: No such file or directory: expected a scenario file; --new NAME writes one"),
        ((".",), ".: Is a directory: expected a scenario file"),
        (("--new", "a/b"), "label 'a/b': expected 1 to 80 letters"),
        (("x.toml", "--new", "y"), "scenario takes a file to measure, or --new NAME to write one"),
    ],
)
def test_a_wrong_command_is_one_line(within: Within, words: tuple[str, ...], said: str) -> None:
    done = within("scenario", *words)
    assert (done.code, len(done.errors)) == (2, 1), done.err
    assert said in done.err


def test_a_name_is_needed_and_a_large_file_is_no_scenario(tmp_path: Path, within: Within) -> None:
    (tmp_path / "mine.toml").write_text("consumers = 2")
    assert "mine.toml: the key name is missing" in within("scenario", "mine.toml").err
    (tmp_path / "mine.toml").write_bytes(b"#" * 200_000)
    assert "mine.toml: more than 100,000 B" in within("scenario", "mine.toml").err
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    assert "mine.toml: not TOML: " in within("scenario", "mine.toml").err
