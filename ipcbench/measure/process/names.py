"""Names of a visit: every system object that a visit creates has the visit's name as prefix.

The visit's name is the name of its folder, which is also its temporary folder (TMPDIR).
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
HANDED = "package"  # folder in a run's folder, from which the run's processes import ipcbench and nothing else
WORKER = ("-m", "ipcbench.measure.worker")  # arguments that start a worker; no module imports the worker
POSIX_QUEUE, SYSV_QUEUE = ".posix-", ".sysv-"  # infix of files in the visit's folder that record a message queue
SEGMENT = ".segment-"  # likewise for shared memory whose name a library chose
SERVER = "process"  # the file in a server's folder that records its process id and start time
_VISIT = re.compile(r"ib[a-z2-7]{13}_[0-9]{1,7}")


def new_run_id() -> str:
    """Return 64 random bits as 13 letters and digits."""
    return base64.b32encode(os.urandom(8)).decode().rstrip("=").lower()


def visit_name(run_id: str, number: int) -> str:
    """Return the name of a visit's folder, which is the prefix of all its names."""
    return f"ib{run_id}_{number}"


def run_prefix(folder: Path) -> str:
    """Return the common prefix of all visits of a run, given the folder of the run or of one of its visits."""
    return f"{re.split('[-_]', folder.name)[0]}_"


def visit_folder() -> Path | None:
    """Return the folder of this process's visit; None in a worker that was started by hand."""
    folder = Path(tempfile.gettempdir())
    return folder if _VISIT.fullmatch(folder.name) else None


def hand_over(folder: Path) -> None:
    """Make a folder that holds only a link to the package; the processes of a run import ipcbench from there.

    PYTHONPATH cannot name the folder in which ipcbench is installed: it would add every other package there, perhaps
    for another Python, and its path may contain the separator of PYTHONPATH.
    """
    (folder / HANDED).mkdir(mode=0o700)
    (folder / HANDED / PACKAGE.name).symlink_to(PACKAGE, target_is_directory=True)


def claim_names() -> None:
    """Make multiprocessing name its semaphores after this visit's folder or, outside a visit, after a new id.

    semprefix is private; SemLock._make_name reads it in CPython 3.11 to 3.15, and a test pins that.
    """
    folder = visit_folder()
    prefix = folder.name if folder else visit_name(new_run_id(), 0)
    current_process()._config["semprefix"] = f"/{prefix}"  # type: ignore[attr-defined]
