"""Memory of a visit, against known truths: copies, pages shared by fork, shared memory, and children."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from paths import ROOT

from ipcbench.measure.process.memory import resident, used
from ipcbench.model import Case, Memory, Outcome, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

MIB = 2**20
BLOCK = 64 * MIB

pytestmark = pytest.mark.usefixtures("no_leaks")


def measured(program: str) -> list[Memory]:
    """Run a program in a fresh process, which leaves the memory at some moments in `seen`."""
    text = f"""
import json, mmap, os, sys
from ipcbench.measure.process.memory import resident, used
BLOCK = {BLOCK}
seen = [used()]
{program}
print(json.dumps(seen))
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [Memory(*each) for each in json.loads(done.stdout)]


CHILD = """
def child(act):
    (ready, tell), (wait, go) = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        os.close(go)
        kept = act()
        os.write(tell, b"1")
        os.read(wait, 1)
        os._exit(0)
    os.read(ready, 1)
    seen.append(used())
    os.close(go)
    os.waitpid(pid, 0)
"""


@pytest.mark.parametrize("copies", [1, 3])
def test_a_block_that_is_copied_counts_once_for_each_copy(copies: int) -> None:
    before, after = measured(f"kept = [b'x' * BLOCK for _ in range({copies})]\nseen.append(used())")
    assert after.total - before.total == pytest.approx(copies * BLOCK, rel=0.05)
    # The C library maps its table of encodings as shared; how much of it counts depends on what else runs.
    assert after.shared - before.shared == pytest.approx(0, abs=MIB)


def test_pages_that_a_fork_shares_count_once_and_those_it_writes_again() -> None:
    alone, idle, writing = measured(
        f"{CHILD}block = bytearray(BLOCK)\nblock[::4096] = b'x' * (BLOCK // 4096)\n"
        "child(lambda: None)\n"
        "child(lambda: block.__setitem__(slice(0, BLOCK // 2, 4096), b'y' * (BLOCK // 8192)))"
    )
    # As long as both live, an unwritten page is private to neither.
    assert idle.total - alone.total < 0.2 * BLOCK
    assert writing.total - idle.total == pytest.approx(BLOCK, rel=0.05)  # one copy of half of it for each process


def test_shared_memory_counts_once_however_many_processes_use_it() -> None:
    program = f"{CHILD}block = mmap.mmap(-1, BLOCK)\nblock[::4096] = b'x' * (BLOCK // 4096)\n"
    before, both = measured(f"{program}child(lambda: block[::4096])")
    assert both.shared - before.shared == pytest.approx(BLOCK, rel=0.05)
    assert both.total - before.total == pytest.approx(BLOCK, rel=0.2)  # and the child's own pages


def test_a_child_can_be_left_out_and_one_that_ends_is_no_error() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        assert resident() > resident(but=[child.pid])
        assert used().total > used(but=[child.pid]).total
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(60)
    assert used().total > 0
    assert resident() > os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("name", "shared"), [("shared-memory", True), ("pipe", False)])
def test_a_visit_reports_its_memory_and_how_much_of_it_is_shared(stop: Stop, name: str, shared: bool) -> None:
    visitor = Visitor(Timing(values=1, warmups=0, min_time=0.001), stop)
    try:
        found = [visitor.visit(Visit(Case("ping-pong", name, size), 1, 0, 5)) for size in (64, 16 * MIB)]
    finally:
        visitor.close()
    small, large = found
    assert isinstance(small, Outcome), small
    assert isinstance(large, Outcome), large
    assert large.memory.total - small.memory.total > 16 * MIB
    assert (large.memory.shared - small.memory.shared >= 16 * MIB) == shared
    assert small.memory.grown < 16 * MIB
