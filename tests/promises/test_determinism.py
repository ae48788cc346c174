"""One results file gives the same bytes, whoever makes the report and wherever: what is committed can be reviewed."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import environment, start_python
from synthetic import make_result

from ipcbench.results.store import save

pytestmark = pytest.mark.timeout(300)  # every report is one process that looks for fonts first

SETTINGS = ("font.size: 20", "font.family: serif", "axes.grid: True", "savefig.bbox: tight", "svg.fonttype: path")
KEPT = (".svg", ".csv", ".md", ".json", ".html")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("results") / "laptop.json"
    notes = {"ping-pong/pipe/64B/1w": ["noisy"], "counter/value/8B/2w": ["oversubscribed"]}
    save(make_result(notes=notes), path, replace=False)
    return path


def report(results: Path, folder: Path, **environ: str) -> dict[str, bytes]:
    """What a report holds that is kept in git, made in a folder that is home and working directory."""
    folder.mkdir(exist_ok=True)
    env = environment(HOME=str(folder), MPLCONFIGDIR=str(folder / "settings")) | environ
    process = start_python("-m", "ipcbench", "report", str(results), "--out", "made", cwd=folder, env=env)
    _, err = process.communicate(timeout=110)
    assert process.returncode == 0, err
    made = folder / "made"
    return {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.suffix in KEPT}


@pytest.fixture(scope="module")
def usual(results: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return report(
        results, tmp_path_factory.mktemp("usual") / "a", PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8", LANG="C.UTF-8"
    )


def test_a_report_is_the_same_under_another_hash_seed_time_zone_locale_home_and_folder(
    results: Path, usual: dict[str, bytes], tmp_path: Path
) -> None:
    other = report(results, tmp_path / "other place", PYTHONHASHSEED="2", TZ="Asia/Kathmandu", LC_ALL="de_DE.UTF-8")
    assert len([name for name in usual if name.endswith(".svg")]) > 10
    assert sorted(other) == sorted(usual)
    assert [name for name in usual if other[name] != usual[name]] == []


@pytest.mark.full
@pytest.mark.parametrize("place", ["settings/matplotlibrc", "matplotlibrc"])
def test_a_report_is_the_same_whatever_somebody_has_set_for_matplotlib(
    results: Path, usual: dict[str, bytes], tmp_path: Path, place: str
) -> None:
    rc = tmp_path / place
    rc.parent.mkdir(exist_ok=True)
    rc.write_text("\n".join(SETTINGS))
    assert seen_by_matplotlib(tmp_path) == "20.0"
    other = report(results, tmp_path)
    assert [name for name in usual if other[name] != usual[name]] == []


def seen_by_matplotlib(folder: Path) -> str:
    """The font size that somebody's own settings give there."""
    env = environment(HOME=str(folder), MPLCONFIGDIR=str(folder / "settings"))
    code = "import matplotlib; print(matplotlib.rcParams['font.size'])"
    process = start_python("-c", code, cwd=folder, env=env)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.strip()
