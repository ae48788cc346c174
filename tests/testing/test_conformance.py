"""Conformance: a mechanism that keeps the contract passes; one with a false fact fails by the rule about that fact."""

from __future__ import annotations

import os
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from commands import environment, run
from plugin_packages import HONEST, LIARS, forget_plugins, install

from ipcbench.cli.conformance import document, lines
from ipcbench.run.stop import Stop
from ipcbench.testing import conformance
from ipcbench.testing.conformance import RULES, Judgement, Verdict, try_rules

AT_ONCE = 4

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_leaks")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with all these plug-ins, for this process and those that it starts."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, "liars", "0.1", {name: text for name, (_, _, text) in LIARS.items()})
    install(folder, "honest", "1.2", HONEST)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))))
        forget_plugins()
        yield folder
    forget_plugins()


@pytest.fixture(scope="module")
def judged(site: Path, request: pytest.FixtureRequest) -> dict[str, Judgement]:
    """The judgements of those that the chosen tests ask for, tried in parallel."""
    assert site.is_dir()
    asked = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    names = [name for name in (*HONEST, *LIARS) if name in asked]
    with Stop() as stop, ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(names, pool.map(lambda name: try_rules(name, stop), names), strict=True))


def one_of_each_rule() -> Iterator[Any]:
    """Yield the liars as parameters of a test; all but the first about each rule are marked `full`."""
    seen: set[str] = set()
    for name, (rule, _, _) in LIARS.items():
        yield pytest.param(name, marks=[pytest.mark.full] if rule in seen else [])
        seen.add(rule)


def failed(found: Judgement) -> dict[str, str]:
    return {str(verdict.rule): "; ".join(verdict.why) for verdict in found.verdicts if verdict.state == "fail"}


@pytest.mark.sample
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", HONEST)
def test_an_honest_plug_in_keeps_every_rule(judged: dict[str, Judgement], name: str) -> None:
    found = judged[name]
    assert not failed(found)
    assert [verdict.state for verdict in found.verdicts] == ["pass"] * len(RULES)
    assert found.badge == f"ipcbench conformance: 9 of 9 rules, {name} 1.2, Python {found.python.rpartition('.')[0]}"


@pytest.mark.parametrize("name", list(one_of_each_rule()))
def test_a_lie_is_found_by_the_rule_that_it_is_about(judged: dict[str, Judgement], name: str) -> None:
    rule, word, _ = LIARS[name]
    assert not judged[name].kept
    assert word in failed(judged[name]).get(rule, "nothing"), failed(judged[name])


def test_tests_of_an_author_fail_pass_and_skip_by_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = (
        Verdict(RULES[0], "pass"),
        Verdict(RULES[1], "fail", tuple(f"problem {i}" for i in range(7))),
        Verdict(RULES[2], "skipped", ("carries no messages",)),
    )
    monkeypatch.setattr(conformance, "judge", lambda name: Judgement(name, "", "x 1", "1", "3.11.7", 1.0, verdicts))
    facts, every_byte, limits, *_ = conformance.rules("plain")
    assert str(facts) == "facts"
    facts.check()
    with pytest.raises(
        AssertionError, match=r"plain, rule 2, every byte arrives.*:\n  problem 0\n(.*\n)+  and 2 more$"
    ):
        every_byte.check()
    with pytest.raises(unittest.SkipTest, match="carries no messages"):
        limits.check()
    with pytest.raises(AssertionError, match="problem 4"):
        conformance.assert_conforms("plain")


@pytest.mark.parametrize("width", [40, 80, 120, 300])
def test_verdicts_fit_the_terminal_and_hostile_words_do_not_steer_it(width: int) -> None:
    verdicts = tuple(Verdict(rule, "fail", ("\x1b[31m<b>|`x` " + "long " * 60,) * 7) for rule in RULES)
    found = Judgement("plain", "a\x1b[2J title", "x\x07 1", "1", "3.11.7", 1.0, verdicts)
    printed = lines(found, width)
    *printed_lines, badge, in_markdown = printed
    assert max(map(len, printed_lines)) < max(60, min(width, 120))
    assert badge == "ipcbench conformance: 0 of 9 rules, plain 1, Python 3.11"
    assert "0 of 9 rules" in in_markdown
    assert "\x1b" not in "".join(printed)
    assert "and 2 more" in "".join(printed)
    written = document(found)
    assert "\x1b" not in written
    assert "<b>" not in written
    assert "**ipcbench conformance**: 0 of 9 rules" in written


@pytest.mark.usefixtures("site")
def test_the_command_says_so_writes_a_report_and_ends_with_its_code(tmp_path: Path) -> None:
    env = environment(PYTHONPATH=os.environ["PYTHONPATH"], COLUMNS="80")
    good = run("conformance", "plain", "--report", "plain.md", cwd=tmp_path, env=env)
    assert (good.code, good.err) == (0, "")
    assert "ipcbench conformance: 9 of 9 rules, plain 1.2" in good.out
    assert (tmp_path / "plain.md").read_text().startswith("# Conformance of plain\n\n**ipcbench conformance**: 9 of 9")
    bad = run("conformance", "loud", cwd=tmp_path, env=env)
    assert bad.code == 3
    assert "1  fail     facts" in bad.out
    assert "8 of 9 rules" in bad.out


def test_what_cannot_be_tried_here_is_one_line(tmp_path: Path) -> None:
    for name, code, word in (("interpreter-queue", 8, "cannot be tried here"), ("quque", 2, "did you mean 'queue'")):
        done = run("conformance", name, cwd=tmp_path)
        if code == 8 and done.code == 0:
            continue  # a Python that has interpreters
        assert (done.code, len(done.errors)) == (code, 1)
        assert word in done.err
