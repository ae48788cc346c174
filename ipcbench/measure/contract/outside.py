"""Observe what processes use outside their visit: writable files, shared memory, reachable sockets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.contract.stage import simplest, staged
from ipcbench.model import StartMethod

_HARMLESS = ("/dev/null", "/dev/zero", "/dev/tty", "/dev/pts/", "/proc/", "/memfd:", "/dev/ptmx")
_LOOPBACK = (
    "0100007F",
    "00000000000000000000000001000000",
    "0000000000000000FFFF00000100007F",
)  # as in /proc/net
_LOOPBACK_NET = "7F"  # the last byte of 127.0.0.0/8 in /proc/net, which uses the host's byte order
_INODE = re.compile(r"socket:\[([0-9]+)\]")


def observe_outside(mechanism: Mechanism, method: StartMethod, prefix: str) -> dict[str, Any]:
    """Set up the simplest visit and return what its processes have open that was not open before."""
    pattern, size, operation = simplest(mechanism)
    before = {*_written(os.getpid(), prefix)}
    with staged(mechanism, pattern, method, size, mechanism.least_workers, operation) as stage:
        processes = {os.getpid(), *stage.settings.helpers()} | {pid for pid in stage.pids if _is_process(pid)}
        found = {what for pid in sorted(processes) for what in (*_written(pid, prefix), *_reachable(pid, prefix))}
    return {"outside": sorted(found - before)}


def _is_process(pid: int) -> bool:
    return not Path(f"/proc/self/task/{pid}").exists() or pid == os.getpid()


def _written(pid: int, prefix: str) -> Iterator[str]:
    """Yield writable files and mapped shared memory of a process whose names lack the visit's prefix."""
    for number, target in _descriptors(pid):
        if target.startswith("/") and _writable(pid, number) and not _own(target, prefix):
            yield f"the file {target}"
    try:
        maps = _text(f"/proc/{pid}/maps").splitlines()
    except OSError:
        return
    for line in maps:
        _, access, _, _, _, target = [*line.split(None, 5), ""][:6]
        if access.endswith("s") and "w" in access and target.startswith("/") and not _own(target, prefix):
            yield f"shared memory {target}"


def _reachable(pid: int, prefix: str) -> Iterator[str]:
    """Yield sockets of a process that are bound beyond loopback, or to a path without the visit's prefix."""
    inodes = {found[1] for _, target in _descriptors(pid) if (found := _INODE.fullmatch(target))}
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for fields in _table(kind):
            address, _, port = fields[1].partition(":")
            if fields[9] in inodes and int(port, 16) and not _loopback(address):
                yield f"a {kind} socket beyond loopback"
    for fields in _table("unix"):
        path = fields[7] if len(fields) > 7 else ""
        if path and fields[6] in inodes and prefix not in path:
            yield f"the socket {path}"


def _table(kind: str) -> Sequence[list[str]]:
    try:
        text = _text(f"/proc/self/net/{kind}")
    except OSError:
        return []
    return [line.split() for line in text.splitlines()[1:]]


def _text(path: str) -> str:
    """Return the text of a kernel file; paths in it may hold any bytes, so they are decoded as Python decodes paths."""
    return Path(path).read_text(errors="surrogateescape")


def _loopback(address: str) -> bool:
    return address in _LOOPBACK or (len(address) == 8 and address.endswith(_LOOPBACK_NET))


def _descriptors(pid: int) -> Iterator[tuple[str, str]]:
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        try:
            yield name, os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue  # the descriptor that listed the folder


def _writable(pid: int, number: str) -> bool:
    try:
        flags = re.search(r"^flags:\s*([0-7]+)", Path(f"/proc/{pid}/fdinfo/{number}").read_text(), re.MULTILINE)
    except OSError:
        return False
    return flags is not None and int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY


def _own(target: str, prefix: str) -> bool:
    # A deleted file ends with the process.
    return prefix in target or target.startswith(_HARMLESS) or target.endswith(" (deleted)")
