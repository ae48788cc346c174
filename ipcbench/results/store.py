"""The one door to results files: labels, atomic writing, reading with every check.

What leaves it on bad input is ResultError, one line with the file, the place in it and the reason.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ipcbench.errors import BadRequest, ResultError
from ipcbench.results.consistency import problems
from ipcbench.results.digest import digest_of, digest_of_values, one_form
from ipcbench.results.folder import ENDINGS, results_in, stem_of
from ipcbench.results.reading import (
    LARGEST_FILE,
    STDIN,
    Refused,
    parse,
    read_bytes,
    refuse_many_parts,
    refuse_strangers,
)
from ipcbench.results.schema import SCHEMA, ResultFile
from ipcbench.results.writing import write_whole
from ipcbench.shell import pasted
from ipcbench.text import safe_text

T = TypeVar("T")

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")  # names that no file on Windows can have
_PATTERN = re.compile(r"matching regex '.*' - at", re.DOTALL)


def check_label(label: str) -> str:
    """Return the label if it can name a file everywhere; raises BadRequest otherwise."""
    if not _LABEL.fullmatch(label) or ".." in label or label.endswith(".") or _DEVICES.fullmatch(label):
        shown = label if len(label) <= 40 else label[:37] + "..."
        raise BadRequest(
            f"label {shown!r}: expected 1 to 80 letters, digits, '.', '_' or '-', without '..', and no device's name"
        )
    return label


def folder_name(path: Path) -> str:
    """Return a folder name for what is made from a file: the file's name without its ending, made safe like a label.

    A name that is changed ends in a hash of the old name, so that different names stay different.
    """
    stem = stem_of(path)
    try:
        return check_label(stem)
    except BadRequest:
        plain = re.sub(r"[^a-z0-9]+", "-", stem.lower())[:55].strip("-") or "results"
        return f"{plain}-{hashlib.sha256(stem.encode(errors='surrogatepass')).hexdigest()[:8]}"


def locate(text: str, results: Path) -> Path | None:
    """Return the file that an argument names: '-' is standard input, others are a path or a label in `results`.

    None if there is neither. A label goes before a folder of that name.
    """
    if text in ("-", str(STDIN)):
        return STDIN
    folder = None
    for path in (Path(text), *(results / f"{text}{ending}" for ending in ENDINGS)):
        try:
            if path.is_dir():
                folder = folder or path
            elif path.exists():
                return path
        except (OSError, ValueError):
            continue  # too long, or it holds a NUL
    return folder


def find(text: str, results: Path) -> Path:
    """Return the file that an argument names, as `locate` does; raises BadRequest, with the known labels, if none."""
    found = locate(text, results)
    if found is not None:
        return found
    with contextlib.suppress(OSError, ValueError):  # too long, or it holds a NUL
        if (results / f"{text}.journal").is_file():
            how = f"to continue it if it was stopped: {pasted('run', '--resume', text)}"
            raise BadRequest(f"{safe_text(text, 200)}: this run has not finished; {how}")
    known = [stem_of(path) for path in results_in(results)]
    labels = f"labels in {results}: {', '.join(known[:20])}" if known else f"no results in {results}"
    how = "" if known else "; 'ipcbench run' writes results/<label>.json"
    raise BadRequest(f"{safe_text(text, 200)}: no such file and no such label; {safe_text(labels, 1000)}{how}")


def file_name(path: Path, result: ResultFile) -> str:
    """Return the name of the file that a result was read from; after a pipe, that of its label."""
    return path.name if path.is_file() else f"{result.ipcbench.label}.json"


def check_writable(folder: Path) -> None:
    """Make the folder, and a file in it as a probe, so that no run starts that cannot be saved; raises ResultError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except OSError as error:
        raise ResultError(f"{folder}: cannot write here: {error.strerror}; choose another folder") from error


def save(result: ResultFile, path: Path, replace: bool) -> None:
    """Write the file whole or not at all, and set its digest in the file and in `result`.

    Raises ResultError if the path exists and `replace` is false, if the file system refuses, or if `load` would refuse
    the result, which is a defect of the caller.
    """
    try:
        document = msgspec.json.decode(msgspec.json.encode(result))
        digest = digest_of(document)
        document["ipcbench"]["digest"] = digest
        checked(document)
        data = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
        if len(data) > LARGEST_FILE:
            raise Refused(f"{len(data):,} bytes; a results file has at most {LARGEST_FILE:,}")
        refuse_many_parts(data)
        write_whole(path, data, replace)
    except (Refused, msgspec.MsgspecError, UnicodeError, OverflowError) as error:
        raise ResultError(f"{_shown(path)}: not saved, because it could not be read again: {_said(error)}") from error
    except FileExistsError as error:
        raise ResultError(f"{_shown(path)} exists: choose another --label, or --force to overwrite") from error
    except OSError as error:
        raise ResultError(f"{_shown(path)}: cannot write: {error.strerror}") from error
    result.ipcbench.digest = digest


def is_results_file(path: Path) -> bool:
    """Return whether the path is a file that `load` accepts."""
    try:
        return path.is_file() and bool(load(path))
    except ResultError:
        return False


def load(path: Path) -> ResultFile:
    """Read a results file, packed or not, and check its types, consistency and digest; raises ResultError."""
    return read(path, checked)


def read(path: Path, make: Callable[[dict[str, Any]], T]) -> T:
    """Read a JSON file and convert it by `make`; all errors become ResultError."""
    try:
        return make(parse(read_bytes(path)))
    except FileNotFoundError as error:
        raise ResultError(f"{_shown(path)}: no such file; 'ipcbench run' writes results/<label>.json") from error
    except OSError as error:
        raise ResultError(f"{_shown(path)}: cannot read: {error.strerror}") from error
    except Refused as error:
        raise ResultError(f"{_shown(path)}: {_said(error)}") from error
    except msgspec.ValidationError as error:
        raise ResultError(f"{_shown(path)}: damaged: {_said(error)}") from error
    except (MemoryError, OverflowError, RecursionError) as error:
        raise ResultError(f"{_shown(path)}: damaged: {type(error).__name__} while reading") from error
    except ValueError as error:  # the path holds a NUL
        raise ResultError(f"{str(path)!r}: not a file name") from error


def checked(document: dict[str, Any]) -> ResultFile:
    """Convert a document to a results file and check everything; raises Refused and msgspec.ValidationError."""
    values = one_form(document)
    _refuse_other_schema(values)
    found = values["ipcbench"].get("digest")
    if found != digest_of_values(values):
        raise Refused(
            f"damaged: its content does not have the digest {safe_text(found, 64)!r} that stands in it; "
            "it was changed after it was written"
        )
    result = msgspec.convert(values, ResultFile)
    try:
        check_label(result.ipcbench.label)
    except BadRequest as error:
        raise Refused(f"damaged: {error}") from error
    for problem in problems(result):
        raise Refused(f"damaged: {problem}")
    return result


def _refuse_other_schema(document: dict[str, Any]) -> None:
    """Raise Refused for a document that is not a results file, or has another schema."""
    refuse_strangers(document)
    if "ipcbench" not in document:
        raise Refused(
            'not an ipcbench result: top-level "ipcbench" is missing. Of a plain pyperf file neither origin nor proof '
            "of transfer is known, so it has no report; 'python -m pyperf stats' and 'ipcbench compare' read it"
        )
    record = document["ipcbench"]
    schema = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise Refused('damaged: "ipcbench" has no schema number')
    if schema != SCHEMA:
        maker, what_to_do = "a newer", "upgrade to read them"
        if schema < SCHEMA:
            maker, what_to_do = "an older", "measure anew with this version"
        raise Refused(f"results made by {maker} ipcbench (schema {schema}, this one reads {SCHEMA}); {what_to_do}")
    if "benchmarks" not in document:
        raise Refused("not a results file: no pyperf suite in it")


def _shown(path: Path) -> str:
    return safe_text(path, 1000)


def _said(error: Exception) -> str:
    """Return the text of an exception, which may quote the file, as safe text."""
    return safe_text(_PATTERN.sub("of printable characters - at", str(error)), 600)
