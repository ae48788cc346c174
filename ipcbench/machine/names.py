"""What this host and its user are called: asked for by whoever takes such names out, and kept nowhere."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import socket
from pathlib import Path


def local_names() -> set[str]:
    """The names of this host and of the user, as far as they can be told."""
    names = {platform.node(), socket.gethostname(), os.environ.get("USER", ""), os.environ.get("LOGNAME", "")}
    names |= {name.partition(".")[0] for name in names}
    with contextlib.suppress(OSError, KeyError, ImportError):  # no such user in the password file
        names.add(getpass.getuser())
    with contextlib.suppress(RuntimeError):
        names.add(Path.home().name)
    return {name for name in names if name}
