"""Make runs fail or die at one call, and continue them: for the tests of resuming and their soak."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from commands import EXTRA, PACKAGE_PARENT, Finished, environment, python
from records import journal_of

from ipcbench.results import store
from ipcbench.run.journal.records import read_bytes

CONTINUE = "to continue: python -m ipcbench run --resume mine"
JOURNAL, RESULTS = Path("results/mine.journal"), Path("results/mine.json")
INSTANT = str(EXTRA / "instant.py")
WORDS = ("run", "--mechanism", "pipe,queue", "--pattern", "ping-pong", "--size", "64B", "--rounds", "3", "--seed", "7")


def instant(*words: str, cwd: Path, **more: str) -> Finished:
    """Run ipcbench with visits that take no time."""
    return python(INSTANT, *words, cwd=cwd, env=environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}", **more))


def crashed(folder: Path, where: str, *words: str, **more: str) -> Finished:
    """Run ipcbench until it is killed at this call."""
    done = instant(*(words or (*WORDS, "--label", "mine")), cwd=folder, IPCBENCH_TEST_CRASH=where, **more)
    assert done.code == -signal.SIGKILL, done
    return done


def check_whole(folder: Path) -> None:
    """Check that the results are those of an undisturbed run."""
    result = store.load(folder / RESULTS)
    record = result.ipcbench
    assert (record.complete, record.rounds, record.settings.seed) == (True, 3, 7)
    assert sorted((visit.case, visit.round) for visit in record.visits) == [
        (f"ping-pong/{name}/64B/1w", number) for name in ("pipe", "queue") for number in (1, 2, 3)
    ]
    for benchmark in result.benchmarks:
        numbers = [(benchmark.metadata | run.metadata)["ipcbench_round"] for run in benchmark.runs]
        assert numbers == [1, 2, 3]
    assert os.listdir(folder / "results") == ["mine.json"]


def break_and_resume(folder: Path, where: str, temporary: Path, over: bool = False) -> bool:
    """Make one call of a run fail, and continue the run; return whether the run made that call.

    over: the run overwrites the complete file of an earlier run.
    """
    acknowledged = folder / "acknowledged"
    force = ("--force",) if over else ()
    if over:
        assert instant(*WORDS, "--label", "mine", cwd=folder).code == 0
    env = {"IPCBENCH_TEST_CRASH": where, "IPCBENCH_TEST_ACKNOWLEDGED": str(acknowledged)}
    done = instant(*WORDS, "--label", "mine", *force, cwd=folder, **env)
    assert done.code in (0, 6, -signal.SIGKILL), (where, done)
    assert "Traceback" not in done.err, (where, done)
    journal, results = folder / JOURNAL, folder / RESULTS
    if journal.exists() and acknowledged.exists():
        data = journal.read_bytes()
        assert len(journal_of(read_bytes(data))) >= int(acknowledged.read_text()), where
    assert results.exists() or not over
    if results.exists():
        store.load(results)  # the old or the new file, and complete
    if journal.exists() and read_bytes(journal.read_bytes()):
        again = instant("run", "--resume", "mine", *force, cwd=folder)
        assert again.code == 0, (where, again)
    elif done.code != 0:
        again = instant(*WORDS, "--label", "mine", "--force", cwd=folder)
        assert again.code == 0, (where, again)
    for leftover in [*(folder / "results").glob(".*"), *temporary.glob("ipcbench-*/*")]:
        leftover.unlink()  # from a save that was killed, or that had to use another folder
    check_whole(folder)
    return acknowledged.with_name("reached").exists()
