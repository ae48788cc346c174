"""Commands for people to paste into a shell: every word quoted, and begun as this process was.

What is kept in a file says `python -m ipcbench`, which is true on every machine and names no path of this one.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence

from ipcbench.text import safe_text

_PLAIN = {*range(0x21, 0x7F)} - {ord("'"), ord("\\")}


def kept(*words: object) -> str:
    """An ipcbench command as a file keeps it."""
    return _joined(["python", "-m", "ipcbench"], words)


def pasted(*words: object) -> str:
    """An ipcbench command as it works in the shell in which this process was started."""
    return _joined(_program(), words)


def file_argument(path: os.PathLike[str]) -> str:
    """A file as an argument, which no command takes for an option or for standard input."""
    text = os.fspath(path)
    return f"./{text}" if text.startswith("-") else text


def quoted(word: str) -> str:
    """A word for a shell; with escapes in `$'…'` where it has what is not printed as it is, such as a line break."""
    if safe_text(word, len(word) + 1) == word:
        return shlex.quote(word)
    return "$'" + "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in os.fsencode(word)) + "'"


def _joined(program: Sequence[str], words: Sequence[object]) -> str:
    return " ".join(quoted(str(word)) for word in (*program, *words))


def _program() -> list[str]:
    """How ipcbench was started, which works once more."""
    begun, script = sys.orig_argv, sys.argv[0] if sys.argv else ""
    if "-m" in begun[:-1] and begun[place := begun.index("-m") + 1] == "ipcbench":
        return begun[: place + 1]
    if os.path.basename(script) != "ipcbench":
        return ["python", "-m", "ipcbench"]  # it was imported by something else
    found = shutil.which("ipcbench")
    return ["ipcbench" if found and os.path.abspath(found) == os.path.abspath(script) else script]
