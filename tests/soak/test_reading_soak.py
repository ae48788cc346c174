"""The loader against very many damaged and made-up files, every digit edit of one file, and bombs.

`make soak ARGS="-k reading"` prints one line per figure. IPCBENCH_SOAK_SEED repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path

import pytest
from bombs import BOMBS, LOADING
from commands import complaint, python
from paths import GOLDEN, SUPPORT

import ipcbench
from ipcbench.errors import ResultError
from ipcbench.results.reading import LARGEST_FILE
from ipcbench.results.store import load

pytestmark = pytest.mark.timeout(1200)
MUTATED, MADE_UP = 100_000, 10_000
MOST_MEMORY, MOST_SECONDS = 256 * 2**20, 1.0
SEED = int(os.environ.get("IPCBENCH_SOAK_SEED") or random.SystemRandom().randrange(2**32))


def figure(text: str) -> None:
    """Print one line of results."""
    print(f"soak reading: {text}", flush=True)


def test_damaged_and_made_up_files_give_a_result_error_or_load(tmp_path: Path) -> None:
    program = str(SUPPORT / "mutants.py")
    begun = time.monotonic()
    for mutated, made_up, what in ((MUTATED, 0, "mutated"), (0, MADE_UP, "generated")):
        done = python(program, str(SEED), str(mutated), str(made_up), cwd=tmp_path, timeout=1000)
        assert (done.code, done.err) == (0, "")
        found = json.loads(done.out)
        figure(
            f"{mutated + made_up:,} {what} files, seed {SEED}: {found['wrongs']} other exceptions, worst "
            f"{found['worst']:.3f} s CPU, peak {found['peak'] / 2**20:.0f} MiB; {found['loaded']:,} loaded"
        )
        assert not found["wrong"]
        assert found["loaded"] + found["refused"] == mutated + made_up
        assert found["peak"] <= MOST_MEMORY
        assert found["worst"] <= MOST_SECONDS
    figure(f"ipcbench {ipcbench.__version__}, {time.monotonic() - begun:.0f} s")


def test_every_edit_of_one_digit_that_changes_content_is_refused(tmp_path: Path) -> None:
    data = (GOLDEN / "results.json").read_bytes()
    content, path = json.loads(data), tmp_path / "edited.json"
    edits = same = missed = 0
    for place in (place for place, byte in enumerate(data) if byte in b"0123456789"):
        for digit in (digit for digit in b"0123456789" if digit != data[place]):
            edited = data[:place] + bytes([digit]) + data[place + 1 :]
            path.unlink(missing_ok=True)
            path.write_bytes(edited)
            edits += 1
            if complaint(ResultError, lambda: load(path)) is None:
                same += json.loads(edited) == content
                missed += json.loads(edited) != content
    figure(
        f"{edits:,} edits of one digit: {(edits - same - missed) / edits:.2%} refused, {same:,} read as the same float "
        f"as before, {missed} missed"
    )
    assert missed == 0
    assert same <= edits / 100


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_a_second_and_256_mebibytes_at_most(tmp_path: Path, bomb: str) -> None:
    path = tmp_path / "bomb.json"
    path.write_bytes(BOMBS[bomb]()[:LARGEST_FILE])
    done = python("-c", LOADING, str(path), cwd=tmp_path)
    path.unlink()
    seconds, kilobytes, _ = done.out.split()
    figure(f"bomb, {bomb}: {float(seconds):.2f} s CPU, peak {int(kilobytes) / 1024:.0f} MiB")
    assert int(kilobytes) * 1024 <= MOST_MEMORY
    assert float(seconds) <= 2 * MOST_SECONDS, "twice, for a machine that others use too"
