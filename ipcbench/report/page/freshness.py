"""Compare a report, byte for byte, with a new one that is rendered in memory from the results file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ipcbench.report.content.study import study
from ipcbench.report.content.tables import cases
from ipcbench.report.drawing.plotting import mpl
from ipcbench.report.files.contents import draw_all, of_run
from ipcbench.report.files.manifest import ChartEntry, Manifest, load_manifest
from ipcbench.results.schema import ResultFile


def differences(result: ResultFile, folder: Path, source: tuple[str, str]) -> tuple[list[str], str]:
    """Return what in a report is stale, a line each, and what was not compared, empty if everything was.

    Compares SVGs, CSVs and the manifest, but no PNG: its bytes change with every version of matplotlib. Another
    matplotlib than the one that drew the report leaves the SVGs out too. source is as in `report.write`. Raises
    NotAReport for a folder without a manifest.
    """
    earlier = load_manifest(folder)
    about = study(result)
    drawn = draw_all(about, png=False)
    fresh = of_run(about, drawn, *source)
    same = earlier.matplotlib == fresh.matplotlib
    endings = (".svg", ".csv") if same else (".csv",)
    expected = {"cases.csv": cases(about.summary).encode()}
    for picture in drawn:
        expected |= {
            f"charts/{picture.id}{ending}": content
            for ending, content in picture.files.items()
            if ending.endswith(endings)
        }
    said = [line for name, content in sorted(expected.items()) if (line := _differs(folder / name, content))]
    said += _in_manifest(earlier, fresh, same)
    left = f"SVGs, drawn by matplotlib {earlier.matplotlib}; this is {mpl.__version__}"
    return said, "" if same else left


def _differs(path: Path, content: bytes) -> str:
    try:
        return "" if path.read_bytes() == content else f"{path}: differs from what the results file gives now"
    except OSError as error:
        return f"{path}: {error.strerror}"


def _in_manifest(earlier: Manifest, fresh: Manifest, same: bool) -> list[str]:
    """Return the keys of the manifest that differ, except for the versions that rendered."""
    names = [name for name in Manifest.__struct_fields__ if name not in ("ipcbench", "matplotlib", "charts")]
    said = [f"manifest: {name} differs" for name in names if getattr(earlier, name) != getattr(fresh, name)]
    for id_ in sorted({*earlier.charts, *fresh.charts}):
        before, now = earlier.charts.get(id_), fresh.charts.get(id_)
        if before is None or now is None:
            said.append(f"manifest: {id_} is {'missing' if before is None else 'no longer a chart of this run'}")
        elif _words(before, same) != _words(now, same):
            said.append(f"manifest: {id_}: its text or its files differ")
    return said


def _words(entry: ChartEntry, same: bool) -> ChartEntry:
    """Return what is compared of an entry: under another matplotlib neither digests nor sizes."""
    return entry if same else msgspec.structs.replace(entry, sha256=None, width=0, height=0)
