"""Write the folder of a report: whole files only; remove leftovers of an earlier report, and touch nothing else."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ipcbench.errors import ResultError
from ipcbench.report.files import pictures
from ipcbench.report.files.manifest import NAME, Digests, Manifest, encode, load_manifest
from ipcbench.report.files.pictures import ENDINGS, FOLDER, PNG, Picture
from ipcbench.results.writing import replace_whole


def prepare(folder: Path, texts: Iterable[str], charts: Iterable[str]) -> Manifest | None:
    """Make the folder for these texts and charts, if it is missing; return the manifest of the report it has, if any.

    Raises ResultError if the folder cannot be made. Also raises it, before anything is made, if the folder has a
    manifest.json that ipcbench did not write, or has no manifest.json and a file that would be replaced is not from a
    report.
    """
    with _as_result_error(folder):
        earlier = load_manifest(folder) if (folder / NAME).exists() else None
        if earlier is None:
            _refuse_others(folder, [*texts, *(f"{FOLDER}/{chart}{ending}" for chart in charts for ending in ENDINGS)])
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        return earlier


def write_report(folder: Path, drawn: Sequence[Picture], texts: Mapping[str, str], manifest: Manifest) -> None:
    """Write charts/, the texts by their names and, last, manifest.json.

    Charts of an earlier report in the folder that are no longer drawn are removed, unless they differ from what its
    manifest says. Raises ResultError if a file cannot be written, and as `prepare` does.
    """
    earlier = prepare(folder, texts, [picture.id for picture in drawn])
    with _as_result_error(folder):
        for picture in drawn:
            pictures.save(picture, folder / FOLDER)
        for name, text in texts.items():
            replace_whole(folder / name, text.encode())
        if earlier:
            _remove_left(folder, earlier, manifest)
        replace_whole(folder / NAME, encode(manifest))


@contextlib.contextmanager
def _as_result_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ResultError(f"{folder}: cannot write the report here: {error.strerror}; choose another folder") from error


_OURS = {".html": b"ipcbench", ".md": b"# ipcbench", ".svg": b"ipcbench", ".csv": b","}  # in a file of a report


def _refuse_others(folder: Path, names: Sequence[str]) -> None:
    """Raise ResultError if one of the files exists and is not from a report; files of a killed report may be replaced.

    A PNG is not checked, since the SVG beside it is.
    """
    for name in names:
        path = folder / name
        sign = _OURS.get(path.suffix, b"")
        if path.exists() and sign not in path.read_bytes()[:2_000_000]:
            raise ResultError(f"{path}: is not of a report, and would be replaced: choose another folder, or move it")


def _remove_left(folder: Path, earlier: Manifest, manifest: Manifest) -> None:
    """Remove the unchanged files of charts that are no longer drawn, and the PNG if all other files are unchanged."""
    for id_, entry in earlier.charts.items():
        if entry.sha256 is None or (id_ in manifest.charts and manifest.charts[id_].available):
            continue
        known = dict(zip((ending for ending in ENDINGS if ending != PNG), _values(entry.sha256), strict=True))
        paths = {ending: folder / FOLDER / f"{id_}{ending}" for ending in ENDINGS}
        ours = [ending for ending, digest in known.items() if _has_digest(paths[ending], digest)]
        for ending in [*ours, *([PNG] if len(ours) == len(known) else [])]:
            paths[ending].unlink(missing_ok=True)


def _values(digests: Digests) -> tuple[str, str, str]:
    return digests.light, digests.dark, digests.csv


def _has_digest(path: Path, digest: str) -> bool:
    with contextlib.suppress(OSError):
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
    return False
