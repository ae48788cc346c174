"""The journal at every byte, and a run broken at every call: run before a release, `pytest tests/soak -s`."""

from __future__ import annotations

import itertools
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from crashes import WORDS, break_and_resume, crashed
from records import damaged, journal_of

from ipcbench.run.journal.records import Entry, read_bytes, write_entry

FLIPS = 120_000
CALLS = [("write", what) for what in ("ENOSPC", "EFBIG", "EIO", "short", "kill", "torn")]
CALLS += [("fdatasync", what) for what in ("EIO", "kill")]
CALLS += itertools.product(("fsync", "rename", "link", "unlink"), ("ENOSPC", "EIO", "kill"))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """The records of a run that was killed just before its journal was removed."""
    folder = tmp_path_factory.mktemp("real")
    crashed(folder, "unlink:2:kill", *WORDS, "--label", "mine")
    entries = read_bytes((folder / "results" / "mine.journal").read_bytes())
    assert len(entries) == 18
    return entries


@pytest.mark.timeout(300)
def test_a_real_journal_cut_off_at_every_byte(real: list[Entry]) -> None:
    data = journal_of(real)
    ends = list(itertools.accumulate(len(write_entry(entry)) for entry in real))
    wrong = sum(
        read_bytes(data[:length]) != real[: sum(end <= length for end in ends)] for length in range(len(data) + 1)
    )
    print(f"\nsoak journal: {len(data) + 1:,} truncation points, {wrong} wrong records")
    assert wrong == 0


@pytest.mark.timeout(300)
def test_a_real_journal_with_flipped_bits(real: list[Entry]) -> None:
    seed = int(os.environ.get("IPCBENCH_TEST_SEED", random.SystemRandom().randrange(2**32)))
    chance = random.Random(seed)
    data = journal_of(real)
    wrong = lost = 0
    for _ in range(FLIPS):
        broken = damaged(data, chance)
        found = read_bytes(broken)
        first = next((at for at, (old, new) in enumerate(zip(data, broken, strict=True)) if old != new), len(data))
        whole = data.count(b"\n", 0, first)
        wrong += found != real[: len(found)]
        lost += len(found) < whole
    print(f"\nsoak journal: {FLIPS:,} bit flips (seed {seed}), {wrong} wrong records, {lost} whole records lost")
    assert (wrong, lost) == (0, 0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("function", "what"), CALLS)
def test_a_run_broken_at_every_call(function: str, what: str, tmp_path: Path, temporary: Path) -> None:
    """Raise n until a run passes: then every call of the function has gone wrong once."""

    def broken(number: int) -> bool:
        folder = tmp_path / str(number)
        folder.mkdir()
        return break_and_resume(folder, f"{function}:{number}:{what}", temporary, over=function == "rename")

    points = 0
    with ThreadPoolExecutor(2) as pool:
        for number in itertools.count(1, 2):
            found = list(pool.map(broken, (number, number + 1)))
            points += sum(found)
            if not all(found):
                break
    print(
        f"\nsoak journal: {points} crash points in {function} by {what}, 0 acknowledged records lost, 0 visits doubled"
    )
