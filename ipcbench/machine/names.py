"""The names of this host and its user, for code that removes them from files; never saved."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import socket
from pathlib import Path


def local_names() -> set[str]:
    """Return the known names of this host and of the user."""
    names = {platform.node(), socket.gethostname(), os.environ.get("USER", ""), os.environ.get("LOGNAME", "")}
    names |= {name.partition(".")[0] for name in names}
    with contextlib.suppress(OSError, KeyError, ImportError):  # the password file lacks the user
        names.add(getpass.getuser())
    with contextlib.suppress(RuntimeError):
        names.add(Path.home().name)
    return {name for name in names if name}
