"""Files of other programs and other times: one line says what they are; pipes, labels and long names just work."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyperf
import pytest
from commands import Finished, complaint
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import GOLDEN
from synthetic import make_cases, make_result

from ipcbench.analysis.compare.side import open_side
from ipcbench.errors import ResultError
from ipcbench.results.reading import Refused, parse
from ipcbench.results.recognition import bytes_words, document_words
from ipcbench.results.schema import SCHEMA
from ipcbench.results.store import load, save
from ipcbench.text import told_apart

Run = Callable[..., Finished]
CASES = make_cases((64,), ["queue", "pipe"])
GOOD = (GOLDEN / "results.json").read_bytes()


def saved(path: Path, seed: int = 1, label: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    result = make_result(CASES, 5, seed=seed, label=label or path.name.partition(".")[0])
    result.ipcbench.started = result.ipcbench.repeats[0].started = f"2025-03-{seed:02}T10:00:00+00:00"
    save(result, path, replace=False)
    return path


def zipped(data: bytes) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a.json", data)
    return memory.getvalue()


def as_json(document: object) -> bytes:
    return json.dumps(document, indent=4).encode()


def of_schema(schema: int) -> bytes:
    return as_json({"version": "2.0", "data": [], "ipcbench": {"schema": schema}})


# What stands in the file -> what the line must say: what it is, and what to do.
STRANGERS: dict[str, tuple[bytes, str, str]] = {
    "pytest-benchmark": (
        as_json(
            {"machine_info": {}, "commit_info": {}, "benchmarks": [{"name": "x", "stats": {}}], "version": "4.0.0"}
        ),
        "results of pytest-benchmark",
        "pytest-benchmark compare",
    ),
    "Google Benchmark": (
        as_json({"context": {"date": "", "num_cpus": 2}, "benchmarks": [{"name": "BM_x", "real_time": 1.0}]}),
        "results of Google Benchmark",
        "tools/compare.py",
    ),
    "hyperfine": (
        as_json({"results": [{"command": "sleep 0.1", "mean": 0.1, "times": [0.1, 0.1]}]}),
        "results of hyperfine",
        "scripts",
    ),
    "asv": (
        as_json({"commit_hash": "abc", "env_name": "x", "params": {}, "result_columns": [], "results": {}}),
        "results of asv",
        "asv compare",
    ),
    "old pyperf": (
        as_json({"version": 5, "benchmarks": [{"common_metadata": {"name": "x"}, "runs": [{"samples": [1.0]}]}]}),
        "a pyperf file of format 5",
        "python -m pyperf convert",
    ),
    "newer schema": (of_schema(SCHEMA + 1), f"results made by a newer ipcbench (schema {SCHEMA + 1},", "upgrade"),
    "older schema": (of_schema(SCHEMA - 1), f"results made by an older ipcbench (schema {SCHEMA - 1},", "measure anew"),
    "manifest": (
        (GOLDEN / "report-small" / "manifest.json").read_bytes(),
        "the manifest of a report",
        "small.json",
    ),
    "comparison": (as_json({"sides": [], "differing": [], "cases": []}), "compare --format json", "results files"),
    "unknown JSON": (as_json({"answer": 42, "question": ""}), "no pyperf suite", "its keys are answer, question"),
    "journal": (b'412 0badcafe {"type":"plan"', "the journal of a run", "run --resume"),
    "xz": (lzma.compress(GOOD), "compressed by xz", "xz -d"),
    "bzip2": (bz2.compress(GOOD), "compressed by bzip2", "bzip2 -d"),
    "zip": (zipped(GOOD), "a zip archive", "unzip"),
    "xz in gzip": (gzip.compress(lzma.compress(GOOD)), "compressed by xz", "xz -d"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><body>x</body></html>\n", "an HTML page", "give the results file"),
    "SVG": (b'<?xml version="1.0"?><svg/>', "an XML or HTML file", "give the results file"),
    "CSV": (b"case,question,seconds\nqueue,x,1.5\n", "a table such as CSV", "give the results file"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "text in UTF-16", "save it as UTF-8"),
    "UTF-16 without a mark": (GOOD.decode().encode("utf-16-le"), "text in UTF-16", "save it as UTF-8"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a binary file", "not JSON"),
    "cut off": (GOOD[:2000], "not a results file, or cut off", ""),
    "gzip cut off": (gzip.compress(GOOD)[:300], "the gzip file is cut off", ""),
    "empty": (b"", "the file is empty", ""),
    "empty in gzip": (gzip.compress(b""), "the file is empty", ""),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_strange_file_is_one_line_that_says_what_it_is_and_what_to_do(tmp_path: Path, kind: str) -> None:
    data, what, how = STRANGERS[kind]
    path = tmp_path / "strange.json"
    path.write_bytes(data)
    for said in (complaint(ResultError, lambda: load(path)), complaint(ResultError, lambda: open_side(path))):
        assert said is not None
        assert said.startswith(f"{path}: ")
        assert what in said
        assert how in said
        assert said.isprintable()
        assert len(said) < 400 + len(str(path))


def test_a_folder_is_said_to_be_one_with_the_files_in_it(tmp_path: Path) -> None:
    saved(tmp_path / "results" / "a.json")
    said = complaint(ResultError, lambda: load(tmp_path / "results")) or ""
    assert said.endswith("a folder: give a results file in it: a.json")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "manifest.json").write_text("{}")
    assert "the folder of a report" in (complaint(ResultError, lambda: load(tmp_path / "report")) or "")


def test_a_mark_before_utf_8_is_skipped(tmp_path: Path) -> None:
    plain = GOLDEN / "results.json"
    marked = tmp_path / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    assert load(marked) == load(plain)
    marked.write_bytes(gzip.compress(b"\xef\xbb\xbf" + plain.read_bytes()))
    assert load(marked) == load(plain)


def test_a_pyperf_file_that_names_its_benchmarks_in_their_runs_is_read(tmp_path: Path) -> None:
    runs = [{"values": [1.0, 1.1], "metadata": {"name": "nbody"}} for _ in range(3)]
    path = tmp_path / "plain.json"
    path.write_bytes(as_json({"version": "1.0", "benchmarks": [{"runs": runs}]}))
    assert pyperf.BenchmarkSuite.load(str(path)).get_benchmark_names() == ["nbody"]
    assert list(open_side(path).cases["case"]) == ["nbody"]


def test_a_benchmark_without_a_name_is_counted(tmp_path: Path) -> None:
    named, unnamed = {"runs": [{"values": [1.0]}], "metadata": {"name": "x"}}, {"runs": [{"values": [1.0]}]}
    path = tmp_path / "plain.json"
    path.write_bytes(as_json({"version": "1.0", "benchmarks": [named, unnamed]}))
    assert "a benchmark has no name: number 2 of 2" in (complaint(ResultError, lambda: open_side(path)) or "")


@settings(max_examples=300)
@given(st.binary(max_size=300) | st.sampled_from([data for data, _, _ in STRANGERS.values()]), st.integers(0, 300))
def test_any_bytes_are_described_in_one_line_or_read(data: bytes, cut: int) -> None:
    assert len(bytes_words(data[:cut]).splitlines()) <= 1
    said = complaint(Refused, lambda: parse(data[:cut]))
    assert said is None or said.startswith(("not a results file", "damaged"))


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
KEYS = st.sampled_from(["benchmarks", "version", "results", "ipcbench", "charts", "result", "context", "command", "x"])
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=300)
@given(st.dictionaries(KEYS | st.text(max_size=5), ANY, max_size=6))
def test_any_document_is_described_in_one_line_or_left_to_its_reader(document: dict[str, Any]) -> None:
    assert len(document_words(document).splitlines()) <= 1


# Pipes


def command(*arguments: str, stdin: bytes | None = None, cwd: Path, fds: tuple[int, ...] = ()) -> Finished:
    done = subprocess.run(
        [sys.executable, "-m", "ipcbench", *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        cwd=cwd,
        timeout=200,
        pass_fds=fds,
        check=False,
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.sample
@pytest.mark.parametrize("name", ["-", "/dev/stdin", "mine=-"])
def test_compare_reads_from_standard_input(tmp_path: Path, name: str) -> None:
    one, other = saved(tmp_path / "one.json"), saved(tmp_path / "other.json", 2)
    done = command("compare", name, "other.json", stdin=gzip.compress(one.read_bytes()), cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"other against {'mine' if '=' in name else 'one'}" in done.out
    assert other.exists()


def test_compare_reads_from_a_pipe_of_the_shell(tmp_path: Path) -> None:
    one = saved(tmp_path / "one.json")
    saved(tmp_path / "other.json", 2)
    reading, writing = os.pipe()
    feeder = threading.Thread(target=feed, args=(writing, one.read_bytes()))
    feeder.start()
    try:
        done = command("compare", f"/dev/fd/{reading}", "other.json", cwd=tmp_path, fds=(reading,))
    finally:
        os.close(reading)
        feeder.join(60)
    assert (done.code, done.err) == (0, "")
    assert "other against one" in done.out


def feed(descriptor: int, data: bytes) -> None:
    with open(descriptor, "wb") as file:
        file.write(data)


def test_a_named_pipe_is_read_whoever_comes_first(tmp_path: Path) -> None:
    data = saved(tmp_path / "one.json").read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(data))
    writer.start()  # waits until somebody reads
    assert load(pipe) == load(tmp_path / "one.json")
    writer.join(60)
    assert not writer.is_alive()


def test_report_and_merge_read_from_standard_input_and_anonymise_asks_where_to_write(tmp_path: Path) -> None:
    one = saved(tmp_path / "one.json").read_bytes()
    saved(tmp_path / "other.json", 2)
    done = command("merge", "-", "other.json", "--label", "both", stdin=one, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    done = command("anonymise", "-", stdin=one, cwd=tmp_path)
    assert (done.code, done.err.count("\n"), "--out" in done.err) == (2, 1, True)
    done = command("anonymise", "-", "--out", "clean.json", stdin=one, cwd=tmp_path)
    assert (done.code, load(tmp_path / "clean.json").ipcbench.label) == (0, "one")
    done = command("report", "-", stdin=one, cwd=tmp_path)
    assert (done.code, done.out.splitlines()[-1]) == (0, "report: reports/one/report.html")


def test_nothing_on_standard_input_is_one_line(tmp_path: Path) -> None:
    saved(tmp_path / "other.json")
    done = command("compare", "-", "other.json", stdin=b"", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err == "ipcbench: /dev/stdin: nothing came through the pipe\n"


# Labels


@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_a_label_is_taken_wherever_a_file_is(tmp_path: Path, within: Run, ending: str) -> None:
    for seed, name in enumerate(("one", "two"), start=1):
        path = saved(tmp_path / "results" / f"{name}.json", seed)
        if ending == ".json.gz":
            path.with_name(f"{name}.json.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    (tmp_path / "one").mkdir()  # a folder of that name is not meant
    assert within("compare", "one", "two").code == 0
    assert within("anonymise", "one").out.strip() == "anonymous copy: results/one.anonymous.json"
    assert within("merge", "one", "two", "--label", "both").code == 0
    assert within("report", "both").out.splitlines()[-1] == "report: reports/both/report.html"


@pytest.mark.parametrize("words", [("report",), ("anonymise",), ("merge", "one", "--label", "x"), ("compare", "one")])
def test_what_is_neither_file_nor_label_names_the_labels(tmp_path: Path, within: Run, words: tuple[str, ...]) -> None:
    saved(tmp_path / "results" / "one.json")
    done = within(*words[:1], "nothing", *words[1:])
    assert (done.code, done.out) == (2, "")
    assert done.err == "ipcbench: nothing: no such file and no such label; labels in results: one\n"


# Long names


def test_labels_equal_in_their_first_60_characters_are_told_apart(tmp_path: Path, within: Run) -> None:
    start = "nightly-of-the-large-machine-in-the-cellar-beside-the-boiler-"
    names = [f"{start}{end}" for end in ("before", "after")]
    for seed, name in enumerate(names, start=1):
        saved(tmp_path / "results" / f"{name}.json", seed, name)
    done = within("compare", *names, "--format", "json")
    assert (done.code, done.err) == (0, "")
    columns = json.loads(done.out)["columns"]
    assert [column[-6:] for column in columns] == ["before", "-after"]
    assert max(map(len, columns)) <= 60
    done = within("compare", *names, "--fleet", "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert sorted(host["host"] for host in json.loads(done.out)["hosts"]) == sorted(columns)


NAMES = st.lists(st.text("ab-é", min_size=1, max_size=90).map(lambda end: "x" * 50 + end), max_size=6, unique=True)


@settings(max_examples=300)
@given(NAMES, st.integers(20, 80))
def test_names_that_differ_are_different_when_shortened(names: list[str], limit: int) -> None:
    shown = told_apart(names, limit)
    assert len(set(shown)) == len(names) == len(shown)
    assert all(len(name) <= limit for name in shown)
    assert told_apart(["same", "same"], limit) == ["same", "same"]


@pytest.mark.parametrize("command", ["report", "compare", "anonymise"])
def test_the_label_of_a_run_that_has_not_finished_is_known(command: str, tmp_path: Path, within: Run) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "half.journal").touch()
    done = within(command, "half")
    assert (done.code, len(done.errors)) == (2, 1)
    assert (
        "half: this run has not finished; to continue it if it was stopped: python -m ipcbench run --resume half"
        in (done.errors[0])
    )
