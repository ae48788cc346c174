"""The oldest matplotlib that is allowed against the one installed here: the same charts, line by line.

Makes an environment with the oldest one, for which pip must find it; skips with the reason where it does not.
`make soak ARGS="-k matplotlib"` prints one line per chart.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

from ipcbench.report.charts import CHARTS

RESULTS = [ROOT / "results" / name for name in ("reference.json", "choosing.json.gz")]
MOST = 0.01  # of the lines of a chart
pytestmark = pytest.mark.timeout(1200)
DRAWING = """
import json, sys
from pathlib import Path
import matplotlib
from ipcbench.report.charts import charts
from ipcbench.report.files.pictures import draw
from ipcbench.report.content.study import study
from ipcbench.results.store import load
drawn = {}
for path in map(Path, sys.argv[1:]):
    about = study(load(path))
    for chart, view in charts(about):
        for theme, svg in draw(chart, view, view.footer, png=False).svg.items():
            drawn[f"{path.name} {chart.id} {theme}"] = svg
print(json.dumps({"matplotlib": matplotlib.__version__, "charts": drawn}))
"""


def oldest() -> str:
    """The oldest matplotlib that pyproject.toml allows."""
    found = re.search(r'"matplotlib>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert found
    return found[1]


def draw(python: str | Path) -> tuple[str, dict[str, str]]:
    """Draw all charts under an interpreter; gives its matplotlib and the charts."""
    words = [str(python), "-c", DRAWING, *map(str, RESULTS)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, start_new_session=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found["matplotlib"], found["charts"]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """What the oldest matplotlib draws, in an environment made for it."""
    folder = tmp_path_factory.mktemp("old")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120, capture_output=True)
    python = folder / "bin" / "python"
    wanted = ["-e", str(ROOT), f"matplotlib=={oldest()}"]
    words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    made = subprocess.run(words, capture_output=True, text=True, timeout=600, start_new_session=True)
    if made.returncode:
        pytest.skip(f"pip cannot install matplotlib {oldest()} here: {made.stderr.strip().splitlines()[-1]}")
    return draw(python)


@pytest.fixture(scope="module")
def new() -> tuple[str, dict[str, str]]:
    """What the matplotlib installed here draws."""
    return draw(sys.executable)


@pytest.mark.parametrize("chart", [chart.id for chart in CHARTS])
def test_a_chart_hardly_changes_from_the_oldest_matplotlib_to_the_one_here(
    old: tuple[str, dict[str, str]], new: tuple[str, dict[str, str]], chart: str
) -> None:
    (before, charts), (after, others) = old, new
    if before == after:
        pytest.skip(f"matplotlib here is {after}, the oldest allowed")
    names = [name for name in charts if name.split()[1].startswith(chart)]
    assert names
    assert sorted(charts) == sorted(others)
    lines = sum(len(charts[name].splitlines()) for name in names)
    changed = sum(different(charts[name].splitlines(), others[name].splitlines()) for name in names)
    print(f"soak matplotlib {before} to {after}: {chart}: {changed} of {lines} lines", flush=True)
    assert changed <= MOST * lines


def different(before: list[str], after: list[str]) -> int:
    """How many lines are changed or new."""
    return sum(line.startswith("+ ") for line in difflib.ndiff(before, after)) if before != after else 0
