"""The digest is of values: a file that another program has written anew is whole, one with another value is not."""

from __future__ import annotations

import gzip
import json
import math
import random
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from commands import Finished, complaint
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import GOLDEN, RESULTS
from synthetic import make_cases, make_result

from ipcbench.errors import ResultError
from ipcbench.results.digest import digest_of, one_form
from ipcbench.results.store import load, save

SAVED = [GOLDEN / "results.json", *sorted(RESULTS.glob("reference.json*")), *sorted(RESULTS.glob("pythons.json*"))]
Form = Callable[[float], str]


def as_javascript(number: float) -> str:
    """As JSON.stringify and jq write it: no fraction where there is none, no exponent between 1e-7 and 1e21."""
    if number == int(number) and abs(number) < 1e21:
        return str(int(number))
    return format(Decimal(repr(number)), "f") if abs(number) >= 1e-6 else repr(number)


def in_full(number: float) -> str:
    """With every digit that a double may have, which reads back the same."""
    return f"{number:.17g}"


def as_science(number: float) -> str:
    return f"{number:.16E}"


def with_fraction(number: float) -> str:
    """Whole numbers too: 7 as 7.0."""
    return repr(float(number))


FORMS: list[Form] = [repr, as_javascript, in_full, as_science, with_fraction]


def rewritten(value: Any, form: Form, chance: random.Random) -> str:
    """A document as another program might write it: keys in any order, text in escapes, numbers in a given form."""
    if isinstance(value, dict):
        items = [f"{escaped(key)} :{rewritten(inner, form, chance)}" for key, inner in value.items()]
        chance.shuffle(items)
        return "{" + " ,\r\n\t".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(rewritten(inner, form, chance) for inner in value) + "]"
    if isinstance(value, str):
        return escaped(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return form(value)


def escaped(text: str) -> str:
    units = text.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2)) + '"'


def document_of(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    found: dict[str, Any] = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.name)
def test_a_file_that_another_program_has_written_anew_is_the_same_file(tmp_path: Path, path: Path, form: Form) -> None:
    again = tmp_path / "again.json"
    again.write_text(rewritten(document_of(path), form, random.Random(1)))
    assert load(again) == load(path)
    assert load(again).ipcbench.digest == load(path).ipcbench.digest == digest_of(document_of(path))


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize("options", [(".",), ("-c", "."), ("-S", "."), ("-a", "."), ("--tab", "map_values(.)")])
def test_what_jq_has_written_is_the_same_file(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "a.json"
    result = make_result(make_cases((64,), ["pipe", "queue"]), 3)
    result.ipcbench.wall, result.metadata["load_avg_1min"], result.metadata["far"] = 0.0, 0.0, 1e17
    result.benchmarks[0].runs[0].values[0] = 1e-05
    save(result, path, replace=False)
    done = subprocess.run(["jq", *options, str(path)], stdout=subprocess.PIPE, timeout=30, check=True)
    again = tmp_path / "b.json"
    again.write_bytes(done.stdout)
    assert again.read_bytes() != path.read_bytes()
    assert load(again) == load(path)


@pytest.mark.parametrize("form", FORMS)
def test_a_value_that_was_changed_is_found_in_whatever_form(tmp_path: Path, form: Form) -> None:
    original = document_of(GOLDEN / "results.json")
    path, chance = tmp_path / "changed.json", random.Random(7)
    for _ in range(60):
        document = json.loads(json.dumps(original))
        place = chance.choice(list(numbers(document)))
        holder, key = place
        old = holder[key]
        holder[key] = old + 1 if isinstance(old, int) else math.nextafter(old, math.inf)
        path.unlink(missing_ok=True)
        path.write_text(rewritten(document, form, chance))
        assert "it was changed after it was written" in (complaint(ResultError, lambda: load(path)) or "")


def numbers(value: Any) -> Any:
    """Where the numbers of a document are, but for its schema: (what holds it, its key)."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, (dict, list)):
            yield from numbers(inner)
        elif isinstance(inner, (int, float)) and not isinstance(inner, bool) and key != "schema":
            yield value, key


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e18, 1e18) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.sampled_from(FORMS), st.randoms())
def test_the_digest_of_any_document_is_that_of_its_values(document: dict[str, Any], form: Form, chance: Any) -> None:
    document = without_lone_surrogates(document)
    again = json.loads(rewritten(document, form, chance))
    assert digest_of(again) == digest_of(document)
    assert one_form(one_form(document)) == one_form(document) == document


@settings(max_examples=300)
@given(JSON, JSON)
def test_documents_of_different_values_have_different_digests(one: Any, other: Any) -> None:
    one, other = ({"it": without_lone_surrogates(each)} for each in (one, other))
    assert (digest_of(one) == digest_of(other)) == same(one, other)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON, in which true is no number."""
    return json.dumps(one_form(one), sort_keys=True) == json.dumps(one_form(other), sort_keys=True)


def without_lone_surrogates(value: Any) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def test_a_report_stays_fresh_while_its_file_is_written_anew(tmp_path: Path, within: Callable[..., Finished]) -> None:
    path = tmp_path / "results" / "mine.json"
    path.parent.mkdir()
    save(make_result(make_cases((64,), ["pipe", "queue"]), 3), path, replace=False)
    assert within("report", "results/mine.json").code == 0
    path.write_text(rewritten(document_of(path), as_javascript, random.Random(1)))
    done = within("report", "results/mine.json", "--check")
    assert (done.code, done.out.splitlines()[-1]) == (0, "reports/mine: up to date")
