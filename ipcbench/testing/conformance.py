"""Check whether a mechanism keeps the contract, with real processes under a warden.

judge("my-ring")            a verdict for each of the nine rules
rules("my-ring")            the rules one by one, for pytest.mark.parametrize
assert_conforms("my-ring")  all nine rules in one assertion
"""

from __future__ import annotations

import functools
import platform
import time
import unittest
from dataclasses import dataclass
from typing import Literal

import ipcbench
from ipcbench.measure.registry import find_plugin
from ipcbench.plan import catalog
from ipcbench.run.stop import Stop
from ipcbench.testing.observing import Subject, subject
from ipcbench.testing.rules import RULES, Rule

__all__ = ["RULES", "Judgement", "Rule", "RuleOf", "Verdict", "assert_conforms", "judge", "rules", "try_rules"]

State = Literal["pass", "fail", "skipped"]
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of one rule. why: what breaks the rule if it fails, or the reason if it is skipped."""

    rule: Rule
    state: State
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts on one mechanism. origin: its package and version. seconds: the time that the checks took."""

    name: str
    title: str
    origin: str
    version: str
    python: str
    seconds: float
    verdicts: tuple[Verdict, ...]

    @property
    def kept(self) -> bool:
        """Whether no rule is broken."""
        return not any(verdict.state == "fail" for verdict in self.verdicts)

    @property
    def badge(self) -> str:
        """One line: how many of the rules not skipped are kept, the mechanism's version and the Python."""
        passed = sum(verdict.state == "pass" for verdict in self.verdicts)
        asked = sum(verdict.state != "skipped" for verdict in self.verdicts)
        python = ".".join(self.python.split(".")[:2])
        return f"ipcbench conformance: {passed} of {asked} rules, {self.name} {self.version}, Python {python}"


@dataclass(frozen=True, slots=True)
class RuleOf:
    """A rule about one mechanism, for a test to check; its text is the name of the rule."""

    rule: Rule
    mechanism: str

    def __str__(self) -> str:
        return str(self.rule)

    def check(self) -> None:
        """Raise AssertionError if the rule is broken, and unittest.SkipTest if it does not apply to this mechanism.

        The first check of a mechanism tries all rules, which takes seconds. Raises UnknownName, and NotHere if this
        machine lacks something that the mechanism needs.
        """
        (verdict,) = (found for found in judge(self.mechanism).verdicts if found.rule == self.rule)
        if verdict.state == "skipped":
            raise unittest.SkipTest(verdict.why[0])
        assert verdict.state == "pass", _told(self.mechanism, verdict)


def rules(name: str) -> list[RuleOf]:
    """Return all rules about a mechanism, by its name; nothing runs before one is checked."""
    return [RuleOf(rule, name) for rule in RULES]


def assert_conforms(name: str) -> None:
    """Raise AssertionError that lists every broken rule of a mechanism; raises UnknownName and NotHere."""
    broken = [verdict for verdict in judge(name).verdicts if verdict.state == "fail"]
    assert not broken, "\n".join(_told(name, verdict) for verdict in broken)


@functools.cache
def judge(name: str) -> Judgement:
    """Try a mechanism, built-in or of an installed package, and judge it by all rules; runs once per process.

    Raises UnknownName, BadRequest for a name that two packages claim, and NotHere if a library, a system or a version
    that it needs is missing.
    """
    with Stop() as stop:
        return try_rules(name, stop)


def try_rules(name: str, stop: Stop, every_method: bool = True) -> Judgement:
    """Try and judge as `judge`, but without its cache; raises Interrupted when `stop` is requested.

    Without `every_method` the mechanism is tried under the first start method only that it declares.
    """
    begun = time.monotonic()
    with subject(name, stop, every_method) as seen:
        verdicts = tuple(_verdict(rule, seen) for rule in RULES)
        title = seen.imported.mechanism.title if seen.imported.mechanism else ""
    origin, version = "ipcbench " + ipcbench.__version__, ipcbench.__version__
    if catalog.is_plugin(name):
        plugin = find_plugin(name)
        origin, version = plugin.origin, plugin.version
    return Judgement(name, title, origin, version, platform.python_version(), time.monotonic() - begun, verdicts)


def _verdict(rule: Rule, seen: Subject) -> Verdict:
    if rule.number == 1:
        return _broken(rule, seen)
    if not seen.imported.mechanism:
        return Verdict(rule, "fail", ("could not be tried: the first rule is broken",))
    reason = rule.beside(seen.mechanism)
    return Verdict(rule, "skipped", (reason,)) if reason else _broken(rule, seen)


def _broken(rule: Rule, seen: Subject) -> Verdict:
    found = tuple(dict.fromkeys(rule.against(seen)))
    return Verdict(rule, "fail" if found else "pass", found)


def _told(name: str, verdict: Verdict) -> str:
    more = f"\n  and {len(verdict.why) - MOST_NAMED} more" if len(verdict.why) > MOST_NAMED else ""
    return (
        f"{name}, rule {verdict.rule.number}, {verdict.rule.says}:"
        + "".join(f"\n  {why}" for why in verdict.why[:MOST_NAMED])
        + more
    )
