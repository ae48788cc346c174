"""Runs killed and stopped at random moments and continued until whole: nothing left, nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from commands import TOKEN, environment, finish, marked_processes, shared_names, start, until

from ipcbench.results import store
from ipcbench.run.journal.file import Journal
from ipcbench.run.journal.records import Done, Entry, Failed, Planned

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(1200)]

SEED = 20_251_123
KILLS, STOPS = 100, 30
MECHANISMS = ("pipe", "array", "manager-queue")
METHODS = ("fork", "spawn", "forkserver")
ROUNDS = 6
GONE, PROMPT = 1.0, 5.0


class Chain:
    """One run after the other in a folder, each ended and continued until it is whole."""

    def __init__(self, folder: Path, temporary: Path, seed: int) -> None:
        self.folder, self.temporary = folder, temporary
        self.chance = random.Random(seed)
        self.number = 0
        self.whole = 0
        self.slowest = 0.0
        self.begin()

    def begin(self) -> None:
        """Begin another run."""
        self.number += 1
        self.label = f"run-{self.number}"
        self.journal = self.folder / "results" / f"{self.label}.journal"
        method = METHODS[self.number % len(METHODS)]
        chosen = (
            "--mechanism",
            ",".join(MECHANISMS),
            "--pattern",
            "ping-pong",
            "--size",
            "64B",
            "--start-method",
            method,
        )
        self.words = ["run", "--fast", *chosen, "--rounds", str(ROUNDS), "--label", self.label]

    def strike(self, number: int) -> int | None:
        """Start or continue the run and send it a signal after a while; its exit code, None if it was faster."""
        before = self.acknowledged()
        words = ["run", "--resume", self.label] if before else self.words
        process = start(*words, cwd=self.folder, env=environment(IPCBENCH_TIMEOUT_MUL="3"))
        pause = self.chance.uniform(0.0, 3.0 if number == signal.SIGKILL else 2.0)
        ended = until(lambda: process.poll() is not None, pause)
        if not ended:
            process.send_signal(number)
        began = time.monotonic()
        done = finish(process, 60.0)
        took = time.monotonic() - began
        assert "Traceback" not in done.err, done.err
        assert until(lambda: not marked_processes(os.environ[TOKEN]), GONE), "processes are left"
        assert until(lambda: not list(self.temporary.glob("ib*")), GONE), "a folder is left"
        if number != signal.SIGKILL:
            self.slowest = max(self.slowest, took)
            assert took < PROMPT
        else:
            self.slowest = max(self.slowest, time.monotonic() - began)
        assert before <= self.acknowledged() or self.is_whole(), "an acknowledged visit is lost"
        if self.is_whole():
            self.check()
            self.whole += 1
            self.begin()
        return None if ended else done.code

    def acknowledged(self) -> set[tuple[str, int]]:
        """The visits of which the journal tells; each must stand there once."""
        entries = self._entries()
        visits = Counter((entry.case, entry.round) for entry in entries if isinstance(entry, Done))
        assert not [visit for visit, count in visits.items() if count > 1]
        assert not [entry for entry in entries if isinstance(entry, Failed)], entries
        return set(visits) | {("plan", 0) for entry in entries if isinstance(entry, Planned)}

    def _entries(self) -> list[Entry]:
        if not self.journal.exists():
            return []
        journal, entries = Journal.reopen(self.journal)
        os.close(journal.fd)
        return entries

    def is_whole(self) -> bool:
        """Whether the run is over and saved."""
        path = self.folder / "results" / f"{self.label}.json"
        return not self.journal.exists() and path.exists() and store.load(path).ipcbench.complete

    def check(self) -> None:
        """The result holds every visit of the plan once."""
        record = store.load(self.folder / "results" / f"{self.label}.json").ipcbench
        assert [case.verdict for case in record.cases] == ["ok"] * len(MECHANISMS)
        assert not record.mixed
        visits = Counter((visit.case, visit.round) for visit in record.visits)
        assert set(visits.values()) == {1}
        assert set(visits) == {(case.id, number) for case in record.cases for number in range(1, ROUNDS + 1)}

    def end(self) -> None:
        """Finish the run under way."""
        words = ["run", "--resume", self.label] if self.acknowledged() else self.words
        assert finish(start(*words, cwd=self.folder), 120.0).code == 0
        self.check()
        self.whole += 1


@pytest.mark.parametrize(
    ("number", "count"),
    [(signal.SIGKILL, KILLS), (signal.SIGINT, STOPS), (signal.SIGTERM, STOPS), (signal.SIGHUP, STOPS)],
)
def test_nothing_is_left_or_lost_whenever_it_ends(
    tmp_path: Path, temporary: Path, number: signal.Signals, count: int
) -> None:
    names = shared_names()
    chain = Chain(tmp_path, temporary, SEED)
    struck: Counter[int] = Counter()
    while struck.total() < count:
        code = chain.strike(number)
        if code is not None:
            struck[code] += 1
    chain.end()
    assert shared_names() <= names
    expected = -number if number == signal.SIGKILL else 128 + number
    assert set(struck) <= {expected, -number, 0}  # it had not begun yet; it had just ended by itself
    print(
        f"\nsoak kill: {number.name} at {count} random moments, seed {SEED}: nothing left after 1 s, no acknowledged "
        f"visit lost, {chain.whole} runs continued until whole, no visit twice; slowest end {chain.slowest:.2f} s"
    )
