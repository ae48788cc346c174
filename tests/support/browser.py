"""Look at pages in a real Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.image import imread

Scheme = Literal["light", "dark"]

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first one starts fastest
SCHEMES: dict[Scheme, int] = {"dark": 0, "light": 1}  # values of Chromium's preferredColorScheme
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--v=0",
)


def program() -> str:
    """Return the path of a Chromium; without one, skip the test, or fail it if IPCBENCH_REQUIRE_BROWSER is 1."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"no Chromium on this machine: none of {', '.join(NAMES)}"
        if os.environ.get("IPCBENCH_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def screenshot(page: Path, size: tuple[int, int], scheme: Scheme) -> npt.NDArray[np.uint8]:
    """Return red, green and blue of every pixel of a page, in a window of (width, height) pixels.

    Fails if the console shows a message; skips without Chromium, see `program`.
    """
    path = program()
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "page.png"
        own = [f"--user-data-dir={folder}/profile", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}"]
        look = [f"--window-size={size[0]},{size[1]}", f"--screenshot={picture}"]
        command = [path, *FLAGS, *own, *look, page.as_uri()]
        seen = subprocess.run(command, capture_output=True, text=True, timeout=90, check=True, start_new_session=True)
        said = [line for line in seen.stderr.splitlines() if "CONSOLE" in line]
        assert not said, said
        shown: npt.NDArray[np.uint8] = np.rint(imread(picture)[..., :3] * 255).astype(np.uint8)
        return shown
