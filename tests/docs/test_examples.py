"""Examples in documents are true: commands print the output shown, and the mechanism written out works."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from commands import environment, python
from paths import ROOT

DOCS = ROOT / "docs"
_CONSOLE = re.compile(r"^```console\n\$ ipcbench (.+)\n((?s:.*?))^```$", re.MULTILINE)
_WRITTEN = re.compile(r"^<!-- mechanism: (\w+\.py) -->\n\n```python\n((?s:.*?))^```$", re.MULTILINE)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DOCS.exists(), reason="there is no source tree with documents"),
]


def shown() -> list[tuple[str, str, str]]:
    """Return every command that is shown with its output: document, words, output."""
    return [(path.stem, *found) for path in sorted(DOCS.glob("*.md")) for found in _CONSOLE.findall(path.read_text())]


def written() -> tuple[str, str]:
    """Return the mechanism of docs/writing-a-mechanism.md: the name of its file, and the text."""
    ((name, text),) = _WRITTEN.findall((DOCS / "writing-a-mechanism.md").read_text())
    return name, text


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source tree that holds that mechanism, made as the document says."""
    folder = tmp_path_factory.mktemp("tree")
    for part in ("ipcbench", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "results/reference.json"):
        (folder / part).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / part, folder / part)
    name, text = written()
    (folder / "ipcbench" / "measure" / "mechanisms" / name).write_text(text)
    return folder


@pytest.mark.parametrize(("document", "words", "output"), shown(), ids=lambda text: text[:40])
def test_a_command_prints_what_a_document_shows(tree: Path, document: str, words: str, output: str) -> None:
    name = written()[0].removesuffix(".py").replace("_", "-")
    package = tree if name in words else ROOT  # the output on other pages does not include that mechanism
    done = python("-m", "ipcbench", *shlex.split(words), cwd=package, env=environment(PYTHONPATH=str(package)))
    assert (done.code, done.err) == (0, "")
    assert done.out == output, f"docs/{document}.md shows something else below $ ipcbench {words}"


@pytest.mark.usefixtures("no_leaks")
def test_the_mechanism_written_out_keeps_the_contract(tree: Path) -> None:
    name = written()[0].removesuffix(".py").replace("_", "-")
    words = ["tests/measure/contract/test_contract.py", "-k", name, "-q", "-p", "no:cacheprovider"]
    done = python("-m", "pytest", *words, cwd=tree, env=environment(PYTHONPATH=str(tree)), timeout=110)
    assert done.code == 0, done.out[-3000:]
    counted = re.search(r"(\d+) passed, \d+ deselected", done.out)
    assert counted, done.out[-1000:]
    assert int(counted[1]) >= 14, "hardly a rule of the contract was tried"


@pytest.mark.usefixtures("no_leaks")
def test_the_mechanism_written_out_is_measured_and_proved(tree: Path, tmp_path: Path) -> None:
    words = (
        "run --mechanism socket-queue --pattern ping-pong,fan-in --size 64B --workers 1,2 --rounds 1 --label written"
    )
    done = python("-m", "ipcbench", *words.split(), cwd=tmp_path, env=environment(PYTHONPATH=str(tree)))
    assert done.code in (0, 7), done.err
    assert "3 measured" in done.out


def test_the_documents_show_commands_and_a_mechanism() -> None:
    assert len(shown()) >= 3
    assert written()[0] == "socket_queue.py"
