"""What a kernel, a sandbox or a file system does not offer is done without; the calls are really taken away here."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from commands import (
    EXTRA,
    PACKAGE_PARENT,
    QUICK,
    TOKEN,
    Finished,
    environment,
    finish,
    marked_processes,
    run,
    start,
    until,
)
from without import can_take_away, words

from ipcbench.results.store import load

pytestmark = [
    pytest.mark.usefixtures("no_leaks"),
    pytest.mark.skipif(not can_take_away(), reason="needs seccomp on x86_64 or aarch64"),
]

NO_PIDFD = {
    "an old kernel": ("pidfd_open=ENOSYS", "pidfd_send_signal=ENOSYS"),
    "a sandbox": ("pidfd_open=EPERM", "pidfd_send_signal=EPERM"),
    "a sandbox that lets a descriptor be opened only": ("pidfd_send_signal=EPERM",),
}
NO_LOCKS = {name: (f"flock={name}",) for name in ("ENOLCK", "ENOSYS", "EOPNOTSUPP", "EINVAL")}
POOR = {
    "no hard links": ("link=EPERM",),
    "no fsync": ("fsync=EINVAL", "fdatasync=EINVAL"),
    "no permissions": ("chmod=EPERM",),
    "nothing of all that": ("link=EOPNOTSUPP", "fsync=ENOSYS", "fdatasync=ENOSYS", "chmod=EPERM", "flock=ENOSYS"),
}
SOON = 30.0
GONE = 3.0
HANGING = ("run", "--mechanism", "pipe-bytes", "--pattern", "mute-peer", "--size", "64B", "--rounds", "1")


def cases(named: Mapping[str, tuple[str, ...]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("lacking", named.values(), ids=named)


def hanging(folder: Path, label: str, lacking: tuple[str, ...]) -> subprocess.Popen[str]:
    """A run whose first visit waits in vain for its peer."""
    env = environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}")
    return start(*HANGING, "--label", label, cwd=folder, env=env, before=words(*lacking))


def waiting(temporary: Path) -> int:
    """How many visits below this folder wait for their peer."""
    found = 0
    for path in temporary.glob("*/*/stage"):
        with contextlib.suppress(OSError):
            found += "verification" in path.read_text()
    return found


def processes() -> set[tuple[int, float]]:
    return marked_processes(os.environ[TOKEN])


def quick(folder: Path, *more: str, lacking: tuple[str, ...]) -> Finished:
    return run("run", *QUICK, "--label", "mine", *more, cwd=folder, before=words(*lacking))


@pytest.mark.sample
@cases(NO_PIDFD)
def test_processes_are_ended_where_the_system_has_no_descriptors_of_them(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    env = environment(PYTHONPATH=f"{EXTRA}:{PACKAGE_PARENT}", IPCBENCH_TIMEOUT_MUL="0.3")
    done = run(*HANGING, cwd=tmp_path, env=env, before=words(*lacking), timeout=2 * SOON)
    assert "not every message of a verification turn had arrived" in done.out
    assert done.code == 5  # what could not be ended would be code 6
    assert not processes()


@cases(NO_PIDFD)
def test_an_interrupt_leaves_nothing_where_the_system_has_no_descriptors_of_processes(
    tmp_path: Path, temporary: Path, lacking: tuple[str, ...]
) -> None:
    process = hanging(tmp_path, "mine", lacking)
    try:
        assert until(lambda: waiting(temporary) == 1, SOON)
        process.send_signal(signal.SIGINT)
    finally:
        done = finish(process, SOON)
    assert done.code == 128 + signal.SIGINT
    assert not processes()


@cases(NO_PIDFD)
def test_a_killed_run_leaves_nothing_where_the_system_has_no_descriptors_of_processes(
    tmp_path: Path, temporary: Path, lacking: tuple[str, ...]
) -> None:
    process = hanging(tmp_path, "mine", lacking)
    try:
        assert until(lambda: waiting(temporary) == 1, SOON)
    finally:
        process.kill()
        finish(process)
    assert until(lambda: not processes() and not list(temporary.glob("ib*")), GONE)


@cases(NO_PIDFD | {"no locks": ("flock=ENOLCK",)})
def test_clean_ends_what_a_run_left_and_lets_another_run_go_on(
    tmp_path: Path, temporary: Path, lacking: tuple[str, ...]
) -> None:
    runs = [hanging(tmp_path, label, lacking) for label in ("one", "two")]
    try:
        assert until(lambda: waiting(temporary) == 2, SOON)
        children = Path(f"/proc/{runs[0].pid}/task/{runs[0].pid}/children").read_text().split()
        for pid in map(int, children):
            os.kill(pid, signal.SIGSTOP)
        for pid in (runs[0].pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        finish(runs[0])
        done = run("clean", cwd=tmp_path, before=words(*lacking))
        assert (done.code, done.err) == (0, "")
        assert len([line for line in done.out.splitlines() if line.startswith(f"removed {temporary}/")]) == 1
        assert re.search(
            r"^left alone: [1-9][0-9]* runs? in progress$", done.out, re.MULTILINE
        )  # others may run beside
        assert len(list(temporary.glob("ib*"))) == 1
        assert runs[1].poll() is None
    finally:
        for process in runs:
            process.kill()
            finish(process)
    assert until(lambda: not processes() and not list(temporary.glob("ib*")), GONE)


@pytest.mark.sample
@cases(NO_LOCKS | POOR)
def test_a_run_is_measured_and_saved_by_a_file_system_that_has_less(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    done = quick(tmp_path, lacking=lacking)
    assert done.code in (0, 7), done
    assert "ipcbench:" not in done.err
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["mine.json"]
    assert load(tmp_path / "results" / "mine.json").ipcbench.complete


@pytest.mark.sample
@cases(POOR)
def test_a_results_file_is_not_overwritten_by_a_file_system_that_has_less(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    assert quick(tmp_path, lacking=lacking).code in (0, 7)
    before = (tmp_path / "results" / "mine.json").read_bytes()
    done = quick(tmp_path, lacking=lacking)
    assert (done.code, "mine.json exists: choose another --label" in done.err) == (2, True)
    assert (tmp_path / "results" / "mine.json").read_bytes() == before
    assert quick(tmp_path, "--force", lacking=lacking).code in (0, 7)


@pytest.mark.sample
@cases(NO_LOCKS)
def test_a_label_that_is_being_written_is_refused_without_locks_too(
    tmp_path: Path, temporary: Path, lacking: tuple[str, ...]
) -> None:
    process = hanging(tmp_path, "mine", lacking)
    try:
        assert until(lambda: waiting(temporary) == 1, SOON)
        done = quick(tmp_path, "--force", lacking=lacking)
        assert "another run is writing this label" in done.err
    finally:
        process.kill()
        finish(process)
    assert until(lambda: not processes() and not list(temporary.glob("ib*")), GONE)
    assert quick(tmp_path, "--force", lacking=lacking).code in (0, 7)


def test_the_machine_keeps_its_id_where_there_are_no_hard_links(tmp_path: Path) -> None:
    found = {
        subprocess.run(
            [*words("link=EPERM"), sys.executable, "-c", "from ipcbench.machine.facts import *; print(machine_id())"],
            env=environment(XDG_STATE_HOME=str(tmp_path / "state")),
            capture_output=True,
            text=True,
            timeout=SOON,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    }
    assert len(found) == 1
    assert len(found.pop()) == 16
    assert [path.name for path in (tmp_path / "state" / "ipcbench").iterdir()] == ["salt"]


def test_where_no_process_may_have_the_lowest_priority_awake_cases_are_skipped_with_the_reason(tmp_path: Path) -> None:
    lacking = ("sched_setscheduler=EPERM",)
    done = quick(tmp_path, "--cpus", "idle,awake", lacking=lacking)
    assert done.code in (0, 7), done.err
    (skip,) = load(tmp_path / "results/mine.json").ipcbench.skips
    assert skip.id.endswith("/awake")
    assert "SCHED_IDLE, which this system refuses" in skip.reason
    told = run("doctor", cwd=tmp_path, before=words(*lacking))
    assert "The price of waking a CPU was not measured: cpus awake needs" in " ".join(told.out.split())
