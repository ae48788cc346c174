"""Other interpreters under which visits can be made: what they are, and whether they can."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence

from ipcbench.errors import BadRequest
from ipcbench.measure.names import PACKAGE_PARENT
from ipcbench.model import Interpreter
from ipcbench.text import safe_text

_SECONDS = 30.0
_ASK = """
import importlib.util, json, platform, sys
version = platform.python_version(), list(sys.version_info[:2])
numpy = importlib.util.find_spec("numpy") is not None
print(json.dumps([sys.executable, platform.python_implementation(), *version, numpy]))
import pyperf
import ipcbench.measure.worker
"""
_LEAST = [3, 11]


def interpreters(commands: Sequence[str]) -> tuple[Interpreter, ...]:
    """Ask each interpreter what it is; raises BadRequest for one that is none, too old, lacks pyperf or comes twice."""
    found: dict[str, Interpreter] = {}
    for command in commands:
        one = _ask(command)
        if one.tag in found:
            raise BadRequest(f"--python {command}: {one.implementation} {one.version} is chosen already")
        found[one.tag] = one
    return tuple(found.values())


def _ask(command: str) -> Interpreter:
    path = shutil.which(os.path.expanduser(command))
    if path is None:
        raise BadRequest(f"--python {command}: no such program; expected such as python3.13 or a path to one")
    try:
        done = subprocess.run(
            [path, "-c", _ASK],
            env=os.environ | {"PYTHONPATH": PACKAGE_PARENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        executable, implementation, version, number, *numpy = json.loads(done.stdout.partition("\n")[0])
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise BadRequest(f"--python {command}: is no Python that answers") from error
    if number < _LEAST:
        raise BadRequest(f"--python {command}: is Python {version}, and ipcbench needs 3.11 or newer")
    if done.returncode:
        said = safe_text((done.stderr.strip().splitlines() or ["no message"])[-1], 200)
        raise BadRequest(f"--python {command}: cannot measure: {said}; install pyperf there")
    tag = ("py" if implementation == "CPython" else implementation.lower()) + version.lower().replace("+", "")
    return Interpreter(tag, executable, implementation, version, (number[0], number[1]), numpy == [True])
