"""A results file is written whole or not at all, whatever the file system answers, and is on disk when that is said."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import complaint, open_descriptors, python
from paths import SUPPORT
from synthetic import make_cases, make_result

from ipcbench.errors import ResultError
from ipcbench.results import writing
from ipcbench.results.store import load, save
from ipcbench.results.writing import write_whole

CALLS = ("open", "write", "fchmod", "fsync", "close", "rename", "link", "unlink")
OLD, NEW = b"old " * 50, b"new " * 5000


class Watched:
    """The os module with a log of the calls that change files, of which the n-th (from 1) fails."""

    def __init__(self, fails: int = 0, error: int = 0, most: int = 2**20) -> None:
        self.log: list[str] = []
        self.fails, self.error, self.most = fails, error, most

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return (lambda *arguments: self.call(name, real, arguments)) if name in CALLS else real

    def call(self, name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        self.log.append(f"{name} {self.about(name, arguments)}")
        fails = len(self.log) == self.fails
        if fails and name != "close":  # closing closes even when it fails
            raise OSError(self.error, os.strerror(self.error))
        if name == "write":
            arguments = (arguments[0], arguments[1][: self.most])
        found = real(*arguments)
        if fails:
            raise OSError(self.error, os.strerror(self.error))
        return found

    def about(self, name: str, arguments: tuple[Any, ...]) -> str:
        """What a call was about: a name, or the one that a descriptor stands for."""
        target = os.readlink(f"/proc/self/fd/{arguments[0]}") if isinstance(arguments[0], int) else str(arguments[0])
        words = [re.sub(r"^\..*\.tmp$", "TEMPORARY", os.path.basename(target))]
        if name in ("rename", "link"):
            words.append(os.path.basename(arguments[1]))
        if name == "fchmod":
            words.append(oct(arguments[1]))
        return " ".join(words)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / "some.json"


def watch(monkeypatch: pytest.MonkeyPatch, **how: int) -> Watched:
    watched = Watched(**how)
    monkeypatch.setattr(writing, "os", watched)
    return watched


def test_the_content_is_on_disk_before_the_name_and_the_name_before_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(monkeypatch)
    old = os.umask(0o027)
    try:
        write_whole(path, NEW, replace=True)
    finally:
        os.umask(old)
    assert watched.log == [
        "open TEMPORARY",
        "write TEMPORARY",
        "fchmod TEMPORARY 0o640",
        "fsync TEMPORARY",
        "close TEMPORARY",
        "rename TEMPORARY some.json",
        "open folder",
        "fsync folder",
        "close folder",
        "unlink TEMPORARY",
    ]


def test_without_replacing_the_name_is_linked_which_never_overwrites(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(monkeypatch)
    write_whole(path, NEW, replace=False)
    assert watched.log[5:9] == ["link TEMPORARY some.json", "unlink TEMPORARY", "open folder", "fsync folder"]
    assert path.stat().st_nlink == 1


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EFBIG, errno.EIO], ids=errno.errorcode.get)
@pytest.mark.parametrize("replace", [False, True], ids=["new", "replace"])
def test_whichever_call_fails_the_old_file_or_the_new_one_is_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: int, replace: bool
) -> None:
    watched = watch(monkeypatch, most=4096)
    write_whole(path, NEW, replace)
    calls = len(watched.log)
    assert calls > 12, "several writes, so that one in the middle can fail"
    before = open_descriptors()
    for number in range(1, calls + 1):
        path.unlink()
        if replace:
            path.write_bytes(OLD)
        watched = watch(monkeypatch, fails=number, error=error, most=4096)
        said = complaint(OSError, lambda: write_whole(path, NEW, replace))
        there = path.read_bytes() if path.exists() else b""
        assert there in (OLD if replace else b"", NEW), watched.log
        assert os.listdir(path.parent) == (["some.json"] if there else []), watched.log
        assert there == NEW or said is not None, "what was not written is said"
        assert said is not None or watched.log[-1].startswith("unlink"), watched.log
        path.write_bytes(b"")
    assert open_descriptors() == before


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM], ids=errno.errorcode.get)
@pytest.mark.parametrize(
    ("number", "call"),
    [(3, "fchmod TEMPORARY"), (4, "fsync TEMPORARY"), (6, "link TEMPORARY"), (8, "open folder"), (9, "fsync folder")],
)
def test_what_a_file_system_does_not_offer_is_done_without(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: int, number: int, call: str
) -> None:
    watched = watch(monkeypatch, fails=number, error=error)
    write_whole(path, NEW, replace=False)
    assert watched.log[number - 1].startswith(call)
    assert path.read_bytes() == NEW
    assert os.listdir(path.parent) == ["some.json"]
    with pytest.raises(FileExistsError):
        write_whole(path, OLD, replace=False)


def test_a_file_is_not_overwritten_without_hard_links_either(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(OLD)
    watch(monkeypatch, fails=6, error=errno.EPERM)
    with pytest.raises(FileExistsError):
        write_whole(path, NEW, replace=False)
    assert path.read_bytes() == OLD
    assert os.listdir(path.parent) == ["some.json"]


@pytest.mark.parametrize("most", [1, 7, 4096])
def test_a_short_write_is_continued(path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    watched = watch(monkeypatch, most=most)
    write_whole(path, NEW, replace=False)
    assert path.read_bytes() == NEW
    assert sum(line.startswith("write") for line in watched.log) == -(-len(NEW) // most)


def test_a_write_that_takes_nothing_is_a_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch, most=0)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        write_whole(path, NEW, replace=False)
    assert not os.listdir(path.parent)


def test_until_it_is_whole_nobody_else_can_read_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []

    def write(descriptor: int, data: bytes) -> int:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return os.write(descriptor, data)

    watched = watch(monkeypatch)
    monkeypatch.setattr(watched, "write", write, raising=False)
    old = os.umask(0o022)
    try:
        write_whole(path, NEW, replace=False)
    finally:
        os.umask(old)
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_link_in_the_place_of_the_temporary_file_is_not_followed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "known")
    path.with_name(".some.json.known.tmp").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write_whole(path, NEW, replace=True)
    assert not (tmp_path / "victim").exists()


def test_a_link_in_the_place_of_the_results_is_replaced_and_not_followed(path: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(OLD)
    path.symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        write_whole(path, NEW, replace=False)
    write_whole(path, NEW, replace=True)
    assert (tmp_path / "victim").read_bytes() == OLD
    assert not path.is_symlink()


LIMITED = """
import resource, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from synthetic import make_cases, make_result
from ipcbench.errors import ResultError
from ipcbench.results.store import save
result = make_result(make_cases((64,), ["queue"]), 4)
path = Path(sys.argv[1])
for size in (0, 1, 511, 512, 4096, 5000, 10_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        save(result, path, replace=True)
        print("saved", size)
    except ResultError as error:
        print(error)
"""


def test_a_limit_on_the_size_of_files_leaves_the_old_results_whole(path: Path) -> None:
    old = make_result(make_cases((64,), ["pipe"]), 1)
    save(old, path, replace=False)
    done = python("-c", LIMITED, str(path), str(SUPPORT), cwd=path.parent)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [f"{path}: cannot write: {os.strerror(errno.EFBIG)}"] * 7
    assert os.listdir(path.parent) == ["some.json"]
    assert load(path) == old


def test_a_failure_to_save_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch, fails=4, error=errno.EIO)
    with pytest.raises(ResultError, match=r"some\.json: cannot write: Input/output error"):
        save(make_result(make_cases((64,), ["pipe"]), 1), path, replace=True)
