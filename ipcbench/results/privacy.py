"""What a results file may say about the computer it was made on: an allow-list, and the removal of all else.

Not in it: host, user, paths, environment. `--full-metadata` lets more in, `ipcbench anonymise` takes it out again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ipcbench.results.schema import LONGEST_STACK, LONGEST_TEXT, Metadata, ResultFile
from ipcbench.text import safe_lines, safe_text

# What pyperf collects and a reader needs; its host name, boot time, paths and build options stay out.
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

# An absolute path: quoted, it ends with its quote and may hold blanks; else it ends where a word does. A slash after a
# letter is not the start of one, as in a case id or in MB/s, and /dev/shm says nothing about anybody.
_ROOT = r"(?:~[\w.-]*/|/(?!dev/shm(?![\w/]))|[A-Za-z]:[\\/]|\\\\)"
_QUOTED = re.compile(rf"(?<![\w\"'])([\"']){_ROOT}[^\"'\n]*\1")
_BARE = re.compile(rf"(?<![\w/\\<.~-])(?:\.\.?(?=[/\\]))*{_ROOT}[^\s\"'()\[\]{{}},;:<>|]+")
_HOME = re.compile(r"(?:/home/|/Users/|[\\/]Users[\\/])([^/\\\s\"':,;]+)")
# Text with a meaning to programs, in which a name that happens to be the same is no one's.
_STRUCTURE = frozenset({"case", "date", "id", "isolation", "started", "unit", "verdict", "version"})


def without_paths(text: str) -> str:
    """Write `<path>` for every absolute path in a text."""
    return _BARE.sub("<path>", _QUOTED.sub(r"\1<path>\1", text))


def kept_text(text: object, limit: int = LONGEST_TEXT) -> str:
    """Text of others, such as an error, as a results file may hold it: one safe line without paths."""
    return without_paths(safe_text(text, limit))[:limit]


def kept_stack(text: object) -> str:
    """A stack as a results file may hold it: safe lines without paths."""
    return without_paths(safe_lines(text, LONGEST_STACK))[:LONGEST_STACK]


def allowed(metadata: Metadata) -> Metadata:
    """The metadata that are on the allow-list."""
    return {key: value for key, value in metadata.items() if key in KEPT}


def anonymous(result: ResultFile, names: Iterable[str]) -> ResultFile:
    """A copy with nothing outside the allow-list: no path, and none of these names wherever they stand as words.

    names are those of hosts and users; the ones that the file itself tells are added. Case ids stay as they are.
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
    """The objects of pyperf's part that have metadata."""
    return [holder for benchmark in document["benchmarks"] for holder in (benchmark, *benchmark["runs"])]


def _told(document: dict[str, Any]) -> set[str]:
    """Names that a file tells: its metadata hold the host's, home folders the users'."""
    holders = (document, *_holders(document))
    hosts = {str(holder.get("metadata", {}).get("hostname", "")) for holder in holders}
    users: set[str] = set()

    def look(text: str) -> str:
        users.update(_HOME.findall(text))
        return text

    _walk(document, look)
    return hosts | users


def _cleaner(names: set[str]) -> Callable[[str], str]:
    """A function that takes paths and names out of a text."""
    if not names:
        return without_paths
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE)
    return lambda text: pattern.sub("<name>", without_paths(text))


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    """The same document with every text changed, but for keys and what has a meaning to programs."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: inner if key in _STRUCTURE else _walk(inner, change) for key, inner in value.items()}
    return [_walk(inner, change) for inner in value] if isinstance(value, (list, tuple)) else value
