"""The contract: what every mechanism must do with real processes, under every start method, one rule per test.

What is judged here was observed by tests/probe.py, once per mechanism and start method, in a process of its own.
"""

from __future__ import annotations

import functools
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from commands import Finished, environment, finish, start_python
from probe import ADDS, TASKS, WORKERS, streams

from ipcbench.measure.ports import PORTS
from ipcbench.measure.registry import load_mechanism, mechanism_names
from ipcbench.model import START_METHODS

MECHANISMS = mechanism_names()
LOADED = {name: load_mechanism(name) for name in MECHANISMS}
HERE = [name for name in MECHANISMS if not LOADED[name].missing()]  # the others are tried where they exist
CHANNELS = [name for name in HERE if LOADED[name].channel]
CELLS = [name for name in HERE if LOADED[name].cell]
PROCESSED = [name for name in CHANNELS if LOADED[name].peers != "nobody"]
EXECUTORS = [name for name in HERE if LOADED[name].executor]
SHARED = [name for name in CHANNELS if (LOADED[name].senders, LOADED[name].receivers) == ("many", "many")]
SIGNALS = [name for name in HERE if LOADED[name].signal]
STREAMED = [name for name in CHANNELS if streams(LOADED[name])]
EOFS = [name for name in CHANNELS if LOADED[name].dead_peer == "end of file"]
LIMITED = [name for name in CHANNELS if LOADED[name].largest is not None]
NUMBERS = [name for name in CHANNELS if LOADED[name].carries == "number"]
TESTS = str(Path(__file__).parent)

pytestmark = pytest.mark.usefixtures("no_leaks")


def each(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names)


def each_under_every_start_method(names: list[str]) -> pytest.MarkDecorator:
    pairs = [(name, method) for name in names for method in LOADED[name].start_methods]
    return pytest.mark.parametrize(("name", "method"), pairs)


@functools.cache
def all_observed(name: str) -> dict[str, Finished]:
    """What tests/probe.py says of a mechanism under each start method, all at once to save time."""
    env = environment()
    env["PYTHONPATH"] += f":{TESTS}"
    started = {
        method: start_python("-m", "probe", name, method, cwd=Path(TESTS), env=env)
        for method in LOADED[name].start_methods
    }
    return {method: finish(process, 90) for method, process in started.items()}


def observed(name: str, method: str) -> dict[str, dict[str, Any]]:
    """What tests/probe.py saw of a mechanism; it must not hang, crash or say anything."""
    done = all_observed(name)[method]
    assert (done.code, done.err) == (0, "")
    found: dict[str, dict[str, Any]] = json.loads(done.out)
    return found


def about(name: str, method: str, what: str) -> dict[str, dict[str, Any]]:
    """The observations of one kind, by what they were made of; fails if there are none, or one went wrong."""
    found = {key: seen for key, seen in observed(name, method).items() if key.startswith(what)}
    assert found
    assert not {key: seen["error"] for key, seen in found.items() if "error" in seen}
    return found


def about_first(name: str, what: str) -> dict[str, dict[str, Any]]:
    """What was observed under the start method that is tried in full."""
    return about(name, LOADED[name].start_methods[0], what)


@each(MECHANISMS)
def test_the_facts_are_complete(name: str) -> None:
    mechanism = LOADED[name]
    assert mechanism.name == name
    assert mechanism.title
    assert 1 <= len(mechanism.short) <= 12
    assert mechanism.ports
    assert set(mechanism.start_methods) <= set(START_METHODS)
    assert mechanism.start_methods
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


@each_under_every_start_method(CHANNELS)
def test_distinct_payloads_arrive_once_in_order_and_intact_at_every_size(name: str, method: str) -> None:
    for what, seen in about(name, method, "echo").items():
        assert seen["got"] == seen["sent"], what
        assert len(set(seen["sent"])) == len(seen["sent"]), "the payloads were not distinct"


@each_under_every_start_method([name for name in CHANNELS if LOADED[name].peers == "processes"])
def test_the_other_side_is_another_process(name: str, method: str) -> None:
    assert all(seen["elsewhere"] for seen in about(name, method, "echo").values())


@each(STREAMED)
def test_more_messages_than_fit_in_flight_stay_in_order(name: str) -> None:
    for what, seen in about_first(name, "burst").items():
        assert seen["got"] == seen["sent"], what


@each(PROCESSED)
def test_a_channel_holds_what_it_is_sure_to_hold(name: str) -> None:
    for what, seen in about_first(name, "room").items():
        assert seen["got"] == seen["sent"], what


@each_under_every_start_method(SHARED)
def test_three_workers_do_every_task_once_between_them(name: str, method: str) -> None:
    seen = about(name, method, "many")["many"]
    assert seen["numbers"] == list(range(TASKS))
    assert sum(seen["done"]) == TASKS
    assert set(seen["workers"]) <= set(range(WORKERS))


@each_under_every_start_method(EXECUTORS)
def test_an_executor_does_every_task_once_in_workers_that_have_all_met(name: str, method: str) -> None:
    own = LOADED[name].peers == "own"
    for what, seen in about(name, method, "tasks").items():
        assert seen["got"] == seen["sent"], what
        assert (seen["members"], seen["strangers"]) == (WORKERS if own else 1, 0), what
        assert seen["elsewhere"] == own, what


@each_under_every_start_method(CELLS)
def test_no_increment_of_two_workers_is_lost(name: str, method: str) -> None:
    assert about(name, method, "adding")["adding"]["added"] == 2 * ADDS


@each_under_every_start_method(CELLS)
def test_a_read_returns_the_last_write_of_another_process(name: str, method: str) -> None:
    for what, seen in about(name, method, "state").items():
        assert seen["read"] == seen["written"], what
        assert seen["own"] == seen["written"], what
        assert seen["driver read"] == seen["peer wrote"], what


@each_under_every_start_method(SIGNALS)
def test_no_wait_returns_before_its_notification(name: str, method: str) -> None:
    seen = about(name, method, "signal")["signal"]
    assert seen["found"] == seen["expected"] == [100, 100]


@each(HERE)
def test_closing_twice_is_harmless(name: str) -> None:
    assert about_first(name, "closing twice")["closing twice"] == {"closed": True}


@each_under_every_start_method(HERE)
def test_nothing_is_left_after_a_visit(name: str, method: str) -> None:
    seen = about(name, method, "leftovers")["leftovers"]
    assert seen["late"] == seen["early"]
    assert (seen["names"], seen["children"], seen["files"]) == ([], [], [])


@each(NUMBERS)
def test_what_carries_one_number_truly_cannot_take_more(name: str) -> None:
    assert about_first(name, "refusal")["refusal"]["refused"] == "TypeError"
    assert LOADED[name].unfit("channel", 64) == f"{name} carries one 8 B number"
    assert LOADED[name].unfit("channel", 8) is None


@each(EOFS)
def test_a_receiver_whose_sender_was_killed_sees_the_end(name: str) -> None:
    assert about_first(name, "death")["death"]["noticed"] in (
        "EOFError",
        "IncompleteReadError",
        "ConnectionResetError",
    )


@each(LIMITED)
def test_what_has_a_largest_payload_truly_cannot_take_more(name: str) -> None:
    largest = LOADED[name].largest
    assert largest is not None
    assert about_first(name, "refusal")["refusal"]["refused"] in ("OSError", "AssertionError")
    assert LOADED[name].unfit("channel", largest + 1) == f"{name} carries at most {largest:,} B"
    assert LOADED[name].unfit("channel", largest) is None


@each(CHANNELS)
def test_a_channel_of_one_sender_refuses_to_be_shared_and_one_of_many_does_not(name: str) -> None:
    reason = LOADED[name].unfit("channel", 8, "many", "many")
    assert (reason is None) == (name in SHARED)
    assert reason in (None, f"{name} is for {LOADED[name].senders} sender and {LOADED[name].receivers} receiver")


@each(MECHANISMS)
def test_a_port_that_is_not_there_is_refused_in_words(name: str) -> None:
    for port in PORTS:
        assert (LOADED[name].unfit(port, 8) is None) == (getattr(LOADED[name], port) is not None)
