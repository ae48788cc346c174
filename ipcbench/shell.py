"""Commands to paste into a shell, with every word quoted, that start ipcbench like this process.

Commands in files start with `python -m ipcbench`, which works on every machine and contains no path of this one.
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
    """Return an ipcbench command for a file."""
    return _joined(["python", "-m", "ipcbench"], words)


def pasted(*words: object) -> str:
    """Return an ipcbench command that works in the shell that started this process."""
    return _joined(_program(), words)


def file_argument(path: os.PathLike[str]) -> str:
    """Return a path as an argument that no command mistakes for an option or standard input."""
    text = os.fspath(path)
    return f"./{text}" if text.startswith("-") else text


def quoted(word: str) -> str:
    """Quote a word for a shell; write `$'…'` with escapes if it has unprintable characters, such as a line break."""
    if safe_text(word, len(word) + 1) == word:
        return shlex.quote(word)
    return "$'" + "".join(chr(byte) if byte in _PLAIN else f"\\x{byte:02x}" for byte in os.fsencode(word)) + "'"


def _joined(program: Sequence[str], words: Sequence[object]) -> str:
    return " ".join(quoted(str(word)) for word in (*program, *words))


def _program() -> list[str]:
    """Return the words that started ipcbench."""
    begun, script = sys.orig_argv, sys.argv[0] if sys.argv else ""
    if "-m" in begun[:-1] and begun[place := begun.index("-m") + 1] == "ipcbench":
        return begun[: place + 1]
    if os.path.basename(script) != "ipcbench":
        return ["python", "-m", "ipcbench"]  # another program imported ipcbench
    found = shutil.which("ipcbench")
    return ["ipcbench" if found and os.path.abspath(found) == os.path.abspath(script) else script]
