"""Findings of doctor, and the files that they are read from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ipcbench.machine.cgroup import read
from ipcbench.measure.process.placement import parse_cpu_list, usable_cpus
from ipcbench.results.schema import UNKNOWN
from ipcbench.text import safe_text

Level = Literal["good", "note", "warning"]
_NO_WORD = re.compile(r"[^A-Za-z0-9_.+-]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting of this machine: its value, its effect on measurements and a remedy, the advice.

    name and value contain no host, user or path and may be published. advice is empty if there is no remedy.
    """

    name: str
    value: str
    level: Level
    effect: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A setting to check; effect and advice are shown if its value is not good."""

    name: str
    effect: str
    advice: str = ""

    def found(self, level: Level, value: object) -> Finding:
        """Return a finding with this value and severity."""
        return Finding(self.name, safe_text(value, 80), level, self.effect, self.advice)

    def unknown(self) -> Finding:
        """Return a finding for a value that cannot be read."""
        return Finding(self.name, UNKNOWN, "note", "It cannot be read on this machine, so changes stay unnoticed.")


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a machine below `root`; a missing or unreadable file counts as empty."""

    root: Path

    def text(self, path: str) -> str:
        """Return the stripped text of a small file."""
        return read(self.root / path).strip()

    def word(self, path: str) -> str:
        """Return the first 40 characters in a file that names of drivers, governors and clocks may have."""
        return _NO_WORD.sub("", self.text(path))[:40]

    def number(self, path: str) -> int | None:
        """Return the number in a file; None if it holds none."""
        text = self.text(path)
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None

    def cpus(self, path: str) -> list[int] | None:
        """Return the CPUs in a file that holds a CPU list; None if it holds none."""
        return cpu_list(self.text(path))

    def usable(self) -> list[int]:
        """Return the CPUs that this process may run on."""
        found = re.search(r"^Cpus_allowed_list:\s*(\S+)$", self.text("proc/self/status"), re.MULTILINE)
        return (cpu_list(found[1]) if found else None) or usable_cpus()


def level(warning: bool, note: bool) -> Level:
    """Return the most severe level whose condition is true."""
    return "warning" if warning else "note" if note else "good"


def cpu_list(text: str) -> list[int] | None:
    """Parse a CPU list such as '0-3,8'; None if the text is none, or has more than 501 parts."""
    if not re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?){0,500}", text):
        return None
    return parse_cpu_list(text)


def listed(cpus: Sequence[int]) -> str:
    """Write CPUs as the kernel does: '0-3,8'."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1].append(cpu)
        else:
            parts.append([cpu])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in parts)
