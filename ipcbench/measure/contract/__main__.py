"""Make all observations of one mechanism under one start method; write them to the visit's folder, as a JSON object."""

from __future__ import annotations

import atexit
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from multiprocessing import util
from typing import Any, NoReturn

from ipcbench.measure.api.mechanism import Mechanism
from ipcbench.measure.api.payload import load_kind
from ipcbench.measure.contract import channels, others
from ipcbench.measure.contract.full import observe_bound
from ipcbench.measure.contract.killed import kill_in_the_middle
from ipcbench.measure.contract.outside import observe_outside
from ipcbench.measure.contract.stage import WORKERS, streams
from ipcbench.measure.contract.waiting import observe_waiting
from ipcbench.measure.process.names import claim_names, visit_folder
from ipcbench.measure.process.stages import RESULT, leave, mark, show_stacks
from ipcbench.measure.registry import load_mechanism
from ipcbench.model import START_METHODS, StartMethod

# Smallest, typical, and around the thresholds: above 16 384 B a Connection writes twice (16 366 B before pickling,
# which adds 18 B), and a pipe holds 65 536 B.
THRESHOLDS = (1, 64, 4096, 16366, 16367, 16384, 16385, 65535, 65536, 65537, 2**20)
FEW = (1, 64, 16385, 2**20)
LARGE = (2**20,)
CELL_SIZES = (8, 64, 65536)
ROOM = (64, 2100, 4200, 16385, 32704)  # messages that leave pages of a pipe half empty, and the largest it must hold
SECONDS = 15.0  # limit of one observation if started by hand
SHARE = 1 / 6  # limit of one observation in a visit, as a share of the warden's limit for all
FILLING = 65536  # bytes of one message; MOST_HELD of them fill any bounded channel
MOST_HELD = 512
LARGEST_TRIED = 2**24  # bytes of a declared limit: a message takes this memory several times

Observation = Callable[[], dict[str, Any]]


def wanted(mechanism: Mechanism, method: StartMethod, prefix: str) -> dict[str, Observation]:
    """Return the observations that a mechanism allows, by name; only its first start method gets all of them."""
    full = method == mechanism.start_methods[0]
    found: dict[str, Observation] = {}
    if mechanism.channel:
        found |= _of_channel(mechanism, method, full)
    if mechanism.cell:
        sizes = (8,) if mechanism.carries == "number" or not full else CELL_SIZES
        found["adding"] = partial(others.observe_adding, mechanism, method)
        found |= {f"state {size}": partial(others.observe_state, mechanism, method, size) for size in sizes}
    if mechanism.executor:
        ways = mechanism.operations if full else mechanism.operations[-1:]
        found |= {f"tasks {way}": partial(others.observe_tasks, mechanism, method, way) for way in ways}
    if mechanism.signal:
        found["signal"] = partial(others.observe_signal, mechanism, method)
    found["leftovers"] = partial(others.observe_leftovers, mechanism, method, prefix, (2, 3) if full else (1, 1))
    if full:
        found |= _once(mechanism, method, prefix)
    return found


def _of_channel(mechanism: Mechanism, method: StartMethod, full: bool) -> dict[str, Observation]:
    number, name = mechanism.carries == "number", mechanism.name
    alike = mechanism.family == "managers" and name != "manager-queue"  # all managers send in the same way
    thorough = full and not alike and name not in channels.WAITING
    fitting = list(_fitting(mechanism, (8,) if number else THRESHOLDS if thorough else FEW))
    found: dict[str, Observation] = {}
    together = [size for size in fitting if not mechanism.exact and size <= FEW[-1]]
    for group in ([together] if together else []) + [[size] for size in fitting if size not in together]:
        found[f"echo {group}"] = partial(channels.observe_echo, mechanism, method, *group)
    if full and streams(mechanism):
        bursting = {*(FEW if thorough else LARGE), 8, 64, mechanism.smallest, mechanism.largest}
        for size in fitting:
            if size in bursting:
                found[f"burst {size}"] = partial(channels.observe_burst, mechanism, method, size)
    for size in () if not full or mechanism.peers == "nobody" else (8,) if number else ROOM:
        unfit = mechanism.unfit("channel", size, payload=mechanism.usual_payload)
        if not unfit and not load_kind(mechanism.usual_payload).unfit(size) and mechanism.room(size, 1):
            found[f"room {size}"] = partial(channels.observe_room, mechanism, method, size)
    ends = mechanism.senders, mechanism.receivers
    if ends == ("many", "many"):
        found["many"] = partial(channels.observe_many, mechanism, method)
    if full and "many" in ends:
        patterns = {("many", "one"): ["fan-in"], ("one", "many"): ["fan-out"]}.get(ends, ["fan-in", "many-to-many"])
        # Several senders interleave the parts of large messages, unless something prevents it.
        sizes = dict.fromkeys(max(mechanism.smallest, min(size, mechanism.largest or size)) for size in (64, FILLING))
        played = [pattern for pattern in patterns if pattern in (mechanism.only_patterns or patterns)]
        for pattern, size in product(played if mechanism.ordering != "none" else [], sizes):
            proofs = partial(channels.observe_proofs, mechanism, method, pattern, size, WORKERS)
            found[f"proofs {pattern} {size}"] = proofs
    return found


def _fitting(mechanism: Mechanism, sizes: tuple[int, ...]) -> Iterator[int]:
    """Yield the sizes that a mechanism accepts and its payloads can have, and its smallest and largest."""
    smallest, largest, kind = mechanism.smallest, mechanism.largest, load_kind(mechanism.usual_payload)
    if smallest not in sizes and mechanism.carries != "number":
        yield smallest
    here = [size for size in sizes if smallest <= size and (largest is None or size < largest)]
    yield from (size for size in here if mechanism.carries == "number" or not kind.unfit(size))
    if largest is not None and largest != smallest and largest <= LARGEST_TRIED:
        yield largest


def _once(mechanism: Mechanism, method: StartMethod, prefix: str) -> dict[str, Observation]:
    """Return the observations for which one start method is enough."""
    found: dict[str, Observation] = {"closing twice": partial(others.observe_closing_twice, mechanism, method)}
    found["outside"] = partial(observe_outside, mechanism, method, prefix)
    if mechanism.dead_peer == "end of file":
        found["death"] = partial(channels.observe_death, mechanism, method)
    if (mechanism.channel or mechanism.signal) and mechanism.starts_peers:
        found["waiting"] = partial(observe_waiting, mechanism, method)
    too_large = 64 if mechanism.carries == "number" else mechanism.largest + 1 if mechanism.largest is not None else 0
    if mechanism.channel and 0 < too_large <= LARGEST_TRIED and streams(mechanism):
        found["refusal"] = partial(channels.observe_refusal, mechanism, method, too_large)
    if mechanism.channel and streams(mechanism) and mechanism.bounded_by != "nothing":
        size = (
            8 if mechanism.carries == "number" else max(mechanism.smallest, min(FILLING, mechanism.largest or FILLING))
        )
        found["bound"] = partial(observe_bound, mechanism, method, size, MOST_HELD)
    return found


def observe(name: str, method: StartMethod) -> dict[str, Any]:
    """Make every observation; one that fails has only an "error"."""
    prefix = multiprocessing.current_process()._config["semprefix"].lstrip("/")  # type: ignore[attr-defined]
    seen: dict[str, dict[str, Any]] = {}
    endless: set[str] = set()
    for what, look in wanted(load_mechanism(name), method, prefix).items():
        kind = what.partition(" ")[0]
        if kind in endless:
            continue  # the other observations of this kind would not end either
        mark("observation")
        signal.signal(signal.SIGALRM, _on_alarm)
        signal.setitimer(signal.ITIMER_REAL, _limit())
        try:
            seen[what] = look()
        except Exception as error:
            seen[what] = {"error": f"{type(error).__name__}: {error}"}
            if isinstance(error, TimeoutError):
                endless.add(kind)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    seen["leftovers"]["files"] = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith(prefix)]
    return seen


def _on_alarm(*_: object) -> NoReturn:
    raise TimeoutError(f"no end after {_limit():.0f} s")


def _limit() -> float:
    """Return the limit of one observation in seconds; it grows with the warden's limit on a slow machine."""
    return SHARE * float(os.environ["IPCBENCH_STAGE_SECONDS"]) if visit_folder() else SECONDS


def leave_now() -> NoReturn:
    """Run the exit handlers and call os._exit, as a worker does, while the file for stacks is still open."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def main(name: str, method: StartMethod, what: str) -> None:
    """Make all observations, or kill the peer in the middle if `what` is "killed"."""
    claim_names()
    show_stacks("driver")
    if what == "killed":
        kill_in_the_middle(load_mechanism(name), method)
    elif visit_folder():
        leave(RESULT, observe(name, method))
    else:
        print(json.dumps(observe(name, method)))


if __name__ == "__main__":
    if not visit_folder():  # started by hand
        here = os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="p-")
        util.Finalize(None, shutil.rmtree, args=(here, True), exitpriority=-200)  # after multiprocessing's folder
    main(sys.argv[1], next(method for method in START_METHODS if method == sys.argv[2]), *sys.argv[3:4] or ["all"])
    if visit_folder():
        leave_now()
