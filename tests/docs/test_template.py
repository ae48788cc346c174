"""The template in examples/my-ring: copied, installed and used as docs/writing-a-mechanism.md says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import PACKAGE_PARENT, environment, python, run
from paths import ROOT

from ipcbench.measure.api.mechanism import CHOICES
from ipcbench.measure.registry import load_mechanism

TEMPLATE = ROOT / "examples" / "my-ring"
MOST_LINES = 48

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("no_leaks"),
    pytest.mark.skipif(not TEMPLATE.exists(), reason="there is no source tree with examples"),
]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template, as a newcomer has it."""
    folder = tmp_path_factory.mktemp("copy") / "my-ring"
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__", "build", "dist"))
    return folder


@pytest.fixture(scope="module")
def env(copied: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a Python in which the copy is installed, by pip and without network."""
    target = tmp_path_factory.mktemp("site")
    words = ["--quiet", "--no-index", "--no-build-isolation", "--no-deps", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *words, "--target", str(target), str(copied)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    return environment(PYTHONPATH=os.pathsep.join((PACKAGE_PARENT, str(target))), COLUMNS="80")


def test_its_mechanism_is_short_enough_to_be_read_at_once(copied: Path) -> None:
    assert len((copied / "my_ring.py").read_text().splitlines()) <= MOST_LINES


def test_the_document_shows_its_files_as_they_are() -> None:
    document = (ROOT / "docs" / "writing-a-mechanism.md").read_text()
    shown = re.findall(r"^<!-- template: (\w+\.py) -->\n\n```python\n((?s:.*?))^```$", document, re.MULTILINE)
    assert {name for name, _ in shown} == {"my_ring.py", "test_my_ring.py"}
    for name, text in shown:
        assert (TEMPLATE / name).read_text() == text


@pytest.mark.parametrize("fact", CHOICES)
def test_the_document_lists_the_values_that_a_fact_may_have(fact: str) -> None:
    document = (ROOT / "docs" / "writing-a-mechanism.md").read_text()
    rows = re.findall(r"^\| (`.*`) \| .* \| (.*) \|$", document.partition("## Facts")[2], re.MULTILINE)
    (values,) = [values for facts, values in rows if f"`{fact}`" in facts]
    assert sorted(re.findall(r"`([^`]+)`", values)) == sorted(CHOICES[fact])


@pytest.mark.parametrize("fact", CHOICES)
def test_a_value_that_a_fact_may_not_have_is_refused_with_those_that_it_may(fact: str) -> None:
    good = load_mechanism("pipe")
    wrong: dict[str, Any] = {fact: "magic"}
    said = good._replace(**wrong).wrong_fact()
    assert good.wrong_fact() is None
    assert said == f"{fact} is 'magic': expected {', '.join(map(repr, CHOICES[fact]))}"


def test_it_is_listed(env: dict[str, str], tmp_path: Path) -> None:
    done = run("list", cwd=tmp_path, env=env)
    assert "  my-ring  a mechanism of the package my-ring-ipcbench 1.0;" in done.out
    assert run("list", "my-ring", cwd=tmp_path, env=env).out.startswith("my-ring: a ring of my own\n")


def test_it_keeps_every_rule(env: dict[str, str], tmp_path: Path) -> None:
    done = run("conformance", "my-ring", cwd=tmp_path, env=env)
    assert (done.code, done.err) == (0, ""), done.out
    assert "ipcbench conformance: 9 of 9 rules, my-ring 1.0, Python " in done.out


def test_its_own_tests_pass(copied: Path, env: dict[str, str]) -> None:
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_my_ring.py", cwd=copied, env=env)
    assert done.code == 0, done.out[-2000:]
    assert "9 passed" in done.out


def test_it_is_measured_and_stands_in_the_report(env: dict[str, str], tmp_path: Path) -> None:
    words = "run --fast --mechanism my-ring,pipe,shared-memory --pattern ping-pong --size 64B --rounds 2 --label mine"
    done = run(*words.split(), cwd=tmp_path, env=env, timeout=110)
    assert done.code in (0, 7), done.err
    assert "3 measured" in done.out
    reported = run("report", "results/mine.json", cwd=tmp_path)  # without the package
    assert (reported.code, reported.err) == (0, "")
    report = tmp_path / "reports" / "mine"
    assert "my-ring" in (report / "cases.csv").read_text()
    assert "my-ring-ipcbench 1.0" in (report / "report.html").read_text()
