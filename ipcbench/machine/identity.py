"""The identity of machine and software, to tell whether two parts of a run belong together.

It contains no host name and no path. Host and boot are hashed with a random salt per run, so that the hashes of two
journals do not match.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
import psutil
import pyperf

import ipcbench
from ipcbench.machine.cgroup import read
from ipcbench.machine.interpreter import python_mode
from ipcbench.machine.switches import switches
from ipcbench.measure.process.placement import usable_cpus
from ipcbench.results.schema import NORMAL

_SALT_BYTES = 8
_LONGEST_LISTING = 100
Word = Annotated[
    str, msgspec.Meta(max_length=200, pattern=r"\A[ -~]*\Z")
]  # printable ASCII, since it is printed and may come from a file


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The machine and software that measured one part of a run; safe to print and to publish."""

    salt: Word
    host: Word
    boot: Word
    interpreter: Word
    executable: Word
    software: Word
    cpus: tuple[int, ...]


def identity(salt: str | None = None, plugins: Sequence[str] = ()) -> Identity:
    """Return the identity of this machine, boot, interpreter and software.

    salt is that of an earlier identity to compare with, or None for a new one. plugins are the packages, with their
    versions, whose mechanisms are measured.
    """
    salt = salt if salt is not None else os.urandom(_SALT_BYTES).hex()
    return Identity(
        salt=salt,
        host=_hashed(salt, _first_line("/etc/machine-id") or platform.node()),
        boot=_hashed(salt, boot_name()),
        interpreter=f"{platform.python_implementation()} {platform.python_version()}{_switched_on()}",
        executable=_hash_of_file(sys.executable),
        software=f"ipcbench {ipcbench.__version__}, pyperf {pyperf.__version__}{_listing(plugins)}",
        cpus=tuple(sorted(usable_cpus())),
    )


def differences(before: Identity, now: Identity) -> list[str]:
    """Return the differences in words; both identities must have the same salt."""
    found = []
    if before.host != now.host:
        found.append("another machine")
    elif before.boot != now.boot:
        found.append("another boot of this machine")
    if before.interpreter != now.interpreter:
        found.append(f"{before.interpreter} (here {now.interpreter})")
    elif before.executable != now.executable:
        found.append(f"another build of {now.interpreter}")
    if before.software != now.software:
        found.append(f"{before.software} (here {now.software})")
    if before.cpus != now.cpus:
        found.append(f"CPUs {_listed(before.cpus)} (here {_listed(now.cpus)})")
    return found


def _switched_on() -> str:
    mode = python_mode(switches())
    return f" with {mode[:_LONGEST_LISTING]}" if mode not in (None, NORMAL) else ""


def _listing(plugins: Sequence[str]) -> str:
    """Return packages as a list to append, or as a hash if the list is long or not printable ASCII."""
    text = "".join(f", {plugin}" for plugin in sorted(set(plugins)))
    if len(text) <= _LONGEST_LISTING and text.isascii() and text.isprintable():
        return text
    return f", plug-ins {hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def _hashed(salt: str, text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), salt=salt.encode()[:16], digest_size=8).hexdigest()


def _hash_of_file(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:16]
    except OSError:
        return ""


def _first_line(path: str) -> str:
    return read(path).partition("\n")[0].strip()


def boot_name() -> str:
    """Return an id of the current boot of this machine, or the next best that the system offers."""
    named = _first_line("/proc/sys/kernel/random/boot_id")
    if named:
        return named
    with contextlib.suppress(Exception):  # psutil may fail in any way without /proc/stat
        return f"{platform.node()} {round(psutil.boot_time())}"
    return platform.node()


def _listed(cpus: tuple[int, ...]) -> str:
    return ",".join(map(str, cpus))
