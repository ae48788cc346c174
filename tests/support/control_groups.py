"""Control groups for tests, to freeze processes and to limit their memory, if this process may make groups."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from commands import until

_MOUNTS = Path("/sys/fs/cgroup")
_GONE = 10.0


@contextlib.contextmanager
def control_group(controller: str) -> Iterator[Path | None]:
    """Yield a new group with this controller, of version 1 or 2, removed at the end; None if none can be made."""
    group = None
    for parent in (_MOUNTS / controller, _MOUNTS / "unified", _MOUNTS):
        made = parent / f"ipcbench-test-{os.getpid()}"
        with contextlib.suppress(OSError):
            if not (parent / "cgroup.procs").exists():
                continue
            made.mkdir()
            if any(made.glob(f"{controller}.*")) or (controller == "freezer" and (made / "cgroup.freeze").exists()):
                group = made
                break
            made.rmdir()
    try:
        yield group
    finally:
        if group:
            assert until(lambda: not (group / "cgroup.procs").read_text(), _GONE), "processes are left in the group"
            group.rmdir()


def freeze(group: Path, frozen: bool) -> None:
    """Freeze every process of a group, or thaw them."""
    old, new = group / "freezer.state", group / "cgroup.freeze"
    if old.exists():
        old.write_text("FROZEN" if frozen else "THAWED")
    else:
        new.write_text("1" if frozen else "0")


def limit_memory(group: Path, size: int) -> None:
    """Limit the memory of a group to `size` bytes."""
    old, new = group / "memory.limit_in_bytes", group / "memory.max"
    (old if old.exists() else new).write_text(str(size))


def inside(group: Path) -> list[str]:
    """Return the words that, before a command, run it in a group."""
    return ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
