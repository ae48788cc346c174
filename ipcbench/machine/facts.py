"""What is recorded of the machine, and what it can offer.

The record is an allow-list: nothing in it names a host, a user, a path or the environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import pickle
import platform
import re
import secrets
import shutil
import sys
from pathlib import Path

import pyperf

from ipcbench.machine.cgroup import read
from ipcbench.machine.interpreter import python_mode
from ipcbench.machine.memory import available_memory, total_memory
from ipcbench.machine.switches import switches
from ipcbench.measure.process.placement import usable_cpus
from ipcbench.model import Capabilities
from ipcbench.results.schema import LONGEST_SECONDS, MachineFacts
from ipcbench.text import safe_text

_SALT_BYTES = 32


def machine_facts() -> MachineFacts:
    """Describe this machine and interpreter."""
    usable = len(usable_cpus())
    return MachineFacts(
        system=safe_text(platform.system()),
        kernel=safe_text(".".join(platform.release().split(".")[:2])),
        architecture=safe_text(platform.machine()),
        cpu_model=safe_text(_cpu_model()),
        cpus=max(os.cpu_count() or 1, usable),  # PYTHON_CPU_COUNT and some containers say fewer than may be used
        usable_cpus=usable,
        memory=total_memory(),
        virtual=_is_virtual(),
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        pyperf=str(pyperf.__version__),
        pickle_protocol=pickle.DEFAULT_PROTOCOL,
        switch_interval=min(sys.getswitchinterval(), LONGEST_SECONDS),
        id=machine_id(),
        mode=python_mode(switches()),
    )


def machine_id() -> str:
    """16 hex digits that are the same whenever this user measures on this machine, and tell nobody else which it is.

    They are a hash of /etc/machine-id and of a random salt that stays in the user's state folder; empty where that
    cannot be written.
    """
    try:
        salt = _salt(_state_folder() / "salt")
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return ""
    machine = b""
    with contextlib.suppress(OSError):
        machine = Path("/etc/machine-id").read_bytes().strip()
    return hashlib.sha256(salt + machine).hexdigest()[:16] if len(salt) == _SALT_BYTES else ""


def is_this_machine(known: str) -> bool:
    """Whether an id is the one that this user's results of this machine carry; unlike machine_id, makes none."""
    with contextlib.suppress(OSError, RuntimeError):
        if (_state_folder() / "salt").exists():
            return known == machine_id()
    return not known


def _state_folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state") / "ipcbench"


def _salt(path: Path) -> bytes:
    """Read the salt; where there is none yet, make it, whole and for this user alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        temporary = path.with_name(f".salt.{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(_SALT_BYTES))
            with contextlib.suppress(OSError):  # another run was first, and theirs counts; or there are no hard links
                os.link(temporary, path)
            if not path.exists():
                os.rename(temporary, path)
        finally:
            os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return path.read_bytes()


def default_label(facts: MachineFacts, now: str) -> str:
    """A label that tells machine and time and no host name: 'amd-epyc-2cpu-py311-20260131-142500'."""
    cpu = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(\w+\)|cpu|processor|@.*", "", facts.cpu_model.lower())).strip("-")
    python = "py" + "".join(facts.python.split(".")[:2])
    return f"{cpu[:30].strip('-') or facts.architecture}-{facts.usable_cpus}cpu-{python}-{now}"


def capabilities() -> Capabilities:
    """What this machine can offer a case, now."""
    try:
        shared = shutil.disk_usage("/dev/shm").free
    except OSError:
        shared = 0
    return Capabilities(
        cpus=len(usable_cpus()),
        memory=available_memory(),
        shared_memory=shared,
        semaphores=missing_semaphores(),
        start_methods=tuple(multiprocessing.get_all_start_methods()),
    )


def missing_semaphores() -> str | None:
    """Why multiprocessing has no semaphores here, which almost all of it needs; None where it has.

    Asked under fork where there is fork: under other start methods a semaphore brings a process that tracks it.
    """
    try:
        multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None).Semaphore(0)
    except (ImportError, OSError, ValueError) as error:
        return f"this machine offers no semaphores ({error})"
    return None


def _cpu_model() -> str:
    match = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", read("/proc/cpuinfo"), re.MULTILINE)
    return match[1].strip() if match else platform.processor() or platform.machine()


def _is_virtual() -> bool:
    """Whether a hypervisor is underneath: the CPU flag on x86, the firmware's word elsewhere."""
    if re.search(r"^flags\s*:.*\bhypervisor\b", read("/proc/cpuinfo"), re.MULTILINE):
        return True
    vendor = read("/sys/class/dmi/id/sys_vendor").lower()
    return any(name in vendor for name in ("qemu", "kvm", "vmware", "xen", "amazon", "google", "microsoft"))
