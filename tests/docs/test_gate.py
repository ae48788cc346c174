"""docs/gate.md and the workflow to copy: its commands are run as written, with two real environments."""

from __future__ import annotations

import re
import sysconfig
import venv
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pandas as pd
import pytest
from commands import PACKAGE_PARENT, Finished, environment, finish, start_program
from paths import ROOT
from plugin_packages import install, source

from ipcbench.analysis.compare.contrast import Contrast
from ipcbench.analysis.compare.limits import parse_limits
from ipcbench.report.comparison.words import sight
from ipcbench.results.store import load

WORKFLOW = ROOT / "examples" / "ci" / "ipcbench.yml"
PAGE = ROOT / "docs" / "gate.md"
SELECTION = "--suite ci --mechanism plain --pattern ping-pong --size 64B --rounds 3"
_STEP = re.compile(r"^ {6}- (.*\n(?: {8}.*\n|\n)*)", re.MULTILINE)
_COMMANDS = re.compile(r"^ {8}run: \|\n((?: {10}.*\n)+)", re.MULTILINE)

pytestmark = pytest.mark.skipif(not WORKFLOW.exists(), reason="there is no source tree with examples")


def variables() -> dict[str, str]:
    """Return the variables that the workflow sets."""
    (block,) = re.findall(r"^env:\n((?: {2}.*\n)+)", WORKFLOW.read_text(), re.MULTILINE)
    return dict(re.findall(r"^ {2}(\w+): (.+)$", block, re.MULTILINE))


def commands(word: str) -> str:
    """Return the commands of the only step with this word among them."""
    found = [text for text in _COMMANDS.findall(WORKFLOW.read_text()) if word in text]
    assert len(found) == 1, word
    return re.sub(r"^ {10}", "", found[0], flags=re.MULTILINE)


def shell(text: str, folder: Path, **more: str) -> Finished:
    """Run commands as a runner does: by bash, which ends at the first that fails."""
    env = environment(PYTHONPATH="", **more)
    return finish(start_program("bash", "--noprofile", "--norc", "-e", "-c", text, cwd=folder, env=env), 100.0)


def make_environment(folder: Path) -> None:
    """Make an environment with ipcbench and a plug-in, as the workflow does with pip."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python3*/site-packages")
    (site / "shared.pth").write_text(
        "\n".join([PACKAGE_PARENT, *{sysconfig.get_path(n) for n in ("purelib", "platlib")}])
    )
    install(site, "plain-plug", "1.0", {"plain": source("plain")})
    command = folder / "bin" / "ipcbench"
    command.write_text(f'#!/bin/sh\nexec {folder / "bin" / "python"} -m ipcbench "$@"\n')
    command.chmod(0o700)


def test_the_workflow_is_made_of_steps_that_each_use_an_action_or_run_commands() -> None:
    text = WORKFLOW.read_text()
    assert "\t" not in text
    assert re.findall(r"^(\w+):", text, re.MULTILINE) == ["name", "on", "permissions", "env", "jobs"]
    steps = _STEP.findall(text.partition("    steps:\n")[2])
    assert len(steps) >= 7
    for step in steps:
        assert len(re.findall(r"^(?: {8})?(?:uses|run): ", step, re.MULTILINE)) == 1, step
    assert set(variables()) == {"MEASURE", "FAIL_IF"}
    assert all(f"${name}" in text for name in variables())


def test_the_page_and_the_workflow_give_the_same_commands() -> None:
    page = PAGE.read_text()
    conditions = variables()["FAIL_IF"]
    assert f"ipcbench run {variables()['MEASURE']} " in page
    assert f"--fail-if '{conditions}'" in page
    assert all(f"| `{limit}` |" in page for limit in parse_limits(conditions))
    for line in commands("pip install").splitlines():
        assert line in page


def test_the_page_shows_what_compare_says_of_its_sight() -> None:
    contrast = SimpleNamespace(table=pd.DataFrame({"visible": [0.0405] * 8 + [0.1221]}))
    assert f"\n{sight(cast(Contrast, contrast))}\nfailed: blind>10%: 1, " in PAGE.read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("no_leaks")
def test_the_commands_of_the_workflow_make_a_gate(tmp_path: Path) -> None:
    for name in ("venv-base", "venv-head"):
        make_environment(tmp_path / name)
    given = variables() | {"MEASURE": SELECTION}
    done = shell(commands("ipcbench run"), tmp_path, **given)
    assert done.code == 0, done.err
    record = load(tmp_path / "results" / "gate.json").ipcbench
    assert [case.id for case in record.cases] == [f"ping-pong/plain/64B/1w/pack/{name}" for name in ("base", "head")]
    done = shell(commands("ipcbench compare"), tmp_path, **given)
    assert done.code in (0, 9), done.err
    assert "head against base: " in done.out
    *_, seen, judged = done.out.splitlines()
    assert re.fullmatch(r"A difference of [\d.]+ % would have been seen in 1 of 1 case, four times out of five\.", seen)
    assert judged.startswith("failed: " if done.code else "passed: ")
    done = shell(commands("GITHUB_STEP_SUMMARY"), tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "page.md"))
    assert done.code == 0, done.err
    assert "head against base" in (tmp_path / "page.md").read_text()


@pytest.mark.slow
def test_a_run_that_fails_fails_the_job(tmp_path: Path) -> None:
    make_environment(tmp_path / "venv-head")
    done = shell(commands("ipcbench run"), tmp_path, **variables() | {"MEASURE": SELECTION})
    assert done.code == 1
    assert "--python base=venv-base/bin/python: no such program" in done.err
