"""A machine may say anything of itself, or nothing: what was measured is kept, and no command ends in a traceback.

The machines are real as far as a mount namespace can make them: files of /proc and /sys have other content there.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import pyperf
import pytest
from commands import QUICK, can_unshare, environment, python, run
from crashes import CONTINUE, INSTANT, WORDS, check_whole
from records import PLAN, outcome
from synthetic import make_cases, make_result

from ipcbench.analysis.compare.side import open_side
from ipcbench.cli.measuring.listener import Terminal
from ipcbench.machine import facts
from ipcbench.machine.cpu_times import cpu_times
from ipcbench.machine.facts import machine_facts
from ipcbench.machine.processors import busy_cpus
from ipcbench.measure.contract import outside
from ipcbench.report.content.rows import environment as environment_of
from ipcbench.report.content.study import study
from ipcbench.results import store
from ipcbench.results.schema import UNKNOWN, MachineFacts, ResultFile
from ipcbench.run.journal.file import Journal
from ipcbench.run.result import Occasion
from ipcbench.run.result import make_result as result_of
from ipcbench.run.save import save_result
from ipcbench.run.schedule import Findings

pytestmark = pytest.mark.usefixtures("no_leaks")
needs_namespaces = pytest.mark.skipif(not can_unshare(), reason="needs root and 'unshare -m' for a mount of its own")

ONLINE, CPUINFO = "/sys/devices/system/cpu/online", "/proc/cpuinfo"
CHIP = b"processor\t: 0\nmodel name\t: Chip\xe9\xff\x01 9\ncpu MHz\t\t: unknown\nflags\t\t: fpu\n"
VENDOR = "mount -t tmpfs none /sys/class && mkdir -p /sys/class/dmi/id && cp vendor /sys/class/dmi/id/sys_vendor"


def seen(mounts: str, *more: str) -> list[str]:
    """Words to put before a command that sees these mounts."""
    return ["unshare", "-m", *more, "sh", "-c", f'{mounts} && exec "$@"', "sh"]


def stretched(machine: MachineFacts) -> dict[str, MachineFacts]:
    """The same machine with one fact each that no rule would expect."""
    changes: dict[str, dict[str, object]] = {
        "fewer CPUs than are usable": {"cpus": 1, "usable_cpus": 64},
        "memory that is not known": {"memory": None},
        "no name of anything": {"system": "", "kernel": "", "architecture": "", "cpu_model": ""},
    }
    return {name: msgspec.structs.replace(machine, **change) for name, change in changes.items()}


@pytest.mark.parametrize("strange", stretched(machine_facts()))
def test_a_results_file_may_say_anything_of_its_machine(tmp_path: Path, strange: str) -> None:
    result = make_result(make_cases(sizes=[64], mechanisms=["pipe"]))
    result.ipcbench.machine = stretched(result.ipcbench.machine)[strange]
    path = tmp_path / "a.json"
    store.save(result, path, replace=False)
    assert store.load(path).ipcbench.machine == result.ipcbench.machine


@pytest.mark.parametrize("year", [1, 1970, 1999, 2500])
def test_a_results_file_may_come_from_any_year(tmp_path: Path, year: int) -> None:
    result = make_result(make_cases(sizes=[64], mechanisms=["pipe"]))
    when = f"{year:04}-01-01T00:00:09+00:00"
    result.ipcbench.started = result.ipcbench.repeats[0].started = when
    result.metadata["date"] = f"{year:04}-01-01 00:00:09"
    store.save(result, tmp_path / "a.json", replace=False)
    assert store.load(tmp_path / "a.json").ipcbench.started == when


def test_no_fewer_cpus_are_recorded_than_are_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(facts, "usable_cpus", lambda: [0, 1, 2])
    found = machine_facts()
    assert (found.cpus, found.usable_cpus) == (3, 3)


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec %= 86400;
    return failed;
}
"""


@pytest.fixture
def strange(tmp_path: Path) -> dict[str, str]:
    """The environment of processes whose clock stands in 1970."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler to put the clock back")
    (tmp_path / "clock.c").write_text(CLOCK)
    words = [compiler, "-shared", "-fPIC", "-o", "clock.so", "clock.c", "-ldl"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    return environment(LD_PRELOAD=str(tmp_path / "clock.so"))


def test_a_run_by_a_clock_that_stands_in_1970_is_saved(tmp_path: Path, strange: dict[str, str]) -> None:
    done = run("run", *QUICK, "--label", "a", cwd=tmp_path, env=strange)
    assert done.code in (0, 7), done.err
    result = store.load(tmp_path / "results/a.json")
    assert result.ipcbench.started.startswith("1970-")
    assert str(result.benchmarks[0].metadata["date"]).startswith("1970-")


def test_a_run_by_a_clock_that_stands_in_1970_is_continued_and_saved(
    tmp_path: Path, temporary: Path, strange: dict[str, str]
) -> None:
    env = strange | {"IPCBENCH_TEST_FAULTS": json.dumps({"queue 2 1": "escaped"})}
    done = python(INSTANT, *WORDS, "--label", "mine", cwd=tmp_path, env=env)
    assert CONTINUE in done.out + done.err
    done = python(INSTANT, "run", "--resume", "mine", cwd=tmp_path, env=strange)
    assert done.code == 0, done.err
    check_whole(tmp_path)
    assert list(temporary.glob("ipcbench-*")) == []


@needs_namespaces
def test_a_run_is_saved_where_the_kernel_counts_fewer_cpus_than_are_usable(tmp_path: Path) -> None:
    (tmp_path / "online").write_text("0\n")
    done = run("run", *QUICK, "--label", "a", cwd=tmp_path, before=seen(f"mount --bind online {ONLINE}"))
    assert done.code in (0, 7), done.err
    machine = store.load(tmp_path / "results/a.json").ipcbench.machine
    assert machine.cpus >= machine.usable_cpus


BYTES = {
    "processor": (CPUINFO, f"mount --bind chip {CPUINFO}"),
    "vendor": ("/sys/class", f"{VENDOR} && mount --bind plain {CPUINFO}"),
}


@needs_namespaces
@pytest.mark.parametrize("what", BYTES)
def test_doctor_and_run_read_files_of_the_system_that_are_not_utf_8(tmp_path: Path, what: str) -> None:
    place, mounts = BYTES[what]
    if not os.path.exists(place):
        pytest.skip(f"no {place} here")
    (tmp_path / "chip").write_bytes(CHIP)
    (tmp_path / "plain").write_text("processor\t: 0\nmodel name\t: Chip 9\nflags\t\t: fpu\n")
    (tmp_path / "vendor").write_bytes(b"QEMU\xe9\xff works\n")
    asked = run("doctor", "--format", "json", cwd=tmp_path, before=seen(mounts))
    assert (asked.code, asked.err) == (0, "")
    done = run("run", *QUICK, "--label", "a", cwd=tmp_path, before=seen(mounts))
    assert done.code in (0, 7), done.err
    result = store.load(tmp_path / "results/a.json")
    if what == "processor":
        assert result.ipcbench.machine.cpu_model.startswith("Chip")
        assert str(result.benchmarks[0].metadata["cpu_model_name"]).startswith("Chip")
    else:
        assert "QEMU" in {one["value"] for one in json.loads(asked.out)["findings"]}


@needs_namespaces
def test_everything_works_where_proc_holds_nothing_but_processes(tmp_path: Path) -> None:
    before = seen("mount -t proc -o subset=pid proc /proc", "--pid", "--fork", "--kill-child")
    if run("--version", cwd=tmp_path, before=before).code:
        pytest.skip("this kernel mounts no /proc with subset=pid")
    asked = run("doctor", "--format", "json", cwd=tmp_path, before=before)
    assert (asked.code, asked.err) == (0, "")
    found = {one["name"]: one["value"] for one in json.loads(asked.out)["findings"]}
    assert found["memory"] == found["other work"] == found["steal"] == "unknown"
    done = run("run", *QUICK, "--label", "a", cwd=tmp_path, before=before)
    assert done.code in (0, 7), done.err
    assert "Traceback" not in done.err
    assert run("report", "results/a.json", cwd=tmp_path, before=before).code == 0


def test_a_report_and_a_comparison_do_without_the_size_of_the_memory(tmp_path: Path) -> None:
    for label in ("a", "b"):
        result = make_result(make_cases(sizes=[64], mechanisms=["pipe"]), label=label)
        result.ipcbench.machine.memory = None
        result.ipcbench.started = result.ipcbench.repeats[0].started = f"2026-01-0{1 + (label == 'b')}T00:00:00+00:00"
        store.save(result, tmp_path / f"{label}.json", replace=False)
    about = study(store.load(tmp_path / "a.json"))
    assert ["Memory", UNKNOWN] in environment_of(about).rows
    assert "None" not in about.machine
    assert "memory" not in open_side(tmp_path / "a.json").facts


def unsavable() -> ResultFile:
    """A result that no file takes."""
    result = make_result(make_cases(sizes=[64], mechanisms=["pipe"]))
    result.ipcbench.cases.append(result.ipcbench.cases[0])
    return result


def test_a_save_that_fails_everywhere_leaves_no_folder_behind(
    tmp_path: Path, temporary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal.begin(tmp_path / "a.journal", replace=False)
    try:
        path, saved = save_result(unsavable(), tmp_path / "a.json", False, Findings(), journal, Terminal(quiet=True))
    finally:
        journal.close()
    assert (path, saved) == (tmp_path / "a.journal", False)
    assert "not saved" in capsys.readouterr().err
    assert list(temporary.iterdir()) == []


def test_facts_of_the_machine_that_change_during_a_run_refuse_nothing(tmp_path: Path) -> None:
    case, names = PLAN.cases[0], ("here", "there")
    outcomes = {
        (case, number): outcome()._replace(metadata=outcome().metadata | {"hostname": name, "cpu_count": number})
        for number, name in enumerate(names, start=1)
    }
    findings = Findings(outcomes=outcomes, positions=dict.fromkeys(outcomes, 0), loops={case: 10}, rounds=2)
    about = Occasion("a", "2026-01-15T10:20:30+00:00", "run", 9.0, machine_facts(), full_metadata=True)
    store.save(result_of(replace(PLAN, cases=(case,)), findings, about), tmp_path / "a.json", replace=False)
    (bench,) = pyperf.BenchmarkSuite.load(str(tmp_path / "a.json"))
    assert bench.get_nrun() == 2


GAPS = """\
cpu  {used} 0 0 100 0 0 0 0 0 0
cpu0 0 0 0 {idle} 0 0 0 0 0 0
cpu3 {used} 0 0 50 0 0 0 0 0 0
cpu7 0 0 0 {idle} 0 0 0 0 0 0
"""


def test_cpus_are_told_apart_by_number_where_numbers_have_gaps() -> None:
    def busy(*cpus: int) -> float | None:
        before, after = (cpu_times(GAPS.format(idle=idle, used=used), cpus) for idle, used in ((0, 0), (100, 100)))
        return busy_cpus(before, after)

    assert busy(3) == pytest.approx(1.0)
    assert busy(7) == pytest.approx(0.0)
    assert busy(0, 3) == pytest.approx(1.0)
    assert busy(1) is None


def test_what_a_process_holds_outside_is_told_where_names_are_not_utf_8(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9"
    with socket.socket(socket.AF_UNIX) as bound, open(name + b".data", "wb+") as file:
        bound.bind(name)
        file.truncate(4096)
        with contextlib.closing(mmap.mmap(file.fileno(), 4096)):
            found = [*outside._written(os.getpid(), "ib"), *outside._reachable(os.getpid(), "ib")]
    assert f"shared memory {os.fsdecode(name)}.data" in found
    assert f"the socket {os.fsdecode(name)}" in found
