"""What doctor finds: one statement about the machine each, and the tree of files it reads them from."""

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
    """One thing about this machine: what it is set to, what that does to the numbers, and what to do about it.

    name and value hold no host, user or path and may be shared. advice is empty where there is nothing to do.
    """

    name: str
    value: str
    level: Level
    effect: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is looked at, with the words for the case that it is not as it should be."""

    name: str
    effect: str
    advice: str = ""

    def found(self, level: Level, value: object) -> Finding:
        """It is like this, and matters so much."""
        return Finding(self.name, safe_text(value, 80), level, self.effect, self.advice)

    def unknown(self) -> Finding:
        """It cannot be read here."""
        return Finding(self.name, UNKNOWN, "note", "It cannot be read here, and may change unseen.")


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a machine below `root`; what is not there, or not to be read, is empty."""

    root: Path

    def text(self, path: str) -> str:
        """What a small file says, without blanks around it."""
        return read(self.root / path).strip()

    def word(self, path: str) -> str:
        """The same of a file that holds one name: without any character that such a name has not."""
        return word(self.text(path))

    def number(self, path: str) -> int | None:
        """The same of a file that holds one number."""
        text = self.text(path)
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None

    def cpus(self, path: str) -> list[int] | None:
        """The same of a file that holds a list of CPUs; None where it does not."""
        return cpu_list(self.text(path))

    def usable(self) -> list[int]:
        """The CPUs that this process may run on."""
        found = re.search(r"^Cpus_allowed_list:\s*(\S+)$", self.text("proc/self/status"), re.MULTILINE)
        return (cpu_list(found[1]) if found else None) or usable_cpus()


def level(warning: bool, note: bool) -> Level:
    """The worse of the levels that hold."""
    return "warning" if warning else "note" if note else "good"


def cpu_list(text: str) -> list[int] | None:
    """Read '0-3,8'; None for what is no such list, or an absurdly long one."""
    if not re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?){0,500}", text):
        return None
    return parse_cpu_list(text)


def word(text: str) -> str:
    """The letters, digits and few signs that names of drivers, governors and clocks are made of."""
    return _NO_WORD.sub("", text)[:40]


def listed(cpus: Sequence[int]) -> str:
    """Write CPUs as the kernel does: '0-3,8'."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1].append(cpu)
        else:
            parts.append([cpu])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in parts)
