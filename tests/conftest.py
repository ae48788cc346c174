"""Fixtures that several test modules use."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import (
    TOKEN,
    Finished,
    children,
    marked_processes,
    names_of_others,
    open_descriptors,
    running,
    shared_names,
    stages,
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

STEADY = 0.11  # a leak is what two samples at least 100 ms apart both show; one sample catches the dying
PATIENCE = 3.0  # names in /dev/shm may be those of somebody beside us: they go, or a process of theirs has them


def pytest_configure() -> None:
    """Prepare every process that runs tests.

    Where no /dev/shm of their own is allowed, tests tell the names of others by the processes that use them. nohup and
    a shell's `&` ignore signals; every process that a test starts would inherit that.
    """
    mount_own()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", choices=("quick", "rest", "all"), default="all", help="see CONTRIBUTING.md")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Divide the tests into the quick part and the rest.

    The quick part holds every test that is not marked `full`. Of a test whose parameters are multiplied it holds as
    many combinations as are needed for every value of each parameter, and of a test marked `sample` one. Combinations
    are taken in the order of a hash, so that the values of one parameter meet different values of another; the order
    must be the same in every process of xdist.
    """
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
    """A state folder of the tests' own: none may write below the home of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of the test's own, for this process and all it starts; short enough for sockets below it."""
    assert tmp_path.is_dir()  # pytest's own folder must be made before this one takes the place of /tmp
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
def short_timing(no_leaks: None, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001
    """Timing has a deadline that is soon over; what comes before it has as long as ever, however busy the machine.

    The warden sleeps until the deadline of the stage it knows, so it is woken when there is a new one.
    """
    usual = visitor.deadlines
    monkeypatch.setattr(visitor, "deadlines", lambda *about: usual(*about) | {"timing": 3.0})
    over = threading.Event()

    def wake() -> None:
        until(lambda: over.is_set() or "timing" in stages(temporary), 60.0)
        for warden in running("ipcbench.run.containment.warden"):  # none, if the visit has ended by itself
            with contextlib.suppress(ProcessLookupError):
                os.kill(warden, signal.SIGCHLD)

    thread = threading.Thread(target=wake)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def stop() -> Iterator[Stop]:
    """A Stop that nobody asks for, with this process's signal handlers back in place afterwards."""
    with Stop() as entered:
        yield entered


@pytest.fixture
def cluster(tmp_path: Path, no_leaks: None) -> Iterator[Cluster]:  # noqa: ARG001 - what it leaves is looked for last
    """A Dask scheduler without workers, on loopback."""
    made = tmp_path / "dask"
    made.mkdir()
    with contextlib.closing(Cluster(made)) as found:
        yield found


@pytest.fixture
def pair(cluster: Cluster) -> Cluster:
    """The same with two workers that pretend to be the hosts a and b."""
    cluster.add("a", "a")
    cluster.add("b", "b")
    return cluster


@pytest.fixture
def within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Finished]:
    """Run a command in this process, in a folder of its own: quicker by all that it imports."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Finished:
        with pytest.raises(SystemExit) as ended:
            main(words)
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Finished(ended.value.code, out, err)

    return call


def _ends_by_itself(pid: int) -> bool:
    """Whether this lives and is a helper of multiprocessing's, which ends a moment after the last that it serves."""
    return any(word in _command(pid) for word in ("multiprocessing.resource_tracker", "multiprocessing.forkserver"))


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return f"{pid}: {b' '.join(words).decode(errors='replace')} (parent {os.getppid()})"
    except OSError:
        return f"{pid}: gone"
