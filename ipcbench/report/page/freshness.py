"""Is a report still what its results file gives? Rendered again in memory and compared, byte for byte."""

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
    """What in a report is no longer what the file gives, a line each; and what was not compared, empty if nothing.

    Compares the SVGs and CSVs, and what the manifest says; never a PNG, whose bytes change with every version of
    matplotlib. Under another matplotlib than the one that drew the report SVGs are not compared either. source is as
    in `report.write`. Raises NotAReport for a folder without a manifest.
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
        return "" if path.read_bytes() == content else f"{path}: not what the results file gives now"
    except OSError as error:
        return f"{path}: {error.strerror}"


def _in_manifest(earlier: Manifest, fresh: Manifest, same: bool) -> list[str]:
    """The keys of the manifest whose values are others, but for the versions that rendered."""
    names = [name for name in Manifest.__struct_fields__ if name not in ("ipcbench", "matplotlib", "charts")]
    said = [f"manifest: {name} is another" for name in names if getattr(earlier, name) != getattr(fresh, name)]
    for id_ in sorted({*earlier.charts, *fresh.charts}):
        before, now = earlier.charts.get(id_), fresh.charts.get(id_)
        if before is None or now is None:
            said.append(f"manifest: {id_} is {'not in it yet' if before is None else 'no longer a chart of this run'}")
        elif _words(before, same) != _words(now, same):
            said.append(f"manifest: {id_}: its words or files are others")
    return said


def _words(entry: ChartEntry, same: bool) -> ChartEntry:
    """What is compared of an entry: under another matplotlib neither digests nor sizes."""
    return entry if same else msgspec.structs.replace(entry, sha256=None, width=0, height=0)
