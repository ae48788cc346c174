"""Message queues of the kernel: those of a killed visit, and no others, are found by their records."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ipcbench.measure.process.names import POSIX_QUEUE, SYSV_QUEUE, new_run_id
from ipcbench.run.containment.kernel_objects import remove_queues

posix_ipc: Any = pytest.importorskip("posix_ipc", reason='needs pip install "ipcbench[third-party]"')
sysv_ipc: Any = pytest.importorskip("sysv_ipc", reason='needs pip install "ipcbench[third-party]"')

pytestmark = pytest.mark.third_party
NAME = f"ib{new_run_id()}_1-77-1"  # of nobody else who runs these tests
KEY = 1 + secrets.randbelow(2**31 - 1)


@pytest.fixture
def queues() -> Iterator[tuple[Any, Any]]:
    """One queue of each kind, removed at the end if they are still there."""
    posix = posix_ipc.MessageQueue(f"/{NAME}", posix_ipc.O_CREX)
    sysv = sysv_ipc.MessageQueue(KEY, sysv_ipc.IPC_CREX)
    yield posix, sysv
    posix.close()
    if posix_exists():
        posix_ipc.unlink_message_queue(f"/{NAME}")
    if sysv_exists():
        sysv.remove()


def posix_exists() -> bool:
    try:
        posix_ipc.MessageQueue(f"/{NAME}").close()
    except posix_ipc.ExistentialError:
        return False
    return True


def sysv_exists() -> bool:
    try:
        sysv_ipc.MessageQueue(KEY)
    except sysv_ipc.ExistentialError:
        return False
    return True


@pytest.mark.usefixtures("queues")
def test_queues_that_are_recorded_are_removed(tmp_path: Path) -> None:
    (tmp_path / "visit").mkdir()
    (tmp_path / "visit" / f"{NAME}{POSIX_QUEUE}{NAME}").touch()
    (tmp_path / f"{NAME}{SYSV_QUEUE}{KEY}").touch()
    assert remove_queues(tmp_path) == sorted([NAME, str(KEY)])
    assert not posix_exists()
    assert not sysv_exists()
    assert remove_queues(tmp_path) == []


@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize(
    "name",
    [
        f"{NAME}{POSIX_QUEUE}other",
        f"{NAME}{POSIX_QUEUE}{NAME}x",
        f"{NAME}{SYSV_QUEUE}0",
        f"{NAME}{SYSV_QUEUE}{2**32 + KEY}",
        f"{NAME}{SYSV_QUEUE}{NAME}",
        f"x{NAME}{SYSV_QUEUE}{KEY}",
        f"{SYSV_QUEUE}{KEY}",
    ],
    ids=range(7),
)
def test_what_is_no_record_removes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert remove_queues(tmp_path) == []
    assert posix_exists()
    assert sysv_exists()
