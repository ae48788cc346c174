"""Facts of the machine for results files, and its capabilities.

The facts are an allow-list: they contain no host, user or path and nothing of the environment.
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
import threading
from pathlib import Path

import pyperf

from ipcbench.machine.cgroup import cpu_quota, group_folders, read
from ipcbench.machine.interpreter import python_mode
from ipcbench.machine.memory import available_memory, total_memory
from ipcbench.machine.switches import switches
from ipcbench.measure.process.placement import cores, usable_cpus
from ipcbench.model import Capabilities
from ipcbench.results.schema import LONGEST_SECONDS, MachineFacts
from ipcbench.text import safe_text

_SALT_BYTES = 32


def machine_facts() -> MachineFacts:
    """Return the facts of this machine and interpreter."""
    usable = len(usable_cpus())
    return MachineFacts(
        system=safe_text(platform.system()),
        kernel=safe_text(".".join(platform.release().split(".")[:2])),
        architecture=safe_text(platform.machine()),
        cpu_model=safe_text(_cpu_model()),
        cpus=max(os.cpu_count() or 1, usable),  # PYTHON_CPU_COUNT and some containers report fewer than are usable
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
    """Return 16 hex digits that identify this machine to this user only; empty if the state folder is not writable.

    They are a hash of /etc/machine-id and a random salt, which stays in the user's state folder.
    """
    try:
        salt = _salt(_state_folder() / "salt")
    except (OSError, RuntimeError):  # RuntimeError: the user has no home folder
        return ""
    machine = b""
    with contextlib.suppress(OSError):
        machine = Path("/etc/machine-id").read_bytes().strip()
    return hashlib.sha256(salt + machine).hexdigest()[:16] if len(salt) == _SALT_BYTES else ""


def is_this_machine(known: str) -> bool:
    """Return whether an id is that of this machine and user; unlike machine_id, create no salt."""
    with contextlib.suppress(OSError, RuntimeError):
        if (_state_folder() / "salt").exists():
            return known == machine_id()
    return not known


def _state_folder() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state") / "ipcbench"


def _salt(path: Path) -> bytes:
    """Read the salt; if there is none, create it atomically with mode 600."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        temporary = path.with_name(f".salt.{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(_SALT_BYTES))
            with contextlib.suppress(OSError):  # another run was first and its salt counts, or there are no hard links
                os.link(temporary, path)
            if not path.exists():
                os.rename(temporary, path)
        finally:
            os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return path.read_bytes()


def default_label(facts: MachineFacts, now: str) -> str:
    """Return a label of CPU, Python and time, without the host name: 'amd-epyc-2cpu-py311-20260131-142500'."""
    cpu = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\(\w+\)|cpu|processor|@.*", "", facts.cpu_model.lower())).strip("-")
    python = "py" + "".join(facts.python.split(".")[:2])
    return f"{cpu[:30].strip('-') or facts.architecture}-{facts.usable_cpus}cpu-{python}-{now}"


def capabilities() -> Capabilities:
    """Return the current capabilities of this machine."""
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
        asleep=why_asleep(),
        cores=cores(usable_cpus()),
    )


def why_asleep(root: Path = Path("/")) -> str | None:
    """Return why CPUs cannot be kept awake on this machine, see measure.process.awake; None if they can.

    SCHED_IDLE is tried on a thread that ends at once, since an unprivileged thread cannot leave it.
    """
    quota = cpu_quota(group_folders("cpu", root))
    if quota is not None:
        return f"cpus awake needs a control group without a CPU quota: busy loops would use up its {quota:.4g} CPUs"
    refused: list[Exception] = []

    def rest() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except (AttributeError, OSError) as error:
            refused.append(error)

    thread = threading.Thread(target=rest)
    try:
        thread.start()
        thread.join()
    except RuntimeError as error:  # no memory for a thread
        refused.append(error)
    if refused:
        return f"cpus awake needs the scheduling policy SCHED_IDLE, which this system refuses ({refused[0]})"
    return None


def missing_semaphores() -> str | None:
    """Return why multiprocessing has no semaphores on this machine; None if it has.

    The check uses fork if possible: under other start methods a semaphore starts a resource tracker process.
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
    """Return whether this is a virtual machine, by the CPU flag on x86 and by the firmware elsewhere."""
    if re.search(r"^flags\s*:.*\bhypervisor\b", read("/proc/cpuinfo"), re.MULTILINE):
        return True
    vendor = read("/sys/class/dmi/id/sys_vendor").lower()
    return any(name in vendor for name in ("qemu", "kvm", "vmware", "xen", "amazon", "google", "microsoft"))
