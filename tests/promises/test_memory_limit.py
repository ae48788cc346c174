"""A container's memory limit is in doctor and in the plan, and a visit that is ended for want of memory says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import PACKAGE_PARENT, environment, finish, start_python
from control_groups import control_group, inside, limit_memory

from ipcbench.machine.cgroup import MemoryLimit, memory_limit, times_out_of_memory
from ipcbench.machine.finding import Tree
from ipcbench.machine.memory import memory

pytestmark = pytest.mark.usefixtures("no_leaks")

MIB = 2**20


@pytest.fixture
def group() -> Iterator[Path]:
    with control_group("memory") as found:
        if found is None:
            pytest.skip("needs root and a control group that limits memory")
        yield found


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_the_limit_of_the_group_with_least_room_counts_in_either_version(tmp_path: Path) -> None:
    new = write(
        tmp_path / "new",
        memory__max=f"{100 * MIB}\n",
        memory__current=f"{90 * MIB}\n",
        memory__stat=f"anon 5\ninactive_file {30 * MIB}\n",
    )
    old = write(
        tmp_path / "old",
        memory__limit_in_bytes=f"{50 * MIB}\n",
        memory__usage_in_bytes=f"{60 * MIB}\n",
        memory__stat="",
    )
    unlimited = write(tmp_path / "none", memory__max="max\n", memory__current="5\n")
    largest = write(tmp_path / "largest", memory__limit_in_bytes=f"{2**63 - 4096}\n", memory__usage_in_bytes="5\n")
    assert memory_limit([unlimited, largest]) is None
    assert memory_limit([unlimited, new]) == MemoryLimit(100 * MIB, 40 * MIB)
    assert memory_limit([new, old, largest]) == MemoryLimit(50 * MIB, 0)


def test_who_was_ended_for_want_of_memory_is_counted_by_the_group_or_else_by_the_machine(tmp_path: Path) -> None:
    own = write(tmp_path / "own", memory__events="low 0\noom 9\noom_kill 3\n")
    old = write(tmp_path / "old", memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    (tmp_path / "vmstat").write_text("pgfault 1\noom_kill 7\n")
    assert times_out_of_memory([own, old], tmp_path / "vmstat") == 3
    assert times_out_of_memory([old], tmp_path / "vmstat") == 2
    assert times_out_of_memory([tmp_path], tmp_path / "vmstat") == 7
    assert times_out_of_memory([], tmp_path / "missing") == 0


@pytest.mark.parametrize(
    ("limit", "used", "level", "value"),
    [
        ("max", 0, "good", "none"),
        (f"{32 * 2**30}", 0, "good", "none"),
        (f"{2**30}", 2**28, "note", "1 GiB, of which 768 MiB free"),
        (f"{2**30}", 2**30 - 32 * MIB, "warning", "1 GiB, of which 32 MiB free"),
    ],
)
def test_doctor_tells_the_limit_and_warns_where_little_is_left(
    tmp_path: Path, limit: str, used: int, level: str, value: str
) -> None:
    write(tmp_path / "sys/fs/cgroup", memory__max=f"{limit}\n", memory__current=f"{used}\n")
    write(tmp_path / "proc/self", cgroup="0::/\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n")
    found = {one.name: one for one in memory(Tree(tmp_path))}
    assert (found["memory limit"].level, found["memory limit"].value) == (level, value)


OFFERED = """
import json
from ipcbench.machine.facts import capabilities
from ipcbench.machine.finding import Tree
from ipcbench.machine.memory import memory
from pathlib import Path
found = {one.name: one.value for one in memory(Tree(Path("/")))}
print(json.dumps([capabilities().memory, found["memory limit"]]))
"""
TOO_LARGE = """
from ipcbench.model import Case, Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor
with Stop() as stop:
    visitor = Visitor(Timing(1, 0, 0.001), stop)
    print(visitor.visit(Visit(Case("ping-pong", "pipe", 64 * 2**20), 1, 0, 2)))
    visitor.close()
"""


def within(group: Path, folder: Path, program: str) -> str:
    """What a program prints that runs in this group."""
    env = environment(PYTHONPATH=PACKAGE_PARENT)
    done = finish(start_python("-c", program, cwd=folder, env=env, before=inside(group)), 120.0)
    assert done.code == 0, done.err
    return done.out


def test_no_more_is_planned_than_a_real_group_has_left(tmp_path: Path, group: Path) -> None:
    limit_memory(group, 256 * MIB)
    offered, told = json.loads(within(group, tmp_path, OFFERED))
    assert 0 < offered < 256 * MIB
    assert told.startswith("256 MiB, of which ")


def test_a_visit_that_a_real_group_has_no_memory_for_says_so(tmp_path: Path, group: Path) -> None:
    limit_memory(group, 150 * MIB)
    assert "out of memory, the kernel has ended a process" in within(group, tmp_path, TOO_LARGE)
