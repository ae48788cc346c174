"""Work of the user's: a function that receivers call with each message, from the option to the case id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import Finished

from ipcbench.results.store import load

pytestmark = pytest.mark.usefixtures("no_leaks")

Within = Callable[..., Finished]
DETECTOR = """
import os
from pathlib import Path

SEEN = Path(__file__).with_name("seen")


def detect(message):
    with SEEN.open("a") as file:
        file.write(f"{os.getpid()} {len(message)}\\n")


def fails(message):
    raise ValueError("no face in it")


def two(message, model):
    pass


async_model = 5
"""
RUN = ("run", "--rounds", "1", "--quiet", "--label", "mine", "--size", "100B")


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    (tmp_path / "detector.py").write_text(DETECTOR)
    return tmp_path


def test_receivers_call_the_function_with_each_message(detector: Path, within: Within) -> None:
    done = within(*RUN, "--mechanism", "queue", "--pattern", "fan-out", "--workers", "2", "--work", "detector:detect")
    assert done.code in (0, 7), done.err
    record = load(detector / "results" / "mine.json").ipcbench
    assert "--work detector:detect" in record.command
    (case,) = record.cases
    assert re.fullmatch(r"fan-out:work-detect-[0-9a-f]{8}/queue/100B/2w", case.id)
    seen = [line.split() for line in (detector / "seen").read_text().splitlines()]
    assert {size for _, size in seen} == {"100"}  # no sentinel
    assert len({pid for pid, _ in seen}) >= 2
    assert len(seen) >= record.visits[0].operations


def test_a_pool_and_a_plain_loop_call_it_too(detector: Path, within: Within) -> None:
    words = ("--mechanism", "pool,serial", "--pattern", "tasks:map", "--work", "detector:detect", "--workers", "1")
    done = within(*RUN, *words, "--start-method", "spawn")
    assert done.code in (0, 7), done.err
    visits = load(detector / "results" / "mine.json").ipcbench.visits
    assert len((detector / "seen").read_text().splitlines()) >= sum(visit.operations for visit in visits)


def test_another_source_text_is_other_work(detector: Path, within: Within) -> None:
    words = ("run", "--mechanism", "queue", "--pattern", "stream", "--work", "detector:detect", "--dry-run")
    first = within(*words).out
    (detector / "detector.py").write_text(DETECTOR + "# better\n")
    other = within(*words).out
    named = [re.findall("work-detect-[0-9a-f]{8}", text)[0] for text in (first, other)]
    assert named[0] != named[1]


def test_work_that_raises_gives_no_number_and_says_why(detector: Path, within: Within) -> None:
    done = within(*RUN, "--mechanism", "queue", "--pattern", "stream", "--work", "detector:fails")
    assert done.code == 3, done.err
    (case,) = load(detector / "results" / "mine.json").ipcbench.cases
    assert case.verdict == "failed"
    assert "ValueError: no face in it" in case.detail


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ("detector:none", "the module detector has no none"),
        ("detectr:detect", "there is no module detectr in "),
        ("detector:two", "it is called with the message alone, and is (message, model)"),
        ("detector:async_model", "async_model of the module detector is of type int: expected a function"),
        ("broken:detect", "it raised RuntimeError: no model here"),
        ("threaded:detect", "importing it starts a thread, "),
        ("1 mss", "work '1 mss': expected 0, or 1us to 10s"),
    ],
)
def test_work_that_cannot_be_called_is_refused_in_one_line(
    detector: Path, within: Within, work: str, said: str
) -> None:
    (detector / "broken.py").write_text("raise RuntimeError('no model here')")
    (detector / "threaded.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\ndef detect(m): pass\n"
    )
    done = within(*RUN, "--mechanism", "queue", "--pattern", "stream", "--work", work)
    assert (done.code, len(done.errors)) == (2, 1), done.err
    assert said in done.err
    assert not (detector / "results").exists() or not any((detector / "results").iterdir())


@pytest.mark.usefixtures("detector")
def test_which_takes_it_and_compares_with_a_plain_loop(within: Within) -> None:
    words = ("--mechanism", "queue,simple-queue", "--consumers", "2", "--work", "detector:detect", "--budget", "2s")
    done = within("which", *words, "--format", "json")
    assert done.code in (0, 7), done.err
    found = json.loads(done.out)
    assert {each["mechanism"] for each in found["baselines"]} == {"serial", "thread-queue"}
    assert all(each["seconds"]["value"] > 0 for each in found["baselines"])
    assert found["question"].startswith("fan-out:work-detect-")
