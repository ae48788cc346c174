"""Small files that would take much memory or time to read, and a program that reads one."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from ipcbench.results.reading import LARGEST_FILE
from ipcbench.results.schema import SCHEMA

MIB = 2**20
OPENING = b'{"ipcbench":{"schema":%d},"benchmarks":' % SCHEMA


def fill(unit: bytes, count: int) -> bytes:
    return OPENING + b"[" + b",".join([unit] * count) + b"]}"


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip of a gigabyte": lambda: gzip.compress(bytes(1024 * MIB), 1),
    "nesting": lambda: b"[" * LARGEST_FILE,
    "one number": lambda: b'{"a":' + b"1" * (LARGEST_FILE - 6) + b"}",
    "many long numbers": lambda: fill(b"1" * 4300, 15_000),
    "many numbers": lambda: fill(b"1.2345678901234567e-05", 790_000),
    "many texts": lambda: fill(b'"' + b"x" * 70 + b'"', 790_000),
    "many lists of text": lambda: fill(b'["' + b"x" * 200 + b'"]', 260_000),
    "many keys": lambda: b'{"a":{' + b",".join(b'"%d":1' % number for number in range(790_000)) + b"}}",
    "one wide text": lambda: OPENING + b'"' + "\U0001f600".encode() * 2**24 + b'"}',
}
LOADING = """
import sys, time
from pathlib import Path
from ipcbench.errors import ResultError
from ipcbench.results.store import load
begun = time.process_time()
try:
    load(Path(sys.argv[1]))
except ResultError as error:
    status = Path("/proc/self/status").read_text()
    print(time.process_time() - begun, status.partition("VmHWM:")[2].split()[0])
    print(len(str(error).splitlines()))
"""
