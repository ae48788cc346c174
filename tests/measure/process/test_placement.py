"""Who runs where, on machines that are folders of files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.measure.process import placement
from ipcbench.measure.process.placement import assign, near_first, parse_cpu_list, usable_cpus
from ipcbench.model import PLACEMENTS, Placement


def machine(folder: Path, cores: Mapping[int, str], caches: Mapping[int, str], level: int = 3) -> None:
    """Write what the kernel would say: by CPU, the threads of its core and the sharers of its last-level cache."""
    for cpu, siblings in cores.items():
        topology, cache = folder / f"cpu{cpu}/topology", folder / f"cpu{cpu}/cache/index{level}"
        topology.mkdir(parents=True)
        cache.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(siblings + "\n")
        (cache / "shared_cpu_list").write_text(caches[cpu] + "\n")


@pytest.fixture
def cpu_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(placement, "_CPU", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0-3,8", [0, 1, 2, 3, 8]), ("5", [5]), ("0\n", [0]), ("", []), ("0,2-3,7-7\n", [0, 2, 3, 7])],
)
def test_the_kernels_lists_are_read(text: str, cpus: list[int]) -> None:
    assert parse_cpu_list(text) == cpus


@given(st.sets(st.integers(0, 300)))
def test_a_list_written_as_the_kernel_does_is_read_back(cpus: set[int]) -> None:
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and parts[-1][-1] == cpu - 1:
            parts[-1].append(cpu)
        else:
            parts.append([cpu])
    text = ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in parts)
    assert parse_cpu_list(text + "\n") == sorted(cpus)


def test_cores_come_before_second_threads_numbered_next_to_each_other(cpu_folder: Path) -> None:
    cores = {0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"}
    machine(cpu_folder, cores, dict.fromkeys(cores, "0-3"))
    assert near_first([0, 1, 2, 3]) == [0, 2, 1, 3]


def test_cores_come_before_second_threads_numbered_after_all_cores(cpu_folder: Path) -> None:
    cores = {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}
    machine(cpu_folder, cores, dict.fromkeys(cores, "0-3"))
    assert near_first([0, 1, 2, 3]) == [0, 1, 2, 3]


def test_neighbours_in_the_last_level_cache_come_first(cpu_folder: Path) -> None:
    cores = {cpu: str(cpu) for cpu in range(4)}
    machine(cpu_folder, cores, {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"})
    assert near_first([0, 1, 2, 3]) == [0, 2, 1, 3]


def test_a_machine_without_a_third_cache_is_told_by_its_second(cpu_folder: Path) -> None:
    cores = {cpu: str(cpu) for cpu in range(4)}
    machine(cpu_folder, cores, {0: "0,3", 1: "1-2", 2: "1-2", 3: "0,3"}, level=2)
    assert near_first([0, 1, 2, 3]) == [0, 3, 1, 2]


@pytest.mark.parametrize("text", ["", "nonsense", "-"])
def test_a_machine_that_says_nothing_of_use_keeps_its_order(cpu_folder: Path, text: str) -> None:
    cores = {cpu: text for cpu in range(3)}
    machine(cpu_folder, cores, cores)
    assert near_first([0, 1, 2]) == [0, 1, 2]
    assert near_first([5, 6, 7, 8]) == [5, 6, 7, 8]


@pytest.mark.usefixtures("cpu_folder")
@pytest.mark.parametrize("how", PLACEMENTS)
def test_on_one_cpu_everything_is_there(how: Placement) -> None:
    assert assign(how, [3], [0, 0]) == [(3,), (3,)]
    assert assign(how, [3], [1, 1, 0]) == [(3,), (3,), (3,)]


@pytest.mark.usefixtures("cpu_folder")
def test_two_processes_on_two_cpus_are_apart_with_or_without_threads() -> None:
    assert assign("spread", [0, 1], [0, 0]) == [(0,), (1,)]
    assert assign("spread", [0, 1], [1, 1]) == [(0,), (1,)]


@pytest.mark.usefixtures("cpu_folder")
def test_background_threads_get_cpus_where_there_are_enough_for_all() -> None:
    assert assign("spread", [0, 1, 2, 3], [1, 1]) == [(0, 1), (2, 3)]
    assert assign("spread", [0, 1, 2], [1, 1]) == [(0,), (1,)]


@pytest.mark.usefixtures("cpu_folder")
def test_more_processes_than_cpus_share_evenly() -> None:
    assert assign("spread", [0, 1], [0] * 5) == [(0,), (1,), (0,), (1,), (0,)]


def test_packing_puts_all_on_the_first_and_freedom_gives_all_to_all() -> None:
    assert assign("pack", [2, 5], [0, 1, 0]) == [(2,)] * 3
    assert assign("free", [2, 5], [0, 1, 0]) == [(2, 5)] * 3


@given(
    how=st.sampled_from(PLACEMENTS),
    cpus=st.lists(st.integers(1000, 1063), min_size=1, max_size=12, unique=True).map(sorted),
    threads=st.lists(st.integers(0, 2), min_size=2, max_size=8),
)
def test_every_process_gets_at_least_one_usable_cpu(how: Placement, cpus: Sequence[int], threads: list[int]) -> None:
    given_out = assign(how, cpus, threads)
    assert len(given_out) == len(threads)
    assert all(some and set(some) <= set(cpus) for some in given_out)
    if how == "spread" and sum(1 + extra for extra in threads) <= len(cpus):
        everything = [cpu for some in given_out for cpu in some]
        assert len(set(everything)) == len(everything)


def test_the_usable_cpus_are_those_of_this_process() -> None:
    assert usable_cpus() == sorted(os.sched_getaffinity(0))
