"""The one door to results files: what is written is read back, and bad input is one line and nothing else."""

from __future__ import annotations

import json
import os
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from commands import complaint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutants import sealed
from synthetic import make_cases, make_result

from ipcbench.errors import BadRequest, ResultError
from ipcbench.model import Case
from ipcbench.results.reading import LARGEST_FILE
from ipcbench.results.schema import SCHEMA
from ipcbench.results.store import check_label, check_writable, load, save

ONE_FOLDER = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
SMALL = make_result(make_cases((64,), ["queue", "pipe"]), rounds=2)


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    path = tmp_path / "good.json"
    save(SMALL, path, replace=False)
    return path.read_bytes()


def refusal(path: Path) -> str:
    with pytest.raises(ResultError) as caught:
        load(path)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    assert str(path) in text or repr(str(path)) in text
    return text


def reason_for(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    return refusal(path)


def loads_or_refuses(path: Path) -> None:
    said = complaint(ResultError, lambda: load(path))
    assert said is None or len(said.splitlines()) == 1


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    for result in (SMALL, make_result(rounds=3), make_result([], rounds=1, skips=[])):
        path = tmp_path / "some.json"
        save(result, path, replace=True)
        assert load(path) == result


def test_saving_leaves_only_the_file(tmp_path: Path) -> None:
    save(SMALL, tmp_path / "mine.json", replace=False)
    save(SMALL, tmp_path / "mine.json", replace=True)
    assert os.listdir(tmp_path) == ["mine.json"]


def test_an_existing_file_is_refused_and_stays_untouched(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(b"kept")
    with pytest.raises(ResultError, match="exists: choose another --label, or --force"):
        save(SMALL, path, replace=False)
    assert path.read_bytes() == b"kept"
    assert os.listdir(tmp_path) == ["mine.json"]


def test_a_place_that_cannot_be_written_is_a_result_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "x.json", tmp_path / "missing" / "x.json", Path("/proc/x.json")):
        with pytest.raises(ResultError, match="cannot write"):
            save(SMALL, path, replace=False)


def test_a_folder_that_cannot_be_made_or_written_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "x", Path("/proc/x")):
        with pytest.raises(ResultError, match="cannot write here"):
            check_writable(folder)
    check_writable(tmp_path / "new" / "er")
    assert os.listdir(tmp_path / "new" / "er") == []


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    assert "no such file; 'ipcbench run' writes results/<label>.json" in refusal(tmp_path / "none.json")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert "the file is empty" in reason_for(tmp_path, b"")


@pytest.mark.parametrize("twentieth", range(1, 20))
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, good: bytes, twentieth: int) -> None:
    assert "cut off" in reason_for(tmp_path, good[: len(good) * twentieth // 20])


@pytest.mark.parametrize("data", [b"null", b"[]", b"17", b'"text"', b'{"some": "thing"}', b'{"benchmarks": 3}'])
def test_other_json_is_no_results_file(tmp_path: Path, data: bytes) -> None:
    text = reason_for(tmp_path, data)
    assert "not a results file" in text or "not an ipcbench result" in text


def test_a_file_of_pyperf_alone_lacks_our_part(tmp_path: Path, good: bytes) -> None:
    document = json.loads(good)
    del document["ipcbench"]
    text = reason_for(tmp_path, json.dumps(document).encode())
    assert 'not an ipcbench result: top-level "ipcbench" is missing' in text


@pytest.mark.parametrize("other", [{}, {"something": "new"}], ids=["same fields", "other fields"])
def test_a_newer_file_asks_for_an_upgrade(tmp_path: Path, good: bytes, other: dict[str, str]) -> None:
    document = json.loads(good)
    document["ipcbench"] |= {"schema": SCHEMA + 1} | other
    text = reason_for(tmp_path, json.dumps(document).encode())
    assert f"made by a newer ipcbench (schema {SCHEMA + 1}, this one reads {SCHEMA}); upgrade to read them" in text


def test_a_folder_and_a_device_are_refused_unread(tmp_path: Path) -> None:
    refusal(tmp_path)
    refusal(Path("/dev/zero"))


@pytest.mark.timeout(30)
def test_a_pipe_that_nobody_writes_to_is_given_up_soon(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    rescue = threading.Timer(8.0, lambda: os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK)))
    rescue.start()
    try:
        refusal(pipe)
        assert rescue.is_alive(), "load waited long for somebody to write into the pipe"
    finally:
        rescue.cancel()
        rescue.join()


def test_a_file_name_that_none_can_have_is_refused() -> None:
    refusal(Path("x" * 300))
    with pytest.raises(ResultError):
        load(Path("nul\0in.json"))


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    with open(tmp_path / "huge.json", "wb") as file:
        file.truncate(LARGEST_FILE + 1)
    assert "a results file has at most" in refusal(tmp_path / "huge.json")


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0", b"\xff\xfe" * 50, b"[" * 100_000, b'{"a":' * 100_000])
def test_noise_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "not a results file" in reason_for(tmp_path, data)


def damaged(good: bytes, how: str) -> bytes:
    document = json.loads(good)
    record, benchmarks = document["ipcbench"], document["benchmarks"]
    if how == "benchmark twice":
        benchmarks.append(benchmarks[0])
    elif how == "case twice":
        record["cases"].append(record["cases"][0])
    elif how == "benchmark gone":
        benchmarks.pop()
    elif how == "case gone":
        record["cases"].pop()
    elif how == "failed with values":
        record["cases"][0]["verdict"] = "failed"
    elif how == "no values":
        benchmarks[0]["runs"][0]["values"] = []
    elif how == "negative":
        benchmarks[0]["runs"][0]["values"][0] = -1.0
    elif how == "zero":
        benchmarks[0]["runs"][0]["values"][0] = 0
    elif how == "words":
        benchmarks[0]["runs"][0]["values"][0] = "fast"
    elif how == "bad id":
        record["cases"][0]["id"] = "x"
    elif how == "bad label":
        record["label"] = "../../etc/passwd"
    elif how == "bad verdict":
        record["cases"][0]["verdict"] = "splendid"
    elif how == "no runs":
        benchmarks[0]["runs"] = []
    return sealed(document)


@pytest.mark.parametrize(
    "how",
    [
        "benchmark twice",
        "case twice",
        "benchmark gone",
        "case gone",
        "failed with values",
        "no values",
        "negative",
        "zero",
        "words",
        "bad id",
        "bad label",
        "bad verdict",
        "no runs",
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, good: bytes, how: str) -> None:
    assert "damaged" in reason_for(tmp_path, damaged(good, how))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400", "1e999"])
def test_a_number_that_is_none_is_refused(tmp_path: Path, good: bytes, text: str) -> None:
    value = json.loads(good)["benchmarks"][0]["runs"][0]["values"][0]
    reason_for(tmp_path, good.replace(str(value).encode(), text.encode(), 1))


@ONE_FOLDER
@given(st.binary(max_size=400))
def test_random_bytes_never_give_another_exception(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "random.json"
    path.write_bytes(data)
    loads_or_refuses(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value in a JSON document."""
    if isinstance(document, dict):
        inner = list(document.items())
    else:
        inner = list(enumerate(document)) if isinstance(document, list) else []
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@ONE_FOLDER
@given(JSON, st.integers(0, 2**32), st.booleans())
def test_a_file_with_one_thing_changed_is_read_or_refused(tmp_path: Path, value: Any, seed: int, remove: bool) -> None:
    path = tmp_path / "mutated.json"
    save(SMALL, path, replace=True)
    document = json.loads(path.read_bytes())
    *way, last = random.Random(seed).choice(places(document)[1:])
    at = document
    for key in way:
        at = at[key]
    if remove:
        del at[last]
    else:
        at[last] = value
    path.write_text(json.dumps(document))
    loads_or_refuses(path)


@ONE_FOLDER
@given(st.integers(0, 2**32), st.integers(0, 255))
def test_a_file_with_one_byte_changed_is_read_or_refused(tmp_path: Path, place: int, byte: int) -> None:
    path = tmp_path / "flipped.json"
    save(SMALL, path, replace=True)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(data)
    loads_or_refuses(path)


@pytest.mark.parametrize("label", ["a", "laptop", "amd-epyc-2cpu-py311-20260131-142500", "v1.2_x", "7", "x" * 80])
def test_labels_that_can_name_a_file_everywhere(label: str) -> None:
    assert check_label(label) == label


@pytest.mark.parametrize(
    "label",
    [
        "a/b",
        "..",
        "a..b",
        ".",
        "two\nlines",
        "end\n",
        "x" * 300,
        "x" * 81,
        "",
        ".hidden",
        "-x",
        "a b",
        "é",
        "a\\b",
        "\0",
        "~",
    ],
)
def test_labels_that_cannot_are_refused_in_one_line(label: str) -> None:
    with pytest.raises(BadRequest, match="expected 1 to 80 letters") as caught:
        check_label(label)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 150


@given(st.text(max_size=100))
def test_an_accepted_label_stays_in_its_folder(label: str) -> None:
    try:
        check_label(label)
    except BadRequest:
        return
    assert Path("results", f"{label}.json").name == f"{label}.json"
    assert Path("results", f"{label}.json").resolve().parent == Path("results").resolve()


def test_ids_with_odd_mechanisms_survive() -> None:
    assert Case.parse("ping-pong/näme |x|/64B/1w").mechanism == "näme |x|"
