"""Fixtures that several test modules use."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from commands import (
    TOKEN,
    Finished,
    children,
    marked_processes,
    names_of_others,
    open_descriptors,
    shared_names,
    until,
)
from dask_cluster import Cluster
from own_shared_memory import mount_own

from ipcbench.cli import main
from ipcbench.measure.process.leaks import code_files
from ipcbench.model import Case
from ipcbench.run import visitor
from ipcbench.run.stop import Stop

pytest.register_assert_rewrite("chart_checks")  # so that a failure shows which texts are wrong

# No test asserts a speed, and on a busy machine an example may take any time.
hypothesis.settings.register_profile(
    "any speed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any speed")

STEADY = 0.11  # a leak shows in two samples at least 100 ms apart; a single sample also shows dying processes
PATIENCE = 3.0  # a name in /dev/shm may belong to another program: it goes, or a process of that program has it open


def pytest_configure() -> None:
    """Prepare every process that runs tests.

    Without a private /dev/shm, tests recognise the names of other programs by the processes that use them. nohup and a
    shell's `&` ignore signals, which every process that a test starts would inherit.
    """
    mount_own()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", choices=("quick", "rest", "all"), default="all", help="see CONTRIBUTING.md")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Divide the tests into the quick part and the rest.

    The quick part holds every test that is not marked `full`. If parameters are multiplied, it holds as many
    combinations as every value of each parameter needs, and only one if the test is marked `sample`. Combinations are
    taken in the order of a hash, so that values of one parameter meet different values of another; the order must be
    equal in every process of xdist.
    """
    items.sort(key=lambda item: str(item.path), reverse=True)  # short files last: no process is left with a long one
    part = config.getoption("--part")
    if part == "all":
        return
    seen: set[tuple[object, ...]] = set()
    quick: set[pytest.Item] = set()
    for item in sorted(items, key=lambda item: hashlib.sha256(item.nodeid.encode()).digest()):
        values = {(item.nodeid.partition("[")[0], *value) for value in parameter_values(item)}
        if not item.get_closest_marker("full") and not values <= seen:
            quick.add(item)
            seen |= values
    left = [item for item in items if (item in quick) == (part == "rest")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if (item in quick) == (part == "quick")]


def parameter_values(item: pytest.Item) -> set[tuple[object, ...]]:
    """Return the values of a test's parameters: one for each decorator, or one for each field of a case."""
    params: dict[str, object] = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    values: set[tuple[object, ...]] = {()}
    if item.get_closest_marker("sample"):
        return values
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0].replace(" ", "").split(",") if isinstance(mark.args[0], str) else mark.args[0]
        row = [params.pop(name) for name in names]
        if len(row) == 1 and isinstance(row[0], Case):
            values |= {*row[0]._asdict().items()}
        else:
            values.add((*names, *map(id, row)))
    return values | {(name, id(value)) for name, value in params.items()}


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set a state folder for the tests, which must not write to the user's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a temporary folder for this process and all that it starts; its path is short enough for sockets."""
    assert tmp_path.is_dir()  # pytest must make its own folder before this one replaces /tmp
    folder = Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def no_leaks(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if the test leaves a process, a descriptor, a shared-memory name, a semaphore or a temporary file."""
    token = uuid.uuid4().hex
    monkeypatch.setenv(TOKEN, token)
    before = children(), open_descriptors(), shared_names()
    yield
    seen = marked_processes(token) | (children() - before[0])
    if seen:
        until(lambda: not any(_ends_by_itself(pid) for pid, _ in seen), PATIENCE)
        time.sleep(STEADY)
        leaked = seen & (marked_processes(token) | children())
        assert not leaked, f"processes are left: {[_command(pid) for pid, _ in leaked]}"
    code = code_files()  # a library may keep its own file open until the process ends
    opened = {fd: what for fd, what in open_descriptors().items() if fd not in before[1] and what not in code}
    assert not opened, f"descriptors are left open: {opened}"
    named = shared_names() - before[2]
    if not until(lambda: not named & shared_names(), PATIENCE):
        lasting = named & shared_names() - names_of_others(token)
        assert not lasting, f"left in /dev/shm: {lasting}"
    files = sorted(path.name for path in temporary.iterdir() if path.name.startswith(("ib", "pymp-", "tmp")))
    assert not files, f"left in the temporary folder: {files}"


@pytest.fixture
def short_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a short deadline for the timing stage, and leave the others, because the machine may be busy."""
    usual = visitor.deadlines
    monkeypatch.setattr(visitor, "deadlines", lambda *about: usual(*about) | {"timing": 3.0})


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Yield a Stop that is not requested; restore the signal handlers of this process afterwards."""
    with Stop() as entered:
        yield entered


@pytest.fixture
def cluster(tmp_path: Path, no_leaks: None) -> Iterator[Cluster]:  # noqa: ARG001 - it must look for leaks last
    """Yield a Dask scheduler without workers, on loopback."""
    made = tmp_path / "dask"
    made.mkdir()
    with contextlib.closing(Cluster(made)) as found:
        yield found


@pytest.fixture
def pair(cluster: Cluster) -> Cluster:
    """Return the cluster with two workers, which pretend to be the hosts a and b."""
    cluster.add("a", "a")
    cluster.add("b", "b")
    return cluster


@pytest.fixture
def within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Finished]:
    """Return the function that runs a command in this process, in a new folder; it saves the imports."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Finished:
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Finished(ended.value.code, out, err)

    return call


def _ends_by_itself(pid: int) -> bool:
    """Return whether this is a living helper of multiprocessing, which ends a moment after its last client."""
    return any(word in _command(pid) for word in ("multiprocessing.resource_tracker", "multiprocessing.forkserver"))


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return f"{pid}: {b' '.join(words).decode(errors='replace')} (parent {os.getppid()})"
    except OSError:
        return f"{pid}: gone"
