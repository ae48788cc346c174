"""The one door to results files: labels, atomic writing, reading with every check.

What leaves it on bad input is ResultError, one line with the file and the reason.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections import Counter
from pathlib import Path

import msgspec

from ipcbench.errors import BadRequest, ResultError
from ipcbench.model import Case
from ipcbench.results.schema import SCHEMA, ResultFile

LARGEST_FILE = 64 * 2**20
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def check_label(label: str) -> str:
    """Return the label if it can name a file everywhere; raises BadRequest otherwise."""
    if not _LABEL.fullmatch(label) or ".." in label:
        shown = label if len(label) <= 40 else label[:37] + "..."
        raise BadRequest(f"label {shown!r}: expected 1 to 80 letters, digits, '.', '_' or '-', without '..'")
    return label


def check_writable(folder: Path) -> None:
    """Make the folder and a file in it, so that a run that cannot be saved never starts; raises ResultError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except OSError as error:
        raise ResultError(f"{folder}: cannot write here: {error.strerror}; choose another folder") from error


def save(result: ResultFile, path: Path, replace: bool) -> None:
    """Write the file whole or not at all: temporary file, fsync, rename, fsync of the folder.

    Raises ResultError if the path exists and `replace` is false, or if the file system refuses.
    """
    data = msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)  # unlike rename, refuses to overwrite
            os.unlink(temporary)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise ResultError(f"{path} exists: choose another --label, or --force to overwrite") from error
    except OSError as error:
        raise ResultError(f"{path}: cannot write: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def load(path: Path) -> ResultFile:
    """Read a results file and check its types and its meaning; raises ResultError."""
    data = _read(path)
    try:
        result = msgspec.json.decode(data, type=ResultFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ResultError(f"{path}: {_why_not_ours(data, error)}") from error
    _check_meaning(path, result)
    return result


def _read(path: Path) -> bytes:
    try:
        status = os.stat(path)  # before opening, which would wait for ever on a FIFO
        if not stat.S_ISREG(status.st_mode):
            raise ResultError(f"{path}: not a regular file")
        if status.st_size > LARGEST_FILE:
            raise ResultError(f"{path}: {status.st_size:,} bytes; a results file has at most {LARGEST_FILE:,}")
        with open(path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise ResultError(f"{path}: no such file; 'ipcbench run' writes results/<label>.json") from error
    except OSError as error:
        raise ResultError(f"{path}: cannot read: {error.strerror}") from error
    except ValueError as error:
        raise ResultError(f"{str(path)!r}: not a file name") from error
    if not data:
        raise ResultError(f"{path}: the file is empty")
    return data


def _why_not_ours(data: bytes, error: Exception) -> str:
    """Say what is wrong with a file that did not decode, as near to the cause as can be told."""
    try:
        head = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"not a results file, or cut off: {error}"
    except RecursionError:
        return "not a results file: nested too deeply"
    if not isinstance(head, dict) or "benchmarks" not in head:
        return "not a results file: no pyperf suite in it"
    if "ipcbench" not in head:
        return 'not an ipcbench result: top-level "ipcbench" is missing'
    record = head["ipcbench"]
    schema = record.get("schema") if isinstance(record, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        return f"made by a newer ipcbench (schema {schema}, this one reads up to {SCHEMA}); upgrade to read it"
    return f"damaged: {error}"


def _check_meaning(path: Path, result: ResultFile) -> None:
    """Check what types cannot say: ids parse, nothing stands twice, values belong to cases that are ok."""
    record = result.ipcbench
    if record.schema > SCHEMA:
        raise ResultError(
            f"{path}: made by a newer ipcbench (schema {record.schema}, this one reads up to {SCHEMA}); "
            "upgrade to read it"
        )
    try:
        check_label(record.label)
        for case_id in [case.id for case in record.cases] + [skip.id for skip in record.skips]:
            Case.parse(case_id)
    except BadRequest as error:
        raise ResultError(f"{path}: damaged: {error}") from error
    names = [str(benchmark.metadata.get("name", "")) for benchmark in result.benchmarks]
    measured = {case.id for case in record.cases if case.verdict == "ok"}
    for what, ids in (("case", [case.id for case in record.cases]), ("benchmark", names)):
        twice = [name for name, count in Counter(ids).items() if count > 1]
        if twice:
            raise ResultError(f"{path}: damaged: {what} {twice[0]!r} stands twice")
    if any(not benchmark.runs or not all(run.values for run in benchmark.runs) for benchmark in result.benchmarks):
        raise ResultError(f"{path}: damaged: a visit without values")
    strangers = sorted(set(names) ^ measured)
    if strangers:
        raise ResultError(f"{path}: damaged: {strangers[0]!r} has values without being ok, or the reverse")
