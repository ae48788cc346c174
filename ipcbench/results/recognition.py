"""Recognise files that are not results files, and say what reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipcbench.text import safe_text

_COMPRESSED: Mapping[bytes, str] = {
    b"PK\x03\x04": "a zip archive: unpack the results file in it with 'unzip'",
    b"PK\x05\x06": "an empty zip archive",
    b"\xfd7zXZ\x00": "compressed by xz: 'xz -d' unpacks it, or pack it with gzip, which is read as it is",
    b"BZh": "compressed by bzip2: 'bzip2 -d' unpacks it, or pack it with gzip, which is read as it is",
    b"\x28\xb5\x2f\xfd": "compressed by zstd: 'zstd -d' unpacks it, or pack it with gzip, which is read as it is",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack the results file in it with '7z x'",
}
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"{\x00", b"\x00{", b"[\x00", b"\x00[")
_JOURNAL = re.compile(rb"\d+ [0-9a-f]{8} \{")
_TABLE = re.compile(rb"[^\n{}\[\]<>]*[^\n{}\[\]<>,;\t]([,;\t])[^\n{}\[\]<>]*\r?\n")
_LOOKED_AT = 4096  # bytes

# Keys of documents of other programs, and what the document is.
_DOCUMENTS: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"machine_info", "benchmarks"}),
        "results of pytest-benchmark: 'pytest-benchmark compare' reads them",
    ),
    (
        frozenset({"context", "benchmarks"}),
        "results of Google Benchmark: its tools/compare.py reads them",
    ),
    (
        frozenset({"commit_hash", "results", "params"}),
        "results of asv: 'asv show' and 'asv compare' read them",
    ),
    (
        frozenset({"sides", "differing", "cases"}),
        "what 'ipcbench compare --format json' printed: give the results files themselves",
    ),
)


def folder_words(path: Path) -> str:
    """Say what a folder is: the folder of a report, or a folder with results files that the user may mean."""
    if (path / "manifest.json").is_file():
        return "the folder of a report: give the results file that it was made from"
    try:
        files = sorted(each.name for each in path.iterdir() if each.name.endswith((".json", ".json.gz")))
    except OSError:
        files = []
    shown = f": {safe_text(', '.join(files[:5]), 300)}{', …' if len(files) > 5 else ''}" if files else ""
    return f"a folder: give a results file{' in it' if files else ''}{shown}"


def bytes_words(data: bytes) -> str:
    """Say what bytes other than JSON are; empty if that is unknown, as for JSON that is cut off."""
    for magic, words in _COMPRESSED.items():
        if data.startswith(magic):
            return words
    head = data[:_LOOKED_AT].lstrip()
    if data.startswith(_WIDE):
        return "text in UTF-16 or UTF-32, as PowerShell's '>' writes it: save it as UTF-8"
    if b"\x00" in head:
        return "a binary file, not JSON"
    if head[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "an HTML page, such as a report: give the results file that it was made from"
    if head.startswith(b"<"):
        return "an XML or HTML file, such as a chart: give the results file that it was made from"
    if _JOURNAL.match(data):
        return "the journal of a run that did not end: 'ipcbench run --resume LABEL' continues it and saves its results"
    if not head.startswith((b"{", b"[")) and _TABLE.match(head):
        return "a table such as CSV: give the results file that it was made from"
    return ""


def document_words(document: Mapping[str, Any]) -> str:
    """Say what a JSON object is; empty for a results file and for a file of pyperf 1.0."""
    ours = document.get("ipcbench")
    if isinstance(ours, str) and "charts" in document:
        made = safe_text(document.get("result") or "", 200)
        return f"the manifest of a report: give the results file that it was made from{f', {made}' if made else ''}"
    if isinstance(ours, dict):
        return ""
    for marks, words in _DOCUMENTS:
        if marks <= document.keys():
            return words
    results, benchmarks = document.get("results"), document.get("benchmarks")
    if isinstance(results, list) and all(isinstance(each, dict) and "command" in each for each in results):
        return "results of hyperfine: the scripts that come with it read them"
    if isinstance(benchmarks, list):
        version = document.get("version", "1.0")
        if version != "1.0":
            return (
                f"a pyperf file of format {safe_text(version, 20)}, and only 1.0 can be read: "
                "'python -m pyperf convert OLD.json -o NEW.json' converts older ones"
            )
        return ""
    if ours is None and "benchmarks" not in document:
        keys = safe_text(", ".join(sorted(document)[:5]), 200)
        return f"no pyperf suite in it{f'; its keys are {keys}' if keys else ''}"
    return ""
