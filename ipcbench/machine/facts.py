"""What is recorded of the machine, and what it can offer.

The record is an allow-list: nothing in it names a host, a user, a path or the environment.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import platform
import re
import shutil
import sys
from pathlib import Path

import psutil
import pyperf

from ipcbench.measure.placement import usable_cpus
from ipcbench.model import Capabilities
from ipcbench.results.schema import MachineFacts


def machine_facts() -> MachineFacts:
    """Describe this machine and interpreter."""
    return MachineFacts(
        system=platform.system(),
        kernel=".".join(platform.release().split(".")[:2]),
        architecture=platform.machine(),
        cpu_model=_cpu_model(),
        cpus=os.cpu_count() or 1,
        usable_cpus=len(usable_cpus()),
        memory=psutil.virtual_memory().total,
        virtual=_is_virtual(),
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        pyperf=str(pyperf.__version__),
        pickle_protocol=pickle.DEFAULT_PROTOCOL,
        switch_interval=sys.getswitchinterval(),
    )


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
        memory=psutil.virtual_memory().available,
        shared_memory=shared,
        semaphores=_missing_semaphores(),
        start_methods=tuple(multiprocessing.get_all_start_methods()),
    )


def _missing_semaphores() -> str | None:
    """Why multiprocessing has no semaphores here, which almost all of it needs; None where it has."""
    try:
        multiprocessing.get_context().Semaphore(0)
    except (ImportError, OSError, ValueError) as error:
        return f"this machine offers no semaphores ({error})"
    return None


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    match = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else platform.processor() or platform.machine()


def _is_virtual() -> bool:
    """Whether a hypervisor is underneath: the CPU flag on x86, the firmware's word elsewhere."""
    try:
        if re.search(r"^flags\s*:.*\bhypervisor\b", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            return True
        vendor = Path("/sys/class/dmi/id/sys_vendor").read_text().lower()
    except OSError:
        return False
    return any(name in vendor for name in ("qemu", "kvm", "vmware", "xen", "amazon", "google", "microsoft"))
