"""Names that tell whose a thing is: every object of a visit that has a name in the system carries the visit's.

The visit's own folder is its temporary folder, as TMPDIR is for any program, and its name is the prefix.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
from multiprocessing.process import current_process
from pathlib import Path

PACKAGE = Path(__file__).parents[2]
PACKAGE_PARENT = str(PACKAGE.parent)  # where ipcbench is imported from
HANDED = "package"  # the folder of a run that its processes import ipcbench from, and nothing else
WORKER = ("-m", "ipcbench.measure.worker")  # how a worker is started; nothing imports it
POSIX_QUEUE, SYSV_QUEUE = ".posix-", ".sysv-"  # what records a message queue in the visit's folder, before its key
SEGMENT = ".segment-"  # the same for shared memory that a library has named
SERVER = "process"  # what records a server in a folder of the visit's: its process id, and when that was started
_VISIT = re.compile(r"ib[a-z2-7]{13}_[0-9]{1,7}")


def new_run_id() -> str:
    """64 random bits as 13 letters and digits."""
    return base64.b32encode(os.urandom(8)).decode().rstrip("=").lower()


def visit_name(run_id: str, number: int) -> str:
    """The name of a visit's folder and the prefix of everything it names."""
    return f"ib{run_id}_{number}"


def run_prefix(folder: Path) -> str:
    """What the names of all visits of a run begin with, by the run's folder or that of a visit."""
    return f"{re.split('[-_]', folder.name)[0]}_"


def visit_folder() -> Path | None:
    """The folder of the visit this process belongs to; None in a worker that was started by hand."""
    folder = Path(tempfile.gettempdir())
    return folder if _VISIT.fullmatch(folder.name) else None


def hand_over(folder: Path) -> None:
    """Make the folder of a run that its processes import ipcbench from: it holds nothing but a link to the package.

    The folder that the package is installed in would bring everything else that is installed there, for whatever Python
    that may be, and its path may hold the very character that separates the entries of PYTHONPATH.
    """
    (folder / HANDED).mkdir(mode=0o700)
    (folder / HANDED / PACKAGE.name).symlink_to(PACKAGE, target_is_directory=True)


def claim_names() -> None:
    """Make multiprocessing name its semaphores after this visit's folder, or after a new id where there is none.

    semprefix is private; SemLock._make_name reads it in CPython 3.11 to 3.15, and a test pins that.
    """
    folder = visit_folder()
    prefix = folder.name if folder else visit_name(new_run_id(), 0)
    current_process()._config["semprefix"] = f"/{prefix}"  # type: ignore[attr-defined]
