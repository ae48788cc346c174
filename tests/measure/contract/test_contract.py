"""The contract: what every mechanism must do with real processes, under every start method, one rule per test.

The rules and their observations are those of `ipcbench.testing`, which authors of other mechanisms use too.
"""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ipcbench.measure.api.ports import PORTS
from ipcbench.measure.contract.__main__ import wanted
from ipcbench.measure.registry import load_mechanism, mechanism_names
from ipcbench.run.stop import Stop
from ipcbench.testing.conformance import RULES, Judgement, Rule, try_rules

MECHANISMS = mechanism_names()
LOADED = {name: load_mechanism(name) for name in MECHANISMS}
HERE = [name for name in MECHANISMS if not LOADED[name].missing()]  # the others are tried where they exist
CHANNELS = [name for name in HERE if LOADED[name].channel]
AT_ONCE = 4  # mechanisms, which sleep most of the time that they are tried


pytestmark = pytest.mark.usefixtures("no_leaks")


def each(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names)


Known = dict[tuple[str, str], Judgement]
METHODS = ["first", pytest.param("every", marks=pytest.mark.full)]


@pytest.fixture(scope="module")
def judged() -> Known:
    """The judgements so far, by mechanism and by the start methods that it was tried under, of METHODS."""
    return {}


def judgement(name: str, methods: str, known: Known, request: pytest.FixtureRequest) -> Judgement:
    """Return the verdicts on a mechanism; the next mechanisms of these tests are tried with it, to save time."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    asked = [spec.params for spec in specs if spec and {"name", "methods"} <= spec.params.keys()]
    if any(one["methods"] == "every" for one in asked):
        methods = "every"  # which includes the first
    if (name, methods) not in known:
        names = dict.fromkeys(one["name"] for one in asked)
        following = [other for other in names if (other, methods) not in known]
        batch = [name, *(other for other in following if other != name)][:AT_ONCE]
        with Stop() as stop, ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda one: try_rules(one, stop, every_method=methods == "every"), batch)
            known.update(((one, methods), judged) for one, judged in zip(batch, found, strict=True))
    return known[name, methods]


def rules_of(name: str) -> list[Any]:
    """Return the rules about a mechanism, as parameters of tests."""
    marks = [pytest.mark.third_party] if LOADED[name].third_party else []
    return [pytest.param(name, rule, id=f"{name}-{rule}", marks=marks) for rule in RULES]


@pytest.mark.parametrize("methods", METHODS)
@pytest.mark.parametrize(("name", "rule"), [one for name in HERE for one in rules_of(name)])
def test_a_mechanism_keeps_the_rule(
    name: str, rule: Rule, methods: str, judged: Known, request: pytest.FixtureRequest
) -> None:
    (verdict,) = (found for found in judgement(name, methods, judged, request).verdicts if found.rule == rule)
    assert verdict.state != "fail", "\n".join(verdict.why)
    assert (verdict.state == "skipped") == (rule.name in beside(name)), verdict.why


def beside(name: str) -> set[str]:
    """Return the names of the rules that do not apply to a mechanism."""
    mechanism = LOADED[name]
    found = set() if mechanism.channel else {"limits", "order"}
    if mechanism.peers == "nobody":
        found.add("order")
    if mechanism.peers not in ("processes", "own"):
        found.add("death")
    if not (mechanism.channel or mechanism.signal) or not mechanism.starts_peers:
        found.add("waiting")
    return found


@each(MECHANISMS)
def test_the_facts_are_complete(name: str) -> None:
    mechanism = LOADED[name]
    assert mechanism.name == name
    assert mechanism.title
    assert 1 <= len(mechanism.short) <= 12
    assert mechanism.ports
    assert mechanism.wrong_fact() is None
    assert all(mechanism.caveats)
    assert bool(mechanism.requires) == bool(mechanism.extra) == bool(mechanism.licence) == mechanism.third_party


def test_no_two_mechanisms_have_the_same_title_or_short_name() -> None:
    for fact in ("title", "short"):
        values = [getattr(mechanism, fact) for mechanism in LOADED.values()]
        assert len(set(values)) == len(values)


@each(MECHANISMS)
def test_its_file_carries_its_name_and_says_what_it_is(name: str) -> None:
    mechanism = LOADED[name]
    module = importlib.import_module(f"ipcbench.measure.mechanisms.{name.replace('-', '_')}")
    assert mechanism == module.MECHANISM
    assert len(str(module.__doc__).strip().splitlines()) >= 3
    assert "Source:" in str(module.__doc__)


def test_a_limit_that_would_take_all_memory_is_not_tried() -> None:
    named = {
        largest: " ".join(wanted(LOADED["os-pipe"]._replace(largest=largest), "fork", "x"))
        for largest in (2**20 + 8, 2**32 - 1)
    }
    assert str(2**20 + 8) in named[2**20 + 8]
    assert "refusal" in named[2**20 + 8]
    assert str(2**32 - 1) not in named[2**32 - 1]
    assert "refusal" not in named[2**32 - 1]


@each(CHANNELS)
def test_what_has_a_limit_is_refused_beyond_it_in_words_and_not_at_it(name: str) -> None:
    mechanism = LOADED[name]
    if mechanism.carries == "number":
        assert mechanism.unfit("channel", 64) == f"{name} carries one 8 B number"
        assert mechanism.unfit("channel", 8) is None
    elif mechanism.largest is not None:
        assert mechanism.unfit("channel", mechanism.largest + 1) == f"{name} carries at most {mechanism.largest:,} B"
        assert mechanism.unfit("channel", mechanism.largest) is None


@each(CHANNELS)
def test_a_channel_of_one_sender_refuses_to_be_shared_and_one_of_many_does_not(name: str) -> None:
    mechanism = LOADED[name]
    shared = (mechanism.senders, mechanism.receivers) == ("many", "many")
    reason = mechanism.unfit("channel", 8, "many", "many", mechanism.usual_payload)
    assert (reason is None) == shared
    assert reason in (None, f"{name} is for {mechanism.senders} sender and {mechanism.receivers} receiver")


@each(MECHANISMS)
def test_a_port_that_is_not_there_is_refused_in_words(name: str) -> None:
    found = LOADED[name]
    for port in PORTS:
        reason = found.unfit(port, max(8, found.smallest), payload=found.usual_payload)
        assert (reason is None) == (getattr(found, port) is not None)
