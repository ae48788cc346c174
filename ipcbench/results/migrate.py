"""Documents of older schemas become documents of the present one, a step per schema, each a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ipcbench.results.reading import Refused
from ipcbench.results.schema import SCHEMA

Document = dict[str, Any]


def migrate(document: Document, schema: int) -> Document:
    """Bring a document of an older schema up to SCHEMA; raises Refused where it is not of the schema it says.

    Types are not checked: what cannot be migrated because of them is left for the check that follows.
    """
    while schema < SCHEMA:
        document = _STEPS[schema](document)
        schema += 1
    return document


def _from_1(document: Document) -> Document:
    """Schema 2 says what contained the visits and what proves each case; it has a digest.

    A run of schema 1 gave every visit a process group of its own, and a case was ok only if counts and digests were.
    """
    record = _with_new(document["ipcbench"], {"isolation": "group", "mixed": [], "digest": ""})
    cases = record.get("cases")
    if isinstance(cases, list):
        record["cases"] = [_case_from_1(case) if isinstance(case, dict) else case for case in cases]
    return document | {"ipcbench": record | {"schema": 2}}


def _from_2(document: Document) -> Document:
    """Schema 3 knows controls, which are not ranked, more facts of a mechanism, and the delays of single operations.

    No mechanism of schema 2 was a control, and nothing had a tail. Its digest was over what it was before.
    """
    record = _with_new(document["ipcbench"], {"pythons": []})
    new = {"ranked": True, "ordering": "", "poll_interval": 0.0, "copies": None, "dead_peer": "", "scope": "host"}
    found: Document = {"schema": 3, "digest": ""}
    for name, fields in (("mechanisms", new), ("visits", {"tail": []})):
        entries = record.get(name)
        if isinstance(entries, list):
            found[name] = [_with_new(entry, fields) if isinstance(entry, dict) else entry for entry in entries]
    return document | {"ipcbench": record | found}


def _from_3(document: Document) -> Document:
    """Schema 4 knows the times a label was measured, what the machine was like, and the protocol of measuring.

    Files of schema 3 were measured once, by protocol 1. Its digest was over what it was before.
    """
    record = _with_new(document["ipcbench"], {"protocol": 1, "repeats": [], "conditions": []})
    settings = record.get("settings")
    seed = settings.get("seed") if isinstance(settings, dict) else None
    once = {name: record.get(name) for name in ("started", "command", "rounds", "wall")}
    found: Document = {"schema": 4, "digest": "", "repeats": [{**once, "seed": seed, "first": 1}]}
    return document | {"ipcbench": record | found}


def _case_from_1(case: Document) -> Document:
    proof = ["counts", "digests"] if case.get("verdict") == "ok" else []
    return _with_new(case, {"proof": proof, "retried": 0, "stack": ""})


def _with_new(old: Document, new: Document) -> Document:
    """Add fields that the older schema did not have; one that is there shows that the schema number is wrong."""
    for name in new:
        if name in old:
            raise Refused(f"damaged: {name!r} does not belong into a file of its schema")
    return old | new


_STEPS: Mapping[int, Callable[[Document], Document]] = {1: _from_1, 2: _from_2, 3: _from_3}
