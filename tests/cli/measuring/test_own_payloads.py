"""`--payload` with a function, a file or a folder of the user's: measured with proof, or refused in one line."""

from __future__ import annotations

import pickle
import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import Finished, finish, run, start
from paths import ROOT

from ipcbench.measure.api.pattern import Proof
from ipcbench.model import Case
from ipcbench.results.schema import ResultFile
from ipcbench.results.store import load
from ipcbench.run.verdict.proof import why_unproven

pytestmark = pytest.mark.usefixtures("no_leaks")

Measured = Callable[..., Finished]

FRAMES = '''
"""What a user sends."""

import itertools, os, random, sys, threading, time
from dataclasses import dataclass

import numpy as np

print("imported")


@dataclass
class Frame:
    number: int
    camera: str
    image: np.ndarray


class Changing:
    """Another content after pickling."""

    def __init__(self, content):
        self.content = content

    def __getstate__(self):
        return {"content": self.content + 1}


calls = itertools.count()


def make(i):
    print("made", i, flush=True)
    return Frame(i, "front", np.random.default_rng(i).integers(0, 255, (48, 64, 3), np.uint8))


def image(i):
    return np.random.default_rng(i).integers(0, 255, (48, 64, 3), np.uint8)


def words():
    return {"names": ["a", "b"], "set": {"x", "y", "z"}}


def growing(i):
    return bytes([i % 256]) * (100 + i)


def nothing(i): return None
def raises(i): return {"a": 1}["b"]
def leaves(i): sys.exit(3)
def crashes(i): os.kill(os.getpid(), 9)
def locked(i): return threading.Lock()
def lambdas(i): return [lambda: i]
def random_each_time(i): return random.random()
def another_each_call(i): return next(calls)
def of_this_process(i): return os.getpid()
def by_hash(i): return hash(f"name-{i}")
def changing(i): return Changing(i)
def needs_two(i, j): return i
def thread(i):
    threading.Thread(target=time.sleep, args=(60,), daemon=True, name="camera").start()
    return i
number = 7
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("user")
    (found / "frames.py").write_text(FRAMES)
    (found / "broken.py").write_text("import frames\nframes.absent\n")
    np.save(found / "frame.npy", np.arange(600, dtype=np.float32).reshape(20, 30))
    (found / "order.json").write_text('{"id": 7, "items": [1, 2, 3]}')
    (found / "note.txt").write_bytes(b"plain text, as bytes")
    (found / "kept.pkl").write_bytes(pickle.dumps({"a": [1, 2]}))
    (found / "empty.npy").write_bytes(b"")
    (found / "cut.npy").write_bytes((found / "frame.npy").read_bytes()[:60])
    (found / "bad.json").write_text('{"id": ')
    (found / "logs").mkdir()
    for i in range(5):
        (found / "logs" / f"{i}.log").write_bytes(bytes(50 + i))
    (found / "mixed").mkdir()
    (found / "mixed" / "a.json").write_text("[1]")
    (found / "mixed" / "b.json").write_text("[")
    (found / "hollow").mkdir()
    with (found / "huge.bin").open("wb") as file:
        file.truncate(2**31)
    return found


@pytest.fixture
def measured(folder: Path, tmp_path: Path) -> Measured:
    def measure(*words: str) -> Finished:
        return run("run", "--rounds", "1", "--results", str(tmp_path), "--label", "own", "--quiet", *words, cwd=folder)

    return measure


def verdicts(result: ResultFile) -> dict[str, str]:
    return {case.id.split("/")[1]: case.verdict for case in result.ipcbench.cases}


def test_a_dataclass_with_an_array_reaches_every_kind_of_mechanism_with_proof(
    measured: Measured, tmp_path: Path
) -> None:
    names = "queue,pipe,pipe-bytes,shared-memory,raw-array,unix-stream,manager-queue,pipe-oob"
    done = measured("--pattern", "ping-pong", "--mechanism", names, "--payload", "frames:make")
    assert done.code in (0, 7), done.err  # 7: other programs were busy
    assert "made" not in done.out + done.err
    result = load(tmp_path / "own.json")
    assert verdicts(result) == dict.fromkeys(names.split(","), "ok")
    assert {tuple(case.proof) for case in result.ipcbench.cases} == {("counts", "last", "digests")}
    (payload,) = result.ipcbench.payloads
    assert (payload.of, payload.source, payload.codec) == ("frames.Frame", "frames:make", "pickled")
    assert payload.messages > 8
    assert {Case.parse(case.id).size for case in result.ipcbench.cases} == {payload.size}
    assert str(tmp_path) not in (tmp_path / "own.json").read_text()


@pytest.mark.parametrize(
    ("source", "of", "codec", "messages"),
    [
        ("frames:image", "numpy.ndarray", "as the bytes of its memory", 897),
        ("frames:words", "dict", "pickled", 1),
        ("frames:growing", "bytes", "as they are", 1024),
        ("frame.npy", "numpy.ndarray", "as the bytes of its memory", 1),
        ("order.json", "dict", "pickled", 1),
        ("logs", "bytes", "as they are", 5),
    ],
)
def test_functions_files_and_folders_are_measured_in_patterns_with_several_workers(
    measured: Measured, tmp_path: Path, source: str, of: str, codec: str, messages: int
) -> None:
    words = ("--pattern", "fan-out,fan-in,task-queue", "--mechanism", "queue", "--workers", "2", "--payload", source)
    done = measured(*words)
    assert done.code in (0, 7), done.err
    result = load(tmp_path / "own.json")
    assert len(result.ipcbench.cases) == 3
    (payload,) = result.ipcbench.payloads
    assert (payload.of, payload.codec, payload.messages) == (of, codec, messages)


def test_codecs_that_carry_plain_objects_take_a_payload_of_text_numbers_lists_and_dicts(
    measured: Measured, tmp_path: Path
) -> None:
    names = "pipe,json-pipe,marshal-pipe"
    done = measured("--pattern", "codec", "--mechanism", names, "--payload", "order.json")
    assert done.code in (0, 7), done.err
    result = load(tmp_path / "own.json")
    assert verdicts(result) == dict.fromkeys(names.split(","), "ok")
    assert len(result.ipcbench.cases) == 6
    assert len({visit.encoded for visit in result.ipcbench.visits}) == 3  # one length for each codec


@pytest.mark.parametrize("source", ["frames:make", "frames:words"])
def test_codecs_that_would_change_a_payload_are_skipped_with_the_reason(
    measured: Measured, tmp_path: Path, source: str
) -> None:
    done = measured("--pattern", "codec", "--mechanism", "pipe,json-pipe", "--payload", source)
    assert done.code in (0, 7), done.err
    assert verdicts(load(tmp_path / "own.json")) == {"pipe": "ok"}
    assert {skip.reason.partition(", and not")[0] for skip in load(tmp_path / "own.json").ipcbench.skips} == {
        "json-pipe carries text or an object"
    }


def test_the_name_of_a_payload_is_equal_in_two_runs_and_changes_with_its_content(
    measured: Measured, tmp_path: Path, folder: Path
) -> None:
    words = ("--pattern", "ping-pong", "--mechanism", "pipe", "--force", "--payload")
    names = []
    for text in ('{"a": 1}', '{"a": 1}', '{"a": 2}'):
        (folder / "changing.json").write_text(text)
        assert measured(*words, "changing.json").code in (0, 7)
        names.append(load(tmp_path / "own.json").ipcbench.payloads[0].name)
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("changing-")


def test_a_pickle_is_read_only_if_it_is_trusted(measured: Measured) -> None:
    words = ("--pattern", "ping-pong", "--mechanism", "pipe", "--payload", "kept.pkl")
    done = measured(*words)
    assert (done.code, len(done.errors)) == (2, 1)
    assert done.err.endswith("kept.pkl is a pickle, which runs code when it is read: --trust-pickle allows it\n")
    assert measured(*words, "--trust-pickle").code in (0, 7)


REFUSED = {
    "frames:absent": "the module frames has no absent",
    "frames:number": "number of the module frames is of type int: expected a function",
    "absent:make": "there is no module absent in ",
    "broken:make": "it raised AttributeError: module 'frames' has no attribute 'absent'",
    "frames:nothing": "message 0 is None: return the message",
    "frames:raises": "it raised KeyError: 'b'",
    "frames:leaves": "it raised SystemExit: 3",
    "frames:crashes": "the process that looks at it ended",
    "frames:locked": "message 0, of type _thread.lock, does not pickle: TypeError: cannot pickle '_thread.lock' object",
    "frames:lambdas": "message 0, of type list, does not pickle: ",
    "frames:random_each_time": "message 0 is another when it is made again",
    "frames:another_each_call": "message 0 is another when it is made again",
    "frames:of_this_process": "another process makes other messages",
    "frames:by_hash": "another process makes other messages",
    "frames:changing": "message 0, of type frames.Changing, has another content after pickling",
    "frames:needs_two": "it is called with the number of the message, or without an argument, and is (i, j)",
    "frames:thread": "it starts a thread, camera, which still runs afterwards",
    "empty.npy": "empty.npy has 0 B: expected 1 B to 512 MiB for one message",
    "cut.npy": "cut.npy cannot be read as .npy: ",
    "bad.json": "bad.json cannot be read as .json: ",
    "huge.bin": "huge.bin has 2,147,483,648 B: expected 1 B to 512 MiB for one message",
    "mixed": "b.json cannot be read as .json: ",
    "hollow": "the folder has 0 files: expected 1 to 1,024",
    "./absent.npy": "cannot be read: No such file or directory",
    "dataklass": "unknown payload 'dataklass': did you mean 'dataclass'? known: ",
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_cannot_be_proven_is_refused_in_one_line_before_measuring(
    measured: Measured, tmp_path: Path, source: str
) -> None:
    done = measured("--pattern", "ping-pong", "--mechanism", "pipe", "--payload", source)
    assert (done.code, len(done.errors)) == (2, 1), done.err
    assert REFUSED[source] in done.err
    assert not list(tmp_path.iterdir())


def test_the_function_of_the_documentation_is_answered(tmp_path: Path) -> None:
    (written,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "your-workload.md").read_text(), re.M | re.S)
    (tmp_path / "frames.py").write_text(written)
    done = run("which", "--payload", "frames:make", "--mechanism", "pipe,pipe-oob", "--budget", "1s", cwd=tmp_path)
    assert done.code in (0, 7), done.err


def test_a_size_beside_an_own_payload_is_refused(measured: Measured) -> None:
    done = measured("--pattern", "ping-pong", "--mechanism", "pipe", "--payload", "order.json", "--size", "64B")
    assert (done.code, len(done.errors)) == (2, 1)
    assert "--payload order.json has its own size, " in done.err


def test_which_answers_for_an_own_payload(folder: Path) -> None:
    done = run(
        *("which", "--payload", "frames:make", "--mechanism", "pipe,queue,raw-array", "--budget", "2s"), cwd=folder
    )
    assert done.code in (0, 7), done.err
    assert "frames-" in done.out


def test_a_stopped_run_goes_on_only_with_the_same_messages(folder: Path, tmp_path: Path) -> None:
    (folder / "resumed.json").write_text("[1, 2]")
    words = ("--pattern", "ping-pong", "--mechanism", "pipe", "--payload", "resumed.json", "--budget", "1h")
    process = start("run", *words, "--results", str(tmp_path), "--label", "own", cwd=folder)
    assert process.stderr is not None
    assert any("round 2" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    finish(process)
    (folder / "resumed.json").write_text("[1, 3]")
    done = run("run", "--resume", "own", "--results", str(tmp_path), cwd=folder)
    assert (done.code, len(done.errors)) == (2, 2), done.err
    assert "the payload resumed.json has other messages than when the run began: begin a new run" in done.err


def test_one_changed_element_gives_no_number() -> None:
    case = Case("ping-pong", "pipe", 100, payload="frames-3f2a1b9c")
    known = [f"digest of message {i}" for i in range(7)]
    sent = [known[(5 + i) % 7] for i in range(4)]
    good = Proof("each", 5, 100, 4, [sent, sent], [0, 0])
    assert why_unproven(case, [good, good], [1, 2], known) is None
    spoilt = good._replace(received=[sent, [*sent[:3], "another"]])
    assert why_unproven(case, [good, spoilt], [1, 2], known) is not None
    late = good._replace(received=[sent, known[4:] + known[:1]])
    assert why_unproven(case, [good, late], [1, 2], known) is not None
