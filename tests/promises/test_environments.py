"""Poor places: whatever a machine lacks, a run ends, and every mechanism is measured or refused with the reason."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from commands import can_unshare, complaint, environment, run, with_mount

import ipcbench
from ipcbench.errors import IpcbenchError
from ipcbench.results import store
from ipcbench.run.containment.run_folder import short_folder

pytestmark = pytest.mark.usefixtures("no_leaks")

PACKAGE = Path(ipcbench.__file__).parent
MECHANISMS = ("pipe", "queue", "array", "manager-queue")
WORDS = ("--fast", "--mechanism", ",".join(MECHANISMS), "--pattern", "ping-pong", "--size", "64KiB", "--rounds", "1")

needs_mounts = pytest.mark.skipif(not can_unshare(), reason="needs root and 'unshare -m' for a mount of its own")
needs_taskset = pytest.mark.skipif(shutil.which("taskset") is None, reason="needs taskset")

HIDE_DEV = """
mkdir "$0" && mount --rbind /dev "$0" && mount -t tmpfs none /dev &&
for node in null zero urandom random; do touch /dev/$node; mount --bind "$0/$node" /dev/$node; done &&
ln -s /proc/self/fd /dev/fd && exec "$@"
"""


def without_shared_memory(folder: Path) -> list[str]:
    """Words to put before a command so that it sees a /dev with nothing but what every program needs."""
    return ["unshare", "-m", "sh", "-c", HIDE_DEV, str(folder / "dev")]


def check(folder: Path, before: list[str], **variables: str) -> dict[str, str]:
    """Run everything once in such a place; the verdict or the reason for each case, all of which must be there."""
    done = run("run", *WORDS, "--label", "here", cwd=folder, before=before, env=environment(**variables))
    assert done.code in (0, 7), done.err
    assert "Traceback" not in done.err
    record = store.load(folder / "results" / "here.json").ipcbench
    found = {case.id: case.verdict if case.verdict == "ok" else case.detail for case in record.cases}
    found |= {skip.id: skip.reason for skip in record.skips}
    assert {name.split("/")[1] for name in found} == set(MECHANISMS)
    assert all(found.values())
    return found


@needs_mounts
def test_without_dev_shm_what_needs_it_is_refused(tmp_path: Path) -> None:
    found = check(tmp_path, without_shared_memory(tmp_path))
    assert found["ping-pong/pipe/64KiB/1w"] == found["ping-pong/manager-queue/64KiB/1w"] == "ok"
    assert "semaphores" in found["ping-pong/queue/64KiB/1w"]


@needs_mounts
def test_with_a_read_only_dev_shm_what_needs_it_is_refused(tmp_path: Path) -> None:
    found = check(tmp_path, with_mount("ro", "/dev/shm"))
    assert found["ping-pong/pipe/64KiB/1w"] == "ok"
    assert "semaphores" in found["ping-pong/array/64KiB/1w"]


@needs_mounts
def test_with_a_tiny_dev_shm_what_does_not_fit_is_refused_and_never_measured_on_disk(tmp_path: Path) -> None:
    found = check(tmp_path, with_mount("size=256k", "/dev/shm"))
    assert found["ping-pong/queue/64KiB/1w"] == "ok"
    assert "/dev/shm" in found["ping-pong/array/64KiB/1w"]


@needs_mounts
@pytest.mark.parametrize("kibibytes", [128, 200])
def test_an_array_is_in_memory_or_refused_however_little_room_there_is(tmp_path: Path, kibibytes: int) -> None:
    words = ("--fast", "--mechanism", "array", "--pattern", "access:read", "--workers", "1", "--size", "64KiB")
    mount = with_mount(f"size={kibibytes}k", "/dev/shm")
    done = run("run", *words, "--rounds", "1", "--label", "here", cwd=tmp_path, before=mount)
    if done.code == 8:
        assert "/dev/shm" in done.err
        return
    assert done.code in (0, 7), done.err
    (case,) = store.load(tmp_path / "results" / "here.json").ipcbench.cases
    assert case.verdict == "ok" or "/dev/shm" in case.detail or "No space" in case.detail


def test_below_folders_with_a_colon_in_their_names(tmp_path: Path) -> None:
    checkout, temporary = tmp_path / "a:b", tmp_path / "c:d"
    temporary.mkdir()
    shutil.copytree(PACKAGE, checkout / "ipcbench", ignore=shutil.ignore_patterns("__pycache__"))
    env = environment(TMPDIR=str(temporary))
    del env["PYTHONPATH"]
    words = ["run", "--python", sys.executable, "--fast", "--rounds", "1", "--mechanism", "queue", "--size", "64B"]
    words += ["--pattern", "ping-pong", "--start-method", "fork,spawn,forkserver", "--label", "here"]
    done = run(*words, cwd=checkout, env=env)
    assert done.code in (0, 7), done.err
    cases = store.load(checkout / "results" / "here.json").ipcbench.cases
    assert [case.verdict for case in cases] == ["ok"] * 3
    assert not list(temporary.iterdir())


def test_a_temporary_folder_is_asked_for_where_all_have_a_colon_in_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a:b"))
    said = complaint(IpcbenchError, lambda: short_folder(()))
    assert said == f"{tmp_path}/a:b: the temporary folder has ':' in its path; set TMPDIR to another"


def test_with_too_few_descriptors_it_says_so(tmp_path: Path) -> None:
    done = run("run", *WORDS, cwd=tmp_path, before=["sh", "-c", 'ulimit -n 9 && exec "$@"', "sh"])
    assert done.code not in (0, 1), done.err
    assert "Traceback" not in done.err
    assert len(done.errors) >= 1


@needs_mounts
def test_with_64_descriptors_a_long_temporary_folder_a_read_only_home_and_the_c_locale(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / ("x" * (104 - len(str(tmp_path))))
    home.mkdir()
    folder.mkdir()
    variables = {"HOME": str(home), "XDG_STATE_HOME": "", "XDG_CACHE_HOME": "", "TMPDIR": str(folder)}
    variables |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    few = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"]
    found = check(tmp_path, [*with_mount("ro", home), *few], **variables)
    assert found == {f"ping-pong/{mechanism}/64KiB/1w": "ok" for mechanism in MECHANISMS}
    assert not list(folder.iterdir())


@needs_mounts
@needs_taskset
def test_as_process_1_on_one_cpu(tmp_path: Path) -> None:
    one = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    found = check(tmp_path, ["unshare", "-p", "-f", "-m", "--mount-proc", *one])
    assert found == {f"ping-pong/{mechanism}/64KiB/1w/pack": "ok" for mechanism in MECHANISMS}


needs_another_user = pytest.mark.skipif(
    os.geteuid() != 0 or not (shutil.which("setpriv") and shutil.which("prlimit")),
    reason="needs root, setpriv and prlimit: the limit on processes does not hold for root",
)


def with_processes(number: int) -> list[str]:
    """Words to put before a command so that it runs as a user who may have so many processes and threads."""
    user = ["--reuid=54321", "--regid=54321", "--clear-groups"]
    files = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]  # of root, such as the interpreter
    return ["setpriv", *user, *files, "prlimit", f"--nproc={number}"]


@needs_another_user
@pytest.mark.parametrize(
    ("words", "processes"),
    [
        *((("run", *WORDS), most) for most in (1, 2, 3, 4)),  # itself, warden, template, custodian
        *((("conformance", "pipe-bytes"), most) for most in (1, 2, 3)),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else None,
)
def test_without_a_process_for_a_worker_it_says_so_with_exit_code_8(
    tmp_path: Path, words: tuple[str, ...], processes: int
) -> None:
    done = run(*words, cwd=tmp_path, before=with_processes(processes))
    assert done.code == 8, done.err
    assert done.errors[-1].endswith("unavailable; 'ipcbench doctor' shows the limits of this machine")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@needs_another_user
def test_where_no_case_can_be_set_up_the_exit_code_is_8(tmp_path: Path) -> None:
    words = ["run", *WORDS, "--fresh-interpreters", "--label", "here"]
    done = run(*words, cwd=tmp_path, before=with_processes(4))  # itself, warden, custodian, worker
    assert done.code == 8, done.err
    record = store.load(tmp_path / "results" / "here.json").ipcbench
    assert {case.verdict for case in record.cases} == {"unsupported"}


def test_without_descriptors_for_a_process_the_exit_code_is_8(tmp_path: Path) -> None:
    done = run("run", *WORDS, cwd=tmp_path, before=["sh", "-c", 'ulimit -n 9 && exec "$@"', "sh"])
    assert done.code == 8, done.err
    assert "Too many open files; 'ipcbench doctor' shows" in done.errors[-1]


def test_with_too_little_memory_for_conclusions_it_says_so_and_keeps_what_was_measured(tmp_path: Path) -> None:
    words = ["--mechanism", "pipe", "--pattern", "ping-pong", "--size", "64B", "--rounds", "1", "--label", "here"]
    done = run("run", *words, cwd=tmp_path, before=["sh", "-c", 'ulimit -v 60000 && exec "$@"', "sh"])
    assert done.code == 6, done.err
    assert done.errors[-1].startswith("ipcbench: out of memory, processes or file descriptors")
    assert store.load(tmp_path / "results" / "here.json").ipcbench.cases[0].verdict == "ok"
