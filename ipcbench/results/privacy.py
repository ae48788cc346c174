"""Limit what a results file says about its computer to an allow-list without host, user, paths and environment.

`--full-metadata` keeps more, and `ipcbench anonymise` removes it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ipcbench.results.schema import LONGEST_STACK, LONGEST_TEXT, Metadata, ResultFile
from ipcbench.text import safe_lines, safe_text

# What pyperf collects and a reader needs, without host name, boot time, paths and build options.
KEPT = frozenset(
    {
        "aslr",
        "cpu_count",
        "cpu_model_name",
        "date",
        "duration",
        "inner_loops",
        "ipcbench_mechanism",
        "ipcbench_pattern",
        "ipcbench_round",
        "ipcbench_size",
        "ipcbench_workers",
        "load_avg_1min",
        "loops",
        "mem_max_rss",
        "name",
        "perf_version",
        "python_hash_seed",
        "python_implementation",
        "python_version",
        "timer",
        "unit",
    }
)

# An absolute path: if quoted, it ends with its quote and may contain blanks; otherwise it ends with the word. A slash
# after a letter does not begin a path, as in a case id or in MB/s, and /dev/shm is the same for everyone.
_ROOT = r"(?:~[\w.-]*/|/(?!dev/shm(?![\w/]))|[A-Za-z]:[\\/]|\\\\)"
_QUOTED = re.compile(rf"(?<![\w\"'])([\"']){_ROOT}[^\"'\n]*\1")
_BARE = re.compile(rf"(?<![\w/\\<.~-])(?:\.\.?(?=[/\\]))*{_ROOT}[^\s\"'()\[\]{{}},;:<>|]+")
_HOME = re.compile(r"(?:/home/|/Users/|[\\/]Users[\\/])([^/\\\s\"':,;]+)")
# Keys whose text has a meaning to programs: a word there that equals a name of a host or user is none.
_STRUCTURE = frozenset({"case", "date", "id", "isolation", "started", "unit", "verdict", "version"})


def without_paths(text: str) -> str:
    """Replace every absolute path in a text by `<path>`."""
    return _BARE.sub("<path>", _QUOTED.sub(r"\1<path>\1", text))


def kept_text(text: object) -> str:
    """Clean text from elsewhere, such as an error, for a results file: one safe line without paths."""
    return without_paths(safe_text(text, LONGEST_TEXT))[:LONGEST_TEXT]


def kept_stack(text: object) -> str:
    """Clean a stack for a results file: safe lines without paths."""
    return without_paths(safe_lines(text, LONGEST_STACK))[:LONGEST_STACK]


def allowed(metadata: Metadata) -> Metadata:
    """Return the metadata that are on the allow-list."""
    return {key: value for key, value in metadata.items() if key in KEPT}


def anonymous(result: ResultFile, names: Iterable[str]) -> ResultFile:
    """Copy a result without metadata outside the allow-list, without paths and without these names as words.

    names are those of hosts and users; names that the file itself reveals are added. Case ids are not changed.
    """
    document = msgspec.to_builtins(result)
    record = document["ipcbench"]
    known = {facts["name"] for facts in (*record["mechanisms"], *record["patterns"])}
    clean = _cleaner({name for name in (*names, *_told(document)) if len(name) > 1} - known)
    record["settings"]["full_metadata"] = False
    if clean(record["label"]) != record["label"]:
        record["label"] = "anonymous"
    for holder in (document, *_holders(document)):
        if "metadata" in holder:
            holder["metadata"] = allowed(holder["metadata"])
    ids = {case["id"] for case in (*record["cases"], *record["skips"])}
    return msgspec.convert(_walk(document, lambda text: text if text in ids | known else clean(text)), ResultFile)


def _holders(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects of pyperf's part that have metadata."""
    return [holder for benchmark in document["benchmarks"] for holder in (benchmark, *benchmark["runs"])]


def _told(document: dict[str, Any]) -> set[str]:
    """Return the names that a file reveals: of hosts in its metadata, of users in home folders."""
    holders = (document, *_holders(document))
    hosts = {str(holder.get("metadata", {}).get("hostname", "")) for holder in holders}
    users: set[str] = set()

    def look(text: str) -> str:
        users.update(_HOME.findall(text))
        return text

    _walk(document, look)
    return hosts | users


def _cleaner(names: set[str]) -> Callable[[str], str]:
    """Return a function that removes paths and names from a text."""
    if not names:
        return without_paths
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE)
    return lambda text: pattern.sub("<name>", without_paths(text))


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    """Copy a document with every text changed, except keys and the texts of _STRUCTURE."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: inner if key in _STRUCTURE else _walk(inner, change) for key, inner in value.items()}
    return [_walk(inner, change) for inner in value] if isinstance(value, (list, tuple)) else value
