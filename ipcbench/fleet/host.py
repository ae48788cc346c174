"""Functions that run on a host, inside its Dask worker: identify the host, plan there, make one sitting.

`run.visitor.Visitor` makes the visits, as it does locally: a warden, and below it fresh processes. The Dask worker only
waits.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec

import ipcbench
from ipcbench.errors import BadRequest, Interrupted, IpcbenchError, NotContained, NotHere
from ipcbench.fleet.lock import only_here
from ipcbench.machine.facts import capabilities, machine_facts, machine_id
from ipcbench.machine.identity import boot_name
from ipcbench.measure.process.placement import usable_cpus
from ipcbench.model import Budget, Failure, Outcome, Timing, Visit
from ipcbench.plan import catalog
from ipcbench.plan.planner import Plan, Request, make_plan, mechanisms_of
from ipcbench.results.schema import PROTOCOL, MachineFacts
from ipcbench.run.containment.leftovers import find_leftovers
from ipcbench.run.containment.processes import ISOLATION
from ipcbench.run.stop import Stop
from ipcbench.run.visitor import Visitor

AGAIN = "made again after its Dask worker was lost"  # a note of such a visit
PRETEND = "IPCBENCH_FLEET_HOST"  # for tests: workers on one machine pretend to be hosts of these names
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
}


class Facts(NamedTuple):
    """The machine of a host, and what contains the visits there."""

    machine: MachineFacts
    isolation: str


class Found(msgspec.Struct):
    """What a visit found: one of both."""

    outcome: Outcome | None = None
    failure: Failure | None = None

    def noted(self, lost: int) -> Outcome | Failure:
        """Return it, with a note if its Dask worker was `lost` so many times before."""
        if self.outcome:
            notes = (*self.outcome.notes, AGAIN) if lost else self.outcome.notes
            return self.outcome._replace(notes=notes)
        return self.failure or Failure("failed", "start", "the host said nothing of what it found")


class Answer(msgspec.Struct):
    """The end of a task: what the visits of a sitting found, or it was stopped, or it was for another host.

    trouble is why no further visit can be made there; uncontained says that a process outlived its visit.
    """

    found: list[Found] = []
    trouble: str = ""
    uncontained: bool = False
    stopped: bool = False
    elsewhere: bool = False


class Quit(Stop):
    """A Stop that is requested by another thread instead of a signal."""

    def ask(self) -> None:
        """End the sitting under way."""
        self._on_signal(signal.SIGINT, None)

    def close(self) -> None:
        """Close its descriptors."""
        os.close(self.fd)
        os.close(self._write)


_under_way: dict[str, Quit] = {}
_lock = threading.Lock()


def presence() -> dict[str, Any]:
    """Describe the host, in plain types that another version can read too.

    name is constant for this user and machine, and reveals neither; boot differs between machines. clock is seconds
    since the epoch.
    """
    return {
        "name": host_name(),
        "boot": _boot(),
        "version": ipcbench.__version__,
        "protocol": PROTOCOL,
        "python": platform.python_version(),
        "cpus": len(usable_cpus()),
        "clock": time.time(),
        "loud": _loud(),
    }


def host_name() -> str:
    """Return the name of this host, 8 hex digits."""
    pretended = os.environ.get(PRETEND)
    if pretended:
        return hashlib.sha256(os.fsencode(pretended)).hexdigest()[:8]
    return (machine_id() or _hashed(platform.node() + _boot()))[:8]


def facts() -> Facts:
    """Describe the machine for its results file."""
    return Facts(machine_facts(), ISOLATION)


def leftovers() -> int:
    """Return how many killed runs have left processes or files."""
    return len(find_leftovers())


def plan_here(request: Request, seed: int, budget: Budget, timing: Timing) -> tuple[Plan | None, str, bool]:
    """Plan for the capabilities of this host; or return why it cannot, and whether another host could."""
    try:
        return make_plan(_own_mechanisms(request), capabilities(), seed, budget, timing), "", False
    except BadRequest as error:
        return None, str(error), isinstance(error, NotHere)


def make_sitting(identity: str, name: str, visits: Sequence[Visit], seed: str, timing: Timing) -> bytes:
    """Make the visits of one sitting on the host of this name, and return an Answer as JSON.

    identity is the sitting's name for `stop_sitting`. Raises HostBusy and OSError, after which Dask may try again.
    """
    if name != host_name():
        return msgspec.json.encode(Answer(elsewhere=True))
    stop = Quit()
    with _lock:
        _under_way[identity] = stop
    try:
        with only_here(name) as held, contextlib.closing(Visitor(timing, stop, locks=[held])) as visitor:
            made = visitor.sitting(visits, seed)
        answer = Answer([Found(outcome=one) if isinstance(one, Outcome) else Found(failure=one) for one in made])
    except Interrupted:
        answer = Answer(stopped=True)
    except IpcbenchError as error:
        answer = Answer(trouble=str(error), uncontained=isinstance(error, NotContained))
    finally:
        with _lock:
            del _under_way[identity]
            stop.close()
    return msgspec.json.encode(answer)


def stop_sitting(identity: str) -> bool:
    """End the sitting of this identity if it is under way here; return whether it is."""
    with _lock:
        stop = _under_way.get(identity)
        if stop:
            stop.ask()
    return stop is not None


def _own_mechanisms(request: Request) -> Request:
    """Remove plug-ins from a request, since hosts may not have them; raises BadRequest if that leaves nothing."""
    names = mechanisms_of(request)
    own = [name for name in names if not catalog.is_plugin(name)]
    if names and not own:
        raise BadRequest(f"a fleet does not measure plug-ins: {', '.join(names)}")
    return replace(request, mechanisms=tuple(own)) if own != names else request


def _boot() -> str:
    pretended = os.environ.get(PRETEND)
    if pretended:
        return pretended
    return _hashed(boot_name())


def _hashed(text: str) -> str:
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:16]


def _loud() -> list[str]:
    """Return the settings that make this Dask worker use CPU time while a visit is timed."""
    import dask.config

    return [name for name, quiet in QUIET.items() if dask.config.get(name, quiet) is not quiet]
