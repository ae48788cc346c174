"""Read a JSON document from a path; every limit on size is checked before the step that it protects.

All functions raise Refused with the reason only; `store.load` adds the file's name.
"""

from __future__ import annotations

import codecs
import json
import os
import select
import stat
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from ipcbench.results.recognition import bytes_words, document_words, folder_words

STDIN = Path("/dev/stdin")
LARGEST_FILE = 64 * 2**20
MOST_PARTS = 1_200_000  # numbers and texts count one, lists and objects two; a visit leaves about 50
_MOST_KEYS = 1000  # in one object
_LONGEST_NUMBER = 32  # characters; '-0.0000012345678901234567' has 25
_PIECE = 2**20
_PATIENCE = 2  # seconds for a pipe to get its first writer
_GZIP = b"\x1f\x8b"


class Refused(ValueError):
    """The reason why a file cannot be read as a results file."""


def read_bytes(path: Path) -> bytes:
    """Read at most LARGEST_FILE bytes from a file or a pipe; raises Refused, and OSError.

    gzip is unpacked, and a byte order mark is removed.
    """
    # Before opening, which would wait for ever on a FIFO. A container may have no /dev/stdin.
    status = os.fstat(0) if path == STDIN else os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise Refused(folder_words(path))
    if not stat.S_ISREG(status.st_mode):
        data = _read_pipe(path, status.st_mode)
    elif status.st_size > LARGEST_FILE:
        raise Refused(f"{status.st_size:,} bytes; a results file has at most {LARGEST_FILE:,}")
    else:
        with open(os.dup(0) if path == STDIN else path, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    if data.startswith(_GZIP):
        data = _inflate(data)
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data:
        raise Refused("the file is empty")
    return data


def _read_pipe(path: Path, mode: int) -> bytes:
    """Read a pipe until its writers close it; raises Refused if it gets no writer within _PATIENCE."""
    if os.isatty(0) and path == STDIN:
        raise Refused("a terminal; give a file, or pipe one in, as with 'gzip -dc FILE | ipcbench compare - OTHER'")
    if not stat.S_ISFIFO(mode) and not (stat.S_ISSOCK(mode) and path == STDIN):
        raise Refused("not a regular file")
    # A socket cannot be opened by its name; without O_NONBLOCK open waits for a writer.
    descriptor = os.dup(0) if path == STDIN else os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _read_all(descriptor)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int) -> bytes:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    pieces, room, waited = [], LARGEST_FILE, False
    while True:
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            poll.poll()  # a writer has it open, and may take any time
            continue
        if piece:
            pieces.append(piece)
            room -= len(piece)
            if room < 0:
                raise Refused(f"more than {LARGEST_FILE:,} bytes; a results file has at most as many")
        elif pieces or waited:
            break
        else:
            waited = True
            poll.poll(_PATIENCE * 1000)
    if not pieces:
        raise Refused("nothing came through the pipe")
    return b"".join(pieces)


def _inflate(data: bytes) -> bytes:
    """Inflate in pieces, so that a small file with gigabytes of content costs no more than a large file."""
    inflater = zlib.decompressobj(wbits=31)
    pieces, room, rest = [], LARGEST_FILE, data
    try:
        while not inflater.eof and (piece := inflater.decompress(rest, _PIECE)):
            pieces.append(piece)
            room -= len(piece)
            if room < 0:
                raise Refused(f"inflates to more than {LARGEST_FILE:,} bytes")
            rest = inflater.unconsumed_tail
    except zlib.error as error:
        raise Refused(f"damaged: not readable as gzip ({error})") from error
    if not inflater.eof:
        raise Refused("damaged: the gzip file is cut off")
    if inflater.unused_data:
        raise Refused("damaged: something follows after the end of the gzip file")
    return b"".join(pieces)


def refuse_many_parts(data: bytes) -> None:
    """Raise Refused for more values than a results file has, estimated without decoding."""
    parts = data.count(b",") + 2 * (data.count(b"[") + data.count(b"{"))
    if parts > MOST_PARTS:
        raise Refused(f"about {parts:,} values; a results file has at most {MOST_PARTS:,}")


def parse(data: bytes) -> dict[str, Any]:
    """Decode JSON whose outermost value is an object and that has no key twice; raises Refused."""
    refuse_many_parts(data)
    try:
        _look(data)
        document = msgspec.json.decode(data)
    except Refused:
        raise
    except (UnicodeDecodeError, msgspec.DecodeError, ValueError) as error:
        found = bytes_words(data)
        raise Refused(
            f"not a results file: {found}" if found else f"not a results file, or cut off: {error}"
        ) from error
    except RecursionError as error:
        raise Refused("not a results file: nested too deeply") from error
    if not isinstance(document, dict):
        raise Refused("not a results file: no pyperf suite in it")
    return document


def refuse_strangers(document: dict[str, Any]) -> None:
    """Raise Refused for a document of another program, and say what it is and what reads it."""
    found = document_words(document)
    if found:
        raise Refused(f"not a results file: {found}")


def _look(data: bytes) -> None:
    """Refuse what msgspec accepts: repeated keys, and numbers and objects so large that they take long.

    In Latin-1 every character takes one byte of memory; all keys of ours are ASCII.
    """
    json.loads(
        data.decode("latin-1"),
        object_pairs_hook=_look_at_keys,
        parse_int=_look_at_number,
        parse_float=_look_at_number,
        parse_constant=_refuse_constant,
    )


def _look_at_keys(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > _MOST_KEYS:
        raise Refused(f"damaged: an object of {len(pairs):,} keys")
    if len(dict(pairs)) < len(pairs):
        twice = next(key for key, many in Counter(key for key, _ in pairs).items() if many > 1)
        raise Refused(f"damaged: the key {twice!r} stands twice in one object")


def _look_at_number(text: str) -> None:
    if len(text) > _LONGEST_NUMBER:
        raise Refused(f"damaged: a number of {len(text):,} characters")


def _refuse_constant(text: str) -> None:
    raise Refused(f"damaged: {text} is no number")
