"""Other Python interpreters for --python: their names and versions, and whether they can measure."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from ipcbench.errors import BadRequest
from ipcbench.measure.api.payload import load_kind
from ipcbench.measure.process.names import PACKAGE, PACKAGE_PARENT
from ipcbench.model import PAYLOADS, Interpreter, names_python
from ipcbench.text import safe_text

PYPERF = "2.10"  # the version that the worker is written for
_SECONDS = 30.0
_LEAST = (3, 11)
LIBRARIES = sorted({name for payload in PAYLOADS for name in load_kind(payload).requires})
_NAMED = re.compile(r"([^=/]*)=(.+)", re.DOTALL)
# Every Python prints its version; one that is new enough also imports what a worker imports. The mark separates the
# answer from the output of start-up files of that Python.
_ASK = f"""
import sys
sys.path[:] = [folder for folder in sys.path if folder]  # the current folder is the user's
import json, platform
mark, package = sys.argv[1:]
answer = dict(executable=sys.executable, implementation=platform.python_implementation())
answer.update(version=platform.python_version(), number=list(sys.version_info[:2]))
try:
    if sys.version_info >= {_LEAST}:
        import importlib.util
        answer["libraries"] = [name for name in {LIBRARIES} if importlib.util.find_spec(name)]
        answer["pyperf"] = importlib.util.find_spec("pyperf") and __import__("pyperf").__version__
        spec = importlib.util.spec_from_file_location("ipcbench", package)
        sys.modules["ipcbench"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["ipcbench"])
        import ipcbench.measure.registry, ipcbench.measure.worker
        answer["plugins"] = list(ipcbench.measure.registry.installed().usable)
except Exception as error:
    answer["trouble"] = "%s: %s" % (type(error).__name__, error)
print("\\n" + mark + json.dumps(answer))
"""


def interpreters(commands: Sequence[str]) -> tuple[Interpreter, ...]:
    """Query interpreters, given as EXE or NAME=EXE.

    Raises BadRequest for one that is no Python, too old, or without pyperf, and for a name that is bad or not unique.
    """
    found: dict[str, Interpreter] = {}
    for command in commands:
        named = _NAMED.fullmatch(command)
        name, program = named.groups() if named else ("", command)
        if named and not names_python(name):
            raise BadRequest(
                f"--python {command}: the name {name!r} is not possible: expected a short word of lower-case letters, "
                "digits and hyphens that means nothing else in a case id, such as base or head"
            )
        if name in found:
            raise BadRequest(f"--python {command}: the name {name} was given before: choose another")
        one = _interpreter(command, program)
        if not name and one.tag in found:
            raise BadRequest(
                f"--python {command}: {one.implementation} {one.version} was given before: leave one out, or name "
                f"both to compare them, as in --python base={program}"
            )
        found[name or one.tag] = one._replace(tag=name or one.tag)
    return tuple(found.values())


def search_path(other: bool) -> list[str]:
    """Return the folders of the user's PYTHONPATH; for another interpreter, without the folder that has ipcbench.

    Libraries in the folder of ipcbench are for this interpreter; another interpreter has its own.
    """
    folders = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder]
    here = os.path.realpath(PACKAGE_PARENT)
    return [folder for folder in folders if not (other and os.path.realpath(folder) == here)]


def _interpreter(command: str, program: str) -> Interpreter:
    """Query a program; `command` is what errors name."""
    answer = _ask(command, program)
    executable, implementation, version = answer["executable"], answer["implementation"], answer["version"]
    number = answer["number"]
    if tuple(number) < _LEAST:
        raise BadRequest(f"--python {command}: this is Python {version}, and ipcbench needs 3.11 or newer")
    if "trouble" in answer:
        raise BadRequest(f"--python {command}: cannot measure: {safe_text(answer['trouble'], 200)}")
    pyperf = answer["pyperf"]
    if pyperf is None or not f"{pyperf}.".startswith(f"{PYPERF}."):
        has = "has no pyperf" if pyperf is None else f"has pyperf {safe_text(pyperf, 20)}, and ipcbench needs {PYPERF}"
        how = shlex.join([executable, "-m", "pip", "install", f"pyperf=={PYPERF}.*"])
        raise BadRequest(f"--python {command}: {has}; install it with: {how}")
    tag = ("py" if implementation == "CPython" else implementation.lower()) + version.lower().replace("+", "")
    return Interpreter(
        tag,
        executable,
        implementation,
        version,
        (number[0], number[1]),
        tuple(answer["libraries"]),
        tuple(answer["plugins"]),
    )


def _ask(command: str, program: str) -> dict[str, Any]:
    """Return the answers of an interpreter; raises BadRequest if the program is no Python."""
    path = shutil.which(os.path.expanduser(program))
    if path is None:
        raise BadRequest(f"--python {command}: no such program: give a name such as python3.13, or a path")
    mark = secrets.token_hex(16)
    try:
        done = subprocess.run(
            [path, "-c", _ASK, mark, str(PACKAGE / "__init__.py")],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(search_path(other=True))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout.partition(mark)[2].partition("\n")[0])
        return answer
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise BadRequest(f"--python {command}: this program does not answer like a Python") from error
