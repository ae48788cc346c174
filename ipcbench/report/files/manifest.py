"""manifest.json: what a report holds, for programs that put its charts into other pages.

Its keys, the ids of charts and the names of their files are an interface: they contain no date, host or digest, and
are not renamed. Equal results give equal bytes: it contains neither the current time nor an absolute path.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from ipcbench.errors import NotAReport, UnknownName
from ipcbench.text import ONE_LINE, safe_text

SCHEMA = 1  # goes up if a program that reads the older schema would go wrong; new keys alone do not raise it
NAME = "manifest.json"
LARGEST = 4 * 2**20  # bytes
LONGEST_ALT = 150  # characters
LONGEST_DESC = 4000

Text = Annotated[str, msgspec.Meta(max_length=LONGEST_DESC, pattern=ONE_LINE)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,79}\Z")]
Place = Annotated[str, msgspec.Meta(max_length=400, pattern=r"^[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class Files(msgspec.Struct, frozen=True):
    """The paths of a chart's files, relative to the manifest."""

    light: Place
    dark: Place
    png: Place
    csv: Place


class Digests(msgspec.Struct, frozen=True):
    """SHA-256 of files; the PNG has none, since its bytes change with every version of matplotlib."""

    light: Digest
    dark: Digest
    csv: Digest


class ChartEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One chart. If it was not drawn, available is false, reason says why, and files and sha256 are None.

    title and question are plain text, caption may hold inline Markdown; alt says the finding in at most 150 characters,
    long_desc describes the whole chart in sentences. class_ names what is compared, such as 'bytes/blocking'; width
    and height are in CSS pixels.
    """

    title: Text
    question: Text
    caption: Text
    alt: Text = ""
    long_desc: Text = ""
    class_: Text = msgspec.field(default="", name="class")
    pattern: Text = ""
    width: Count = 0
    height: Count = 0
    files: Files | None = None
    sha256: Digests | None = None
    available: bool = False
    reason: Text = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The run that a report shows, the versions that wrote the report, and every chart by its id.

    result is the name of the results file, digest the SHA-256 of its values, started the time at which the run began,
    as in the file; for a comparison see `contents.of_comparison`. machine and python are the strings of the footers.
    counts are cases by verdict, and how many of the ok ones are doubtful (the number has a note) or unstable.
    """

    schema: Annotated[int, msgspec.Meta(ge=1)] = SCHEMA
    ipcbench: Text
    matplotlib: Text
    label: Text
    result: Text
    digest: Digest
    started: Text
    machine: Text
    python: Text
    counts: Mapping[Text, Count]
    charts: Mapping[Id, ChartEntry]

    def chart(self, id_: str) -> ChartEntry:
        """Return the entry of a chart. Raises UnknownName, or NotAReport with the reason if the chart was not drawn."""
        entry = self.charts.get(id_)
        if entry is None:
            drawn = [name for name, each in self.charts.items() if each.available]
            missing = [f"{name} (not drawn: {each.reason})" for name, each in self.charts.items() if not each.available]
            raise UnknownName("chart", safe_text(id_, 80), [*drawn, *missing])
        if not entry.available or entry.files is None:
            raise NotAReport(f"chart {id_!r} was not drawn: {safe_text(entry.reason, 300)}")
        return entry


def encode(manifest: Manifest) -> bytes:
    """Return the manifest as JSON: keys sorted, two spaces per level, a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2) + b"\n"


def load_manifest(folder: Path) -> Manifest:
    """Read the manifest of a report's folder. Raises NotAReport, one line, if there is none that can be read."""
    path = folder / NAME
    shown = safe_text(path, 1000)
    again = "'ipcbench report FILE' writes one"
    try:
        if not path.exists():
            raise NotAReport(f"{shown}: no such file, so this is no report; {again}")
        if not path.is_file() or path.stat().st_size > LARGEST:
            raise NotAReport(f"{shown}: not the manifest of a report; {again}")
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: the path holds a NUL
        raise NotAReport(f"{shown}: cannot read: {getattr(error, 'strerror', None) or error}") from error
    try:
        schema = _schema(msgspec.json.decode(data))
        if schema is None:
            raise NotAReport(f"{shown}: a manifest of something else; {again}, to another folder")
        if schema > SCHEMA:
            raise NotAReport(f"{shown}: made by a newer ipcbench (schema {schema}, this one reads {SCHEMA}); upgrade")
        return msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        said = safe_text(str(error).partition(" matching regex")[0], 200)
        raise NotAReport(f"{shown}: damaged: {said}; remove it, then {again}") from error


def _schema(document: object) -> int | None:
    """Return the schema of a manifest that ipcbench wrote; None for any other document."""
    if not isinstance(document, dict) or not {"ipcbench", "charts"} <= document.keys():
        return None
    schema = document.get("schema")
    return schema if isinstance(schema, int) and not isinstance(schema, bool) and schema >= 1 else None
