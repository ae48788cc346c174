"""The contract of all mechanisms: nine rules. Each reads the observations of a mechanism and yields what breaks it.

A rule about a fact that a mechanism does not claim is skipped, with the reason.
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

LATE = 4.0  # seconds that starting a visit, and ending it after its deadline, may take on a busy machine
IDLE, BUSY = 0.1, 0.6  # share of time: a sleeping receiver runs at most IDLE, a spinning one wants a CPU at least BUSY
_ENDS = ("EOFError", "IncompleteReadError", "ConnectionResetError", "BrokenPipeError")
_ANY = Capabilities(cpus=64, memory=2**50, shared_memory=2**50, semaphores=None, start_methods=START_METHODS)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the contract: its number, its name, and what it requires.

    against: yields what breaks the rule, in words. beside: why it does not apply to a mechanism, in words; else None.
    """

    number: int
    name: str
    says: str
    against: Callable[[Subject], Iterator[str]]
    beside: Callable[[Mechanism], str | None] = lambda _: None

    def __str__(self) -> str:
        return self.name


def about(seen: Observed, what: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the observations of one kind that have no error."""
    yield from ((key, found) for key, found in seen.items() if key.startswith(what) and "error" not in found)


def wrong(seen: Observed, *kinds: str) -> Iterator[str]:
    """Yield the errors of the observations of these kinds, in words."""
    for key, found in seen.items():
        if key.startswith(kinds) and "error" in found:
            yield f"{key}: {found['error']}"


def _facts(subject: Subject) -> Iterator[str]:
    imported = subject.imported
    if imported.against:
        yield imported.against
    if imported.pulled:
        yield f"importing it brings in {', '.join(imported.pulled)}: import libraries inside the methods that use them"
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
                yield f"{key}: the other side is not another process (under {method})"
        for key, found in about(seen, "tasks"):
            if found["strangers"] or found["members"] != (WORKERS if mechanism.peers == "own" else 1):
                yield f"{key}: members() lists {found['members']} workers, and {found['strangers']} others did tasks"
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
                what = "arrive: there is no such limit" if found["got"] == found["sent"] else "do not arrive unchanged"
                yield f"{too_large:,} B are sent without an error and {what}"
    for key, found in about(seen, "room"):
        if found["got"] != found["sent"]:
            yield f"{key}: messages that waited in the channel did not arrive"
    for key, found in about(seen, "bound"):
        if found["got"] != found["sent"]:
            yield f"{key}: messages in a full channel did not arrive"
        elif not found["stopped"]:
            yield f"bounded_by is {mechanism.bounded_by!r}, but {len(found['sent'])} messages were sent, none received"


def _order(subject: Subject) -> Iterator[str]:
    mechanism = subject.mechanism
    yield from wrong(subject.first, "burst", "proofs")
    for key, found in about(subject.first, "burst"):
        if found["got"] != found["sent"]:
            yield f"{key}: messages are lost or out of order when they follow each other"
    for key, found in about(subject.first, "proofs"):
        pattern, payload = key.split()[1], mechanism.usual_payload
        case = Case(pattern, mechanism.name, found["size"], found["workers"], payload=payload)
        reason = unproven(case, found)
        if reason:
            yield f"{key} with {found['workers']} workers: {reason}"
    for method, seen in subject.everywhere.items():
        yield from wrong(seen, "many")
        for _, found in about(seen, "many"):
            if found["numbers"] != list(range(TASKS)) or sum(found["done"]) != TASKS:
                yield f"{WORKERS} receivers together did not get each message once (under {method})"


def _starting(subject: Subject) -> Iterator[str]:
    mechanism = subject.mechanism
    for method, seen in subject.everywhere.items():
        if not any("error" not in found for found in seen.values()):
            why = seen.trouble or next(wrong(seen, ""), "nothing was observed")
            yield f"{method} is declared, but nothing works under it: {why}"
        elif seen.trouble and not seen.trouble.startswith("left behind"):
            yield f"under {method}: {seen.trouble}"
    for method in START_METHODS:
        if method not in mechanism.start_methods:
            reason = why_not(first_case(mechanism)._replace(start_method=method), _ANY)
            if not reason:
                yield f"{method} is not declared, but the plan does not refuse it"


def _waiting(subject: Subject) -> Iterator[str]:
    mechanism = subject.mechanism
    yield from wrong(subject.first, "waiting")
    for _, found in about(subject.first, "waiting"):
        share, ran = found.get("share"), found.get("ran")
        if share is not None and mechanism.wait == "spin" and share < BUSY:
            yield f"wait is 'spin', but a receiver wanted a CPU for only {share:.0%} of the time: it blocks or polls"
        elif ran is not None and mechanism.wait != "spin" and ran > IDLE:
            yield f"wait is {mechanism.wait!r}, but an idle receiver used a CPU for {ran:.0%} of the time"


def _closing(subject: Subject) -> Iterator[str]:
    yield from wrong(subject.first, "closing twice")
    for method, seen in subject.everywhere.items():
        yield from (f"{problem} (under {method})" for problem in wrong(seen, "leftovers"))
        if seen.trouble.startswith("left behind"):
            yield f"{seen.trouble} (under {method})"
        for _, found in about(seen, "leftovers"):
            if found["late"] != found["early"]:
                yield f"each visit leaves more behind: {found['early']}, later {found['late']} (under {method})"
            left = [*found["names"], *found["children"], *found["files"]]
            if left:
                yield f"left after visits: {', '.join(left[:3])} (under {method})"


def _dying(subject: Subject) -> Iterator[str]:
    killed = subject.killed
    if killed.ending not in ("ended", "late"):
        yield f"the peer could not be killed in the middle of its messages: {killed.ending}"
    if killed.seconds > KILLED_SECONDS * slowness() + LATE:
        yield f"a visit whose peer is killed ended only after {killed.seconds:.0f} s"
    if killed.left:
        yield f"left after a visit whose peer was killed: {', '.join(killed.left[:3])}"
    yield from wrong(subject.first, "death")
    for _, found in about(subject.first, "death"):
        if found["noticed"] not in _ENDS:
            yield f"dead_peer is 'end of file', but a receiver whose sender was killed saw {found['noticed']}"


def _isolation(subject: Subject) -> Iterator[str]:
    seen = subject.first
    yield from wrong(seen, "outside", "adding")
    for _, found in about(seen, "outside"):
        if found["outside"]:
            yield f"uses things that do not belong to the visit: {', '.join(found['outside'][:3])}"
    for method, seen in subject.everywhere.items():
        for _, found in about(seen, "adding"):
            if found["added"] != 2 * ADDS:
                yield f"{found['added']:,} of {2 * ADDS:,} increments of two workers were counted (under {method})"
    visited = subject.visited
    if isinstance(visited, Failure):
        yield f"a visit is {visited.verdict}: {visited.detail}"


def _no_channel(mechanism: Mechanism) -> str | None:
    return None if mechanism.channel else "carries no messages"


def _no_stream(mechanism: Mechanism) -> str | None:
    if not mechanism.channel:
        return "carries no messages"
    return "sends to itself" if mechanism.peers == "nobody" else None


def _no_waiting(mechanism: Mechanism) -> str | None:
    if not (mechanism.channel or mechanism.signal):
        return "has no messages or signals to wait for"
    return None if mechanism.starts_peers else "has no peer that waits"


def _no_process(mechanism: Mechanism) -> str | None:
    return None if mechanism.peers in ("processes", "own") else "its peers are not processes"


RULES = (
    Rule(1, "facts", "they are complete and consistent; importing it imports no library and starts nothing", _facts),
    Rule(2, "bytes", "every byte arrives in another process, at every size", _bytes),
    Rule(3, "limits", "what is too large is refused, and a full channel stops its sender", _limits, _no_channel),
    Rule(4, "order", "every message arrives once, and in the order declared", _order, _no_stream),
    Rule(5, "start methods", "the declared ones work, others are refused by the plan", _starting),
    Rule(6, "waiting", "a waiting receiver uses as much CPU as declared", _waiting, _no_waiting),
    Rule(7, "closing", "closing twice is harmless, and nothing is left", _closing),
    Rule(8, "death", "a visit with a killed peer ends by its deadline and leaves nothing", _dying, _no_process),
    Rule(9, "visit", "a visit is proven, exact, plausible, and keeps to its folder and loopback", _isolation),
)
