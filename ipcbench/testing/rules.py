"""The contract of all mechanisms, as nine rules. Each looks at what was seen of one and says what breaks it, in words.

A rule that is about something which a mechanism does not claim is skipped with that reason, and says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.contract.stage import ADDS, TASKS, WORKERS
from ipcbench.model import START_METHODS, Capabilities, Case, Failure
from ipcbench.plan.planner import why_not
from ipcbench.run.visitor import slowness
from ipcbench.testing.claimed import unproven
from ipcbench.testing.observing import KILLED_SECONDS, Observed, Subject, first_case

LATE = 4.0  # seconds that a visit may take to start, and to be ended after its deadline, on a busy machine
IDLE, BUSY = 0.1, 0.6  # of the time: at most what who sleeps wants a CPU, at least what who spins does
_ENDS = ("EOFError", "IncompleteReadError", "ConnectionResetError", "BrokenPipeError")
_ANY = Capabilities(cpus=64, memory=2**50, shared_memory=2**50, semaphores=None, start_methods=START_METHODS)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its number in the contract, a word for it, what it asks, and what is found against a mechanism.

    beside says why it does not concern a mechanism, in words; None where it does.
    """

    number: int
    name: str
    says: str
    against: Callable[[Subject], Iterator[str]]
    beside: Callable[[Mechanism], str | None] = lambda _: None

    def __str__(self) -> str:
        return self.name


def about(seen: Observed, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The observations of one kind that went well."""
    yield from ((key, found) for key, found in seen.items() if key.startswith(what) and "error" not in found)


def wrong(seen: Observed, *kinds: str) -> Iterator[str]:
    """The observations of these kinds that went wrong, with how."""
    for key, found in seen.items():
        if key.startswith(kinds) and "error" in found:
            yield f"{key}: {found['error']}"


def _facts(subject: Subject) -> Iterator[str]:
    imported = subject.imported
    if imported.against:
        yield imported.against
    if imported.pulled:
        yield f"importing it brings in {', '.join(imported.pulled)}: import libraries where they are used"
    if imported.printed:
        yield "importing it, or sending one message, prints something"


def _bytes(subject: Subject) -> Iterator[str]:
    mechanism = subject.mechanism
    for method, seen in subject.everywhere.items():
        for problem in wrong(seen, "echo", "tasks", "state", "signal"):
            yield f"{problem} (under {method})"
        for key, found in (*about(seen, "echo"), *about(seen, "tasks")):
            if found["got"] != found["sent"]:
                yield f"{key}: what came back is not what was sent (under {method})"
            elif key.startswith("echo") and len(set(found["sent"])) < len(found["sent"]):
                yield f"{key}: the payloads were not distinct"
            elif mechanism.peers in ("processes", "own") and not found["elsewhere"]:
                yield f"{key}: the other side is no other process (under {method})"
        for key, found in about(seen, "tasks"):
            if found["strangers"] or found["members"] != (WORKERS if mechanism.peers == "own" else 1):
                yield f"{key}: {found['members']} workers say they are members, {found['strangers']} others did tasks"
        for key, found in about(seen, "state"):
            if not found["read"] == found["own"] == found["written"] or found["driver read"] != found["peer wrote"]:
                yield f"{key}: a read does not return the last write (under {method})"
        for key, found in about(seen, "signal"):
            if found["found"] != found["expected"]:
                yield f"{key}: a wait returned before its notification (under {method})"


def _limits(subject: Subject) -> Iterator[str]:
    mechanism, seen = subject.mechanism, subject.first
    yield from wrong(seen, "refusal", "room", "bound")
    too_large = 64 if mechanism.carries == "number" else (mechanism.largest or 0) + 1
    if mechanism.largest is not None or mechanism.carries == "number":
        if mechanism.unfit("channel", too_large) is None:
            yield f"a payload of {too_large:,} B is not refused before it is tried"
        for _, found in about(seen, "refusal"):
            if not found["refused"]:
                what = (
                    "arrive: the limit is not there" if found["got"] == found["sent"] else "do not arrive as they were"
                )
                yield f"{too_large:,} B are sent without an error and {what}"
    for key, found in about(seen, "room"):
        if found["got"] != found["sent"]:
            yield f"{key}: what waited in the channel did not arrive"
    for key, found in about(seen, "bound"):
        if found["got"] != found["sent"]:
            yield f"{key}: what a full channel held did not arrive"
        elif not found["stopped"]:
            yield f"bounded_by is {mechanism.bounded_by!r}, and {len(found['sent'])} messages went out to nobody"


def _order(subject: Subject) -> Iterator[str]:
    mechanism = subject.mechanism
    yield from wrong(subject.first, "burst", "proofs")
    for key, found in about(subject.first, "burst"):
        if found["got"] != found["sent"]:
            yield f"{key}: messages are lost or out of order when they follow each other"
    for key, found in about(subject.first, "proofs"):
        case = Case(key.split()[1], mechanism.name, found["size"], found["workers"])
        reason = unproven(case, found)
        if reason:
            yield f"{key} with {found['workers']} workers: {reason}"
    for method, seen in subject.everywhere.items():
        yield from wrong(seen, "many")
        for _, found in about(seen, "many"):
            if found["numbers"] != list(range(TASKS)) or sum(found["done"]) != TASKS:
                yield f"{WORKERS} receivers did not get each message once between them (under {method})"


def _starting(subject: Subject) -> Iterator[str]:
    mechanism = subject.mechanism
    for method, seen in subject.everywhere.items():
        if not any("error" not in found for found in seen.values()):
            why = seen.trouble or next(wrong(seen, ""), "nothing was observed")
            yield f"{method} is declared, and nothing works under it: {why}"
        elif seen.trouble and not seen.trouble.startswith("left behind"):
            yield f"under {method}: {seen.trouble}"
    for method in START_METHODS:
        if method not in mechanism.start_methods:
            reason = why_not(first_case(mechanism)._replace(start_method=method), _ANY)
            if not reason:
                yield f"{method} is not declared, and the plan does not refuse it"


def _waiting(subject: Subject) -> Iterator[str]:
    mechanism = subject.mechanism
    yield from wrong(subject.first, "waiting")
    for _, found in about(subject.first, "waiting"):
        share = found.get("share")
        if share is not None and mechanism.wait == "spin" and share < BUSY:
            yield f"wait is 'spin', and a receiver wanted a CPU for {share:.0%} of the time only: it blocks or polls"
        elif share is not None and mechanism.wait != "spin" and share > IDLE:
            yield f"wait is {mechanism.wait!r}, and an idle receiver wanted a CPU for {share:.0%} of the time"


def _closing(subject: Subject) -> Iterator[str]:
    yield from wrong(subject.first, "closing twice")
    for method, seen in subject.everywhere.items():
        yield from (f"{problem} (under {method})" for problem in wrong(seen, "leftovers"))
        if seen.trouble.startswith("left behind"):
            yield f"{seen.trouble} (under {method})"
        for _, found in about(seen, "leftovers"):
            if found["late"] != found["early"]:
                yield f"each visit leaves more: {found['early']}, later {found['late']} (under {method})"
            left = [*found["names"], *found["children"], *found["files"]]
            if left:
                yield f"left after visits: {', '.join(left[:3])} (under {method})"


def _dying(subject: Subject) -> Iterator[str]:
    killed = subject.killed
    if killed.ending not in ("ended", "late"):
        yield f"the peer could not be killed in the middle of its messages: {killed.ending}"
    if killed.seconds > KILLED_SECONDS * slowness() + LATE:
        yield f"a visit whose peer is killed ended after {killed.seconds:.0f} s only"
    if killed.left:
        yield f"left after the end of a visit whose peer was killed: {', '.join(killed.left[:3])}"
    yield from wrong(subject.first, "death")
    for _, found in about(subject.first, "death"):
        if found["noticed"] not in _ENDS:
            yield f"dead_peer is 'end of file', and a receiver whose sender was killed saw {found['noticed']}"


def _keeping_to_itself(subject: Subject) -> Iterator[str]:
    seen = subject.first
    yield from wrong(seen, "outside", "adding")
    for _, found in about(seen, "outside"):
        if found["outside"]:
            yield f"uses what is not of the visit: {', '.join(found['outside'][:3])}"
    for method, seen in subject.everywhere.items():
        for _, found in about(seen, "adding"):
            if found["added"] != 2 * ADDS:
                yield f"of {2 * ADDS:,} increments of two workers {found['added']:,} were counted (under {method})"
    visited = subject.visited
    if isinstance(visited, Failure):
        yield f"a visit is {visited.verdict}: {visited.detail}"


def _no_channel(mechanism: Mechanism) -> str | None:
    return None if mechanism.channel else "carries no messages"


def _no_row_of_messages(mechanism: Mechanism) -> str | None:
    if not mechanism.channel:
        return "carries no messages"
    return "sends to itself" if mechanism.peers == "nobody" else None


def _nobody_waits(mechanism: Mechanism) -> str | None:
    if not (mechanism.channel or mechanism.signal):
        return "nobody waits for messages or signals"
    return None if mechanism.starts_peers else "there is no peer that waits"


def _no_process_to_kill(mechanism: Mechanism) -> str | None:
    return None if mechanism.peers in ("processes", "own") else "its peers are no processes"


RULES = (
    Rule(1, "facts", "they are complete and fit together; importing it brings in and starts nothing", _facts),
    Rule(2, "bytes", "every byte arrives in another process, at every size", _bytes),
    Rule(3, "limits", "what is too large is refused, and a full channel stops its sender", _limits, _no_channel),
    Rule(4, "order", "every message arrives once, and in the order declared", _order, _no_row_of_messages),
    Rule(5, "start methods", "the declared ones work, others are refused by the plan", _starting),
    Rule(6, "waiting", "who waits uses as much CPU as declared", _waiting, _nobody_waits),
    Rule(7, "closing", "closing twice is harmless, and nothing is left", _closing),
    Rule(8, "death", "a killed peer hangs nobody beyond the deadline and leaves nothing", _dying, _no_process_to_kill),
    Rule(9, "visit", "a visit is proven, exact, plausible, and keeps to its folder and loopback", _keeping_to_itself),
)
