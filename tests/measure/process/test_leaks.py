"""Leaks: what a mechanism leaves in a process, and what a library keeps on purpose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

SOON = 30.0
HOLDING = """
import ctypes, os, sys
from ipcbench.measure.process.leaks import leaked_since, take_ledger
before = take_ledger()
held = [os.open(path, os.O_RDONLY) for path in sys.argv[2:]]
if sys.argv[1] == "loaded":
    libraries = [ctypes.CDLL(path) for path in sys.argv[2:]]
print(leaked_since(before))
"""


def leaked(*words: str) -> str:
    """What the ledger says in a new process that opens files, and either loads them as shared libraries or does not."""
    done = subprocess.run(
        [sys.executable, "-c", HOLDING, *words], capture_output=True, text=True, timeout=SOON, check=True
    )
    return done.stdout


LIBRARY = str(psutil._psutil_linux.__file__)  # any shared library that is surely here


def test_a_shared_library_may_keep_its_own_file_open(tmp_path: Path) -> None:
    library = tmp_path / "library with blanks.so"
    library.write_bytes(Path(LIBRARY).read_bytes())
    assert leaked("loaded", str(library)) == "[]\n"


@pytest.mark.parametrize("name", ["library.so", "data"])
def test_a_file_that_nobody_has_loaded_is_a_leak_wherever_it_is(name: str, tmp_path: Path) -> None:
    kept = tmp_path / name
    kept.write_bytes(Path(LIBRARY).read_bytes())
    assert "of file" in leaked("open", str(kept))
    assert "of file" in leaked("open", LIBRARY)
