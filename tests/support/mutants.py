"""Results files that are nearly right, from a seed: damaged bytes, changed documents, documents with made-up values.

Run as a program, it feeds them to the loader and prints the outcome as JSON: `mutants.py SEED MUTATED GENERATED`.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paths import GOLDEN

from ipcbench.errors import ResultError
from ipcbench.results.digest import digest_of
from ipcbench.results.store import load

TEXTS = ["", "x", "ok", "a/b", "ping-pong/queue/64B/1w", "\x1b[2J", "\u202e", "é" * 300, "9" * 5000, "2026-02-31", "\0"]
NUMBERS = [0, -1, 1, 2, 2**31, 2**53, 2**63, 2**64, 10**30, 0.0, -0.0, 1e-300, 1e6, 1e7, 1e308, -1.5, 0.1]
OTHERS: list[Any] = [None, True, False, [], {}, [[]], [None] * 50, {"schema": 3}, [[1, 2], [3]], {"name": 3}]


def flipped(chance: random.Random, data: bytes) -> bytes:
    """Return the data with a few changed bytes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """Return the data without a piece, most often the end."""
    start = chance.randrange(len(data))
    return data[:start] if chance.random() < 0.7 else data[:start] + data[start + chance.randrange(200) :]


def doubled(chance: random.Random, data: bytes) -> bytes:
    """Return the data with a copy of a piece inserted elsewhere."""
    start, to = chance.randrange(len(data)), chance.randrange(len(data))
    return data[:to] + data[start : start + chance.randrange(200)] + data[to:]


def digit_edited(chance: random.Random, data: bytes) -> bytes:
    """Return the data with one digit replaced."""
    while data[place := chance.randrange(len(data))] not in b"0123456789":
        pass
    other = chance.choice([digit for digit in b"0123456789" if digit != data[place]])
    return data[:place] + bytes([other]) + data[place + 1 :]


def anything(chance: random.Random) -> Any:
    """Return a random JSON value."""
    return copy.deepcopy(chance.choice((chance.choice(TEXTS), chance.choice(NUMBERS), chance.choice(OTHERS))))


def parents(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every (object, key) and (list, index) of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in list(inner):
        yield value, key
        yield from parents(held)


def restructured(chance: random.Random, document: dict[str, Any]) -> bytes:
    """Return a document with up to three values replaced, removed, repeated or renamed; half have a right digest."""
    changed = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(parents(changed))
        if not places:
            break
        holder, key = chance.choice(places)
        how = chance.random()
        if how < 0.5:
            holder[key] = anything(chance)
        elif how < 0.65:
            del holder[key]
        elif how < 0.8 and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        elif isinstance(holder, dict):
            holder[chance.choice(TEXTS)] = holder[key] if how < 0.9 else holder.pop(key)
    return sealed(changed) if chance.random() < 0.5 else written(changed)


def generated(chance: random.Random, document: dict[str, Any]) -> bytes:
    """Return a document of the right shape with made-up leaves and list lengths, and a right digest."""
    return sealed(_made_up(chance, document, chance.choice((0.0, 0.01, 0.05, 0.3))))


def _made_up(chance: random.Random, value: Any, wildness: float) -> Any:
    if chance.random() < wildness / 5:
        return anything(chance)
    if isinstance(value, dict):
        return {key: _made_up(chance, inner, wildness) for key, inner in value.items()}
    if isinstance(value, list):
        again = [_made_up(chance, inner, wildness) for inner in value]
        return again if chance.random() >= wildness else again[: chance.randrange(len(again) + 1)] * chance.randrange(4)
    if isinstance(value, bool) or value is None or chance.random() >= wildness * 2:
        return value
    if isinstance(value, str):
        return chance.choice((*TEXTS, "".join(map(chr, chance.choices(range(0xD800), k=chance.randrange(20))))))
    return chance.choice((*NUMBERS, value + 1, value * chance.random(), chance.randrange(2**20)))


def written(document: Any) -> bytes:
    """Return a document as JSON, with lone surrogates as escapes."""
    return json.dumps(document).encode()


def sealed(document: Any) -> bytes:
    """Return a document as JSON, with the right digest if it can have one."""
    with contextlib.suppress(TypeError, KeyError, AttributeError, ValueError, OverflowError):
        document["ipcbench"]["digest"] = digest_of(document)
    return written(document)


def mutants(chance: random.Random, golden: bytes, count: int) -> Iterator[bytes]:
    """Yield `count` damaged files; half of those that are still JSON have a right digest, to reach further checks."""
    document = json.loads(golden)
    for _ in range(count):
        how = chance.choice((flipped, cut, doubled, digit_edited, None))
        data = how(chance, golden) if how else restructured(chance, document)
        if how and chance.random() < 0.5:
            with contextlib.suppress(ValueError):
                data = sealed(json.loads(data))
        yield data


def feed(seed: int, mutated: int, made_up: int) -> dict[str, Any]:
    """Load the files; return how many loaded, errors other than a ResultError of one line, most CPU time and memory."""
    chance = random.Random(seed)
    golden = (GOLDEN / "results.json").read_bytes()
    found: dict[str, Any] = {"loaded": 0, "refused": 0, "wrong": [], "worst": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.json"
        everything = [
            mutants(chance, golden, mutated),
            (generated(chance, json.loads(golden)) for _ in range(made_up)),
        ]
        for data in (data for kind in everything for data in kind):
            path.unlink(missing_ok=True)  # truncating and rewriting a file would wait for the disk
            path.write_bytes(data)
            begun = time.process_time()
            try:
                load(path)
                found["loaded"] += 1
            except ResultError as error:
                found["refused"] += 1
                if len(str(error).splitlines()) != 1 or "\x1b" in str(error):
                    found["wrong"].append(repr(error))
            except BaseException as error:
                found["wrong"].append(repr(error))
            found["worst"] = max(found["worst"], time.process_time() - begun)
    return found | {"wrong": found["wrong"][:5], "wrongs": len(found["wrong"]), "peak": peak_memory()}


def peak_memory() -> int:
    """Return the most memory that this process has had, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(feed(*map(int, sys.argv[1:4]))))
