"""The report in a real browser: it draws, asks for nothing, complains of nothing, and follows the colour scheme."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from matplotlib.image import imread
from synthetic import make_result

from ipcbench.report import write

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DARK, LIGHT = 0, 1  # values of Chromium's preferredColorScheme
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    return write(make_result(), tmp_path_factory.mktemp("report"))


def browse(page: Path, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True, start_new_session=True)


def background(page: Path, folder: Path, scheme: int, width: int) -> float:
    """The brightness of the page's corner, 0 black to 1 white."""
    picture = folder / "page.png"
    size = f"--window-size={width},900"
    browse(page, folder, f"--blink-settings=preferredColorScheme={scheme}", size, f"--screenshot={picture}")
    return float(imread(picture)[4:12, 4:12, :3].mean())


def test_the_page_draws_every_chart_and_the_console_stays_silent(page: Path, tmp_path: Path) -> None:
    seen = browse(page, tmp_path, "--dump-dom")
    assert seen.stdout.count("<picture>") == 5
    assert "What this run says" in seen.stdout
    assert "CONSOLE" not in seen.stderr


def test_the_page_follows_the_colour_scheme(page: Path, tmp_path: Path) -> None:
    assert background(page, tmp_path, LIGHT, 1280) > 0.9
    assert background(page, tmp_path, DARK, 1280) < 0.2
