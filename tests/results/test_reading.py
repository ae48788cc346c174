"""A results file is hostile input: what is not exactly right is one line, soon and in little memory."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bombs import BOMBS, LOADING, fill
from commands import complaint, python
from mutants import digit_edited, feed, sealed, written
from paths import GOLDEN, RESULTS
from synthetic import make_cases, make_result

from ipcbench.errors import ResultError
from ipcbench.results.digest import digest_of
from ipcbench.results.reading import LARGEST_FILE, MOST_PARTS
from ipcbench.results.schema import SCHEMA
from ipcbench.results.store import load, save

Change = Callable[[dict[str, Any]], object]


def golden() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / "results.json").read_bytes())
    return document


def refusal(tmp_path: Path, data: bytes) -> str:
    """Why these bytes are refused; fails if they are not."""
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    text = complaint(ResultError, lambda: load(path))
    assert text is not None, "this was loaded"
    assert text.startswith(str(path))
    assert text.isprintable()
    return text.removeprefix(f"{path}: ")


def changed(change: Change) -> bytes:
    """The golden file with one change and the digest that belongs to it."""
    document = golden()
    change(document)
    return sealed(document)


# Schemas


@pytest.mark.parametrize("schema", [1, SCHEMA - 1])
def test_a_file_of_an_older_schema_is_refused_with_what_to_do(tmp_path: Path, schema: int) -> None:
    said = refusal(tmp_path, changed(lambda it: it["ipcbench"].update(schema=schema)))
    made = f"results made by an older ipcbench (schema {schema}, this one reads {SCHEMA})"
    assert said == f"{made}; measure anew with this version"


def test_a_file_without_a_digest_is_refused(tmp_path: Path) -> None:
    document = golden()
    for digest in ("", None):
        document["ipcbench"]["digest"] = digest
        assert "does not have the digest" in refusal(tmp_path, written(document))
    del document["ipcbench"]["digest"]
    assert "does not have the digest" in refusal(tmp_path, written(document))


def test_a_golden_file_is_of_the_present_schema() -> None:
    record = load(GOLDEN / "results.json").ipcbench
    assert (record.schema, len(record.digest)) == (SCHEMA, 64)
    assert {tuple(case.proof) for case in record.cases} == {("counts", "digests")}


@pytest.mark.parametrize("schema", [0, -1, True, None, "2", 2.5, [2]])
def test_a_schema_that_is_no_number_is_refused(tmp_path: Path, schema: Any) -> None:
    assert "no schema number" in refusal(tmp_path, changed(lambda it: it["ipcbench"].update(schema=schema)))


def test_the_reference_run_is_read() -> None:
    assert load(RESULTS / "reference.json").ipcbench.rounds >= 5


# The digest


def test_saving_writes_the_digest_of_the_rest(tmp_path: Path) -> None:
    result = make_result(make_cases((64,), ["pipe"]), 1)
    save(result, tmp_path / "a.json", replace=False)
    document = json.loads((tmp_path / "a.json").read_bytes())
    assert document["ipcbench"]["digest"] == result.ipcbench.digest == digest_of(document)


def test_the_digest_is_that_of_the_content_whatever_the_layout(tmp_path: Path) -> None:
    document = golden()
    for data in (json.dumps(document), json.dumps(document, indent=4), json.dumps(document, sort_keys=True)):
        (tmp_path / "some.json").write_text(data)
        assert load(tmp_path / "some.json") == load(GOLDEN / "results.json")


def test_every_edit_of_a_single_digit_that_changes_anything_is_refused(tmp_path: Path) -> None:
    data, kept = (GOLDEN / "results.json").read_bytes(), json.loads((GOLDEN / "results.json").read_bytes())
    places = [place for place, byte in enumerate(data) if byte in b"0123456789"]
    path, same = tmp_path / "edited.json", 0
    for place in places:
        digit = (data[place] - 48 + 1 + place % 9) % 10 + 48
        edited = data[:place] + bytes([digit]) + data[place + 1 :]
        path.unlink(missing_ok=True)
        path.write_bytes(edited)
        if complaint(ResultError, lambda: load(path)) is None:
            assert json.loads(edited) == kept, f"the digit at byte {place} was edited and nobody noticed"
            same += 1
    assert same <= len(places) / 100, "beyond what a float can tell"


# Meaning


def record(**fields: Any) -> Change:
    return lambda it: it["ipcbench"].update(fields)


def case(**fields: Any) -> Change:
    return lambda it: it["ipcbench"]["cases"][0].update(fields)


def visit(**fields: Any) -> Change:
    return lambda it: it["ipcbench"]["visits"][0].update(fields)


def benchmark(**fields: Any) -> Change:
    return lambda it: it["benchmarks"][0]["metadata"].update(fields)


def run(**fields: Any) -> Change:
    return lambda it: it["benchmarks"][0]["runs"][0]["metadata"].update(fields)


def both_runs(first: dict[str, Any], second: dict[str, Any]) -> Change:
    def change(it: dict[str, Any]) -> None:
        for run, fields in zip(it["benchmarks"][0]["runs"], (first, second), strict=True):
            run["metadata"].update(fields)

    return change


WRONG: dict[str, tuple[Change, str]] = {
    "an id that is none": (case(id="x"), "not a case id"),
    "an id of another writing": (case(id="ping-pong/queue/1024B/1w"), "did you mean"),
    "ok without proof": (case(proof=["last"]), "ok without proof of counts and digests"),
    "ok with a failure": (case(detail="exit 1"), "is ok and says why it failed"),
    "ok and not measured": (case(verdict="failed"), "has values without being ok"),
    "a case that was skipped too": (
        lambda it: it["ipcbench"]["skips"].append({"id": it["ipcbench"]["cases"][0]["id"], "reason": ""}),
        "stands twice",
    ),
    "a visit of no case": (visit(case="stream/pipe/64B/1w"), "without a record of the visit"),
    "a visit of no round": (visit(round=9), "without a record of the visit"),
    "a visit twice": (lambda it: it["ipcbench"]["visits"].append(it["ipcbench"]["visits"][0]), "stands twice"),
    "a mechanism twice": (
        lambda it: it["ipcbench"]["mechanisms"].append(it["ipcbench"]["mechanisms"][0]),
        "mechanism .* stands twice",
    ),
    "another mechanism": (benchmark(ipcbench_mechanism="carrier-pigeon"), "ipcbench_mechanism is 'carrier-pigeon'"),
    "another size": (benchmark(ipcbench_size=65), "ipcbench_size is 65"),
    "another name": (benchmark(name="ping-pong/pipe/64B/1w"), "has values without being ok"),
    "another unit": (benchmark(unit="byte"), "unit 'byte' instead of 'second'"),
    "loops in words": (benchmark(loops="many"), "loops is 'many'"),
    "no round": (run(ipcbench_round="first"), "ipcbench_round is 'first'"),
    "rounds out of order": (both_runs({"ipcbench_round": 2}, {"ipcbench_round": 1}), "round 1 after 2"),
    "a round too many": (run(ipcbench_round=3), "round 3 after 0, of 2"),
    "two hosts": (both_runs({"hostname": "a"}, {"hostname": "b"}), "different hostname"),
    "two Pythons": (both_runs({"python_version": "3.11.1"}, {"python_version": "3.12.1"}), "different python_version"),
    "a day that was not": (run(date="2026-02-30 10:00:00"), "'2026-02-30 10:00:00' is no date"),
    "a start that was not": (record(started="yesterday"), "started 'yesterday' is no date"),
    "a label for elsewhere": (record(label="../x"), "label '../x'"),
    "a digest of another kind": (lambda it: it["ipcbench"]["settings"].update(seed=-1), "seed"),
    "an escape sequence": (case(notes=["\x1b[2J"]), r"printable characters .*cases\[0\].notes"),
    "a line break": (record(command="a\nb"), r"printable characters .*command"),
    "right to left": (benchmark(timer="\u202egnp"), r"printable characters .*metadata"),
    "an escape in a key": (benchmark(**{"a\x1b": 1}), "printable characters"),
    "text that is too long": (record(command="x" * 4097), "length <= 4096"),
    "a stack that is too long": (case(stack="x" * 16_385), "length <= 16384"),
    "a value of no time": (lambda it: it["benchmarks"][0]["runs"][0].update(values=[0.0]), "> 0"),
    "a value of months": (lambda it: it["benchmarks"][0]["runs"][0].update(values=[1e7]), "<= 1000000"),
    "a visit without values": (lambda it: it["benchmarks"][0]["runs"][0].update(values=[]), "a visit without values"),
    "a case without visits": (lambda it: it["benchmarks"][0].update(runs=[]), "a case without visits"),
    "an object of many keys": (benchmark(**{f"k{number}": 1 for number in range(1001)}), "an object of 1,0[0-9]+ keys"),
    "too much metadata": (benchmark(**{f"k{number}": 1 for number in range(201)}), "length <= 200"),
    "too many values": (lambda it: it["benchmarks"][0]["runs"][0].update(values=[1] * 100_001), "length <= 100000"),
    "too many benchmarks": (lambda it: it.update(benchmarks=it["benchmarks"] * 3334), "length <= 10000"),
    "negative CPU time": (visit(cpu_user=-1.0), ">= 0"),
    "an unknown field of ours": (record(colour="red"), "unknown field `colour`"),
    "an unknown field of a case": (case(colour="red"), "unknown field `colour`"),
    "an unknown field of the suite": (lambda it: it.update(colour="red"), "unknown field `colour`"),
    "an unknown field of a run": (lambda it: it["benchmarks"][0]["runs"][0].update(colour="red"), "unknown field"),
    "a list as metadata": (benchmark(colours=["red"]), "metadata"),
    "our object is none": (lambda it: it.update(ipcbench=[]), "no schema number"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_types_or_meaning_forbid_is_refused_with_its_place(tmp_path: Path, what: str) -> None:
    change, reason = WRONG[what]
    text = refusal(tmp_path, changed(change))
    assert re.search(reason, text), text
    assert text.startswith("damaged: ")


def test_metadata_may_hold_keys_that_nobody_here_knows(tmp_path: Path) -> None:
    (tmp_path / "some.json").write_bytes(changed(benchmark(colour="red")))
    assert load(tmp_path / "some.json").benchmarks[0].metadata["colour"] == "red"


def test_a_stack_may_have_lines_and_a_case_that_failed_may_have_one(tmp_path: Path) -> None:
    result = make_result(make_cases((64,), ["pipe"]), 1, verdicts={"ping-pong/pipe/64B/1w": ("timed-out", "30 s")})
    result.ipcbench.cases[0].stack = "Thread 1:\n\tline 3\n"
    save(result, tmp_path / "some.json", replace=False)
    assert load(tmp_path / "some.json") == result


def test_a_run_continued_elsewhere_may_mix_versions_and_says_so(tmp_path: Path) -> None:
    document = golden()
    WRONG["two Pythons"][0](document)
    document["ipcbench"]["mixed"] = ["python 3.11.1, then 3.12.1"]
    (tmp_path / "some.json").write_bytes(sealed(document))
    assert load(tmp_path / "some.json").ipcbench.mixed


def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path) -> None:
    result = make_result(make_cases((64,), ["pipe"]), 1)
    result.ipcbench.cases[0].proof = ["counts"]
    with pytest.raises(ResultError, match=r"not saved, .* without proof of digests"):
        save(result, tmp_path / "some.json", replace=False)
    result.ipcbench.cases[0].proof = ["counts", "digests"]
    result.benchmarks[0].runs[0].values = [float("nan")]
    with pytest.raises(ResultError, match="not saved, "):
        save(result, tmp_path / "some.json", replace=False)
    assert not list(tmp_path.iterdir())


# JSON and gzip


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    data = (GOLDEN / "results.json").read_bytes()
    for key in (b'"rounds"', b'"unit"', b'"benchmarks"', b'"ipcbench"'):
        twice = data.replace(key, key + b": 7, " + key, 1)
        assert "stands twice in one object" in refusal(tmp_path, twice)


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999", b"1" * 5000, b"0." + b"1" * 5000, b"0x10", b"01"])
def test_a_number_that_json_or_we_do_not_know_is_refused(tmp_path: Path, number: bytes) -> None:
    data = (GOLDEN / "results.json").read_bytes()
    refusal(tmp_path, re.sub(rb'"wall": [0-9.]+', b'"wall": ' + number, data, count=1))


def test_a_file_of_very_many_values_is_refused_before_they_are_made(tmp_path: Path) -> None:
    assert "about 1,200,0" in refusal(tmp_path, fill(b"1", MOST_PARTS))
    assert "about 1,800,0" in refusal(tmp_path, fill(b"[]", MOST_PARTS // 2))


def test_a_gzip_file_is_read_like_the_one_inside(tmp_path: Path) -> None:
    path = tmp_path / "some.json.gz"
    path.write_bytes(gzip.compress((GOLDEN / "results.json").read_bytes()))
    assert load(path) == load(GOLDEN / "results.json")


def test_a_gzip_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    data = gzip.compress((GOLDEN / "results.json").read_bytes())
    for bad in (data[:-9], data[:200], data[:100] + b"\0\0\0\0" + data[104:], data + data, data + b"x", data[:2]):
        refusal(tmp_path, bad)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_little_memory_and_time(tmp_path: Path, bomb: str) -> None:
    (tmp_path / "bomb.json").write_bytes(BOMBS[bomb]()[:LARGEST_FILE])
    done = python("-c", LOADING, str(tmp_path / "bomb.json"), cwd=tmp_path)
    (tmp_path / "bomb.json").unlink()
    assert (done.code, done.err) == (0, "")
    seconds, kilobytes, lines = done.out.split()
    assert int(kilobytes) <= 256 * 1024
    assert float(seconds) <= 3  # one on a machine of our own; this one may be shared
    assert lines == "1"


# Seeds


def test_damaged_and_made_up_files_are_read_or_refused_and_nothing_else() -> None:
    found = feed(seed=20_260_115, mutated=2000, made_up=500)
    assert not found["wrong"]
    assert found["refused"] > 1500
    assert found["loaded"] > 20, "files that are never right test little"


def test_a_digit_edited_by_chance_is_one_digit() -> None:
    data = digit_edited(random.Random(1), b"a1b")
    assert re.fullmatch(rb"a[02-9]b", data)
