"""The private folder of a run: below the temporary folder, locked as long as the run is alive, removed at its end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ipcbench.errors import IpcbenchError
from ipcbench.measure.process.names import hand_over, new_run_id
from ipcbench.run.containment.file_lock import lock
from ipcbench.run.containment.processes import remove_folder

LONGEST_FOLDER = 35  # AF_UNIX paths end at 107 bytes, and multiprocessing adds up to 72 below
LOCK = "lock"
PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # a run's folder may be here or in the temporary folder


class RunFolder:
    """The folder of one run.

    This process and its warden hold the folder's lock as long as they live: `ipcbench clean` and other runs leave a
    locked folder alone. lock is its descriptor.
    """

    def __init__(self) -> None:
        self.run_id = new_run_id()
        self.path = Path(tempfile.mkdtemp(prefix=f"ib{self.run_id}-", dir=short_folder()))
        try:
            self.lock = os.open(self.path / f"{LOCK}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            lock(self.lock)
            os.rename(self.path / f"{LOCK}.new", self.path / LOCK)  # under this name it is always held
            hand_over(self.path)
        except OSError as error:
            remove_folder(self.path)
            raise IpcbenchError(f"{self.path}: cannot prepare the folder of this run: {error.strerror}") from error

    def close(self) -> None:
        """Unlock and remove the folder; may be called twice."""
        if self.lock >= 0:
            os.close(self.lock)  # before removing, which may need the descriptor
            self.lock = -1
            remove_folder(self.path)


def short_folder(candidates: Sequence[str] = PLACES) -> str:
    """Return the temporary folder, or another one if a run cannot work below it.

    Sockets need a short path, and PYTHONPATH one without a colon. Raises IpcbenchError if every path has a colon.
    """
    usual = tempfile.gettempdir()
    usable = [folder for folder in (usual, *candidates) if os.pathsep not in folder]
    for folder in usable:
        if len(os.fsencode(folder)) <= LONGEST_FOLDER and os.access(folder, os.W_OK | os.X_OK):
            return folder
    if usual not in usable:
        raise IpcbenchError(f"{usual}: the temporary folder has {os.pathsep!r} in its path; set TMPDIR to another")
    return usual
