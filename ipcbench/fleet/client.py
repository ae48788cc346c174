"""The client of a fleet: connect to Dask, survey the hosts, call functions on one host, submit visits."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from ipcbench.errors import BadRequest, HostLost, Interrupted, IpcbenchError
from ipcbench.fleet import host
from ipcbench.model import Timing, Visit
from ipcbench.run.stop import Stop
from ipcbench.text import safe_text

T = TypeVar("T")
CONNECT = 10.0  # seconds
RETRIES = 1  # of a task that raised an exception, by Dask
_FRESH = 0.5  # seconds for which the list of workers is cached
_ADDRESS = re.compile(r"(tcp|tls)://([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")
_EXPECTED = "expected such as tcp://10.0.0.5:8786 or tls://10.0.0.5:8786, as 'dask scheduler' prints it"
_EXTRA = "pip install 'ipcbench[fleet]'"


class Presence(NamedTuple):
    """A Dask worker that answered: its address, its `host.presence`, and by how many seconds its clock is off."""

    address: str
    name: str
    boot: str
    version: str
    protocol: int
    python: str
    cpus: int
    loud: tuple[str, ...]
    off: float


class Absence(NamedTuple):
    """A Dask worker on which ipcbench did not answer, and the reason."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for an encrypted cluster: the authority's certificate, and the client's own with its key."""

    ca: str
    cert: str
    key: str


class Fleet:
    """A connection to a Dask scheduler, used by one thread per host. A lost host may stay away for `grace` seconds."""

    def __init__(self, client: Any, grace: float) -> None:
        self.client, self.grace = client, grace
        self._lock = threading.Lock()
        self._workers: tuple[float, frozenset[str]] = (float("-inf"), frozenset())
        self._addresses: dict[str, str] = {}

    @classmethod
    def connect(cls, address: str, tls: Tls | None, grace: float) -> Fleet:
        """Connect; raises BadRequest if no scheduler answers, and IpcbenchError if the extra is not installed."""
        try:
            from distributed import Client
            from distributed.security import Security
        except ImportError as error:
            raise IpcbenchError(f"fleet needs the library distributed ({safe_text(error)}): {_EXTRA}") from error
        if not _ADDRESS.fullmatch(address):  # Dask takes 20 seconds to reject an address
            raise BadRequest(f"scheduler {safe_text(address, 100)!r}: {_EXPECTED}")
        if address.startswith("tls:") and not tls:
            raise BadRequest(f"{address} is encrypted: give --tls-ca, --tls-cert and --tls-key")
        for logger in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
            logging.getLogger(logger).setLevel(logging.CRITICAL + 1)  # our own errors say what matters
        try:
            security = None
            if tls:
                security = Security(
                    tls_ca_file=tls.ca, tls_client_cert=tls.cert, tls_client_key=tls.key, require_encryption=True
                )
            return cls(Client(address, timeout=CONNECT, set_as_default=False, security=security), grace)
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            text = safe_text(error, 200) or type(error).__name__
            raise BadRequest(f"no Dask scheduler answers at {address} ({text}): {_EXPECTED}") from error

    def close(self) -> None:
        """Disconnect, and drop our tasks; the cluster stays."""
        self.client.close(timeout=5)

    def workers(self) -> frozenset[str]:
        """Return the addresses of all workers; raises HostLost if the scheduler does not answer."""
        with self._lock:
            at, known = self._workers
            if time.monotonic() - at > _FRESH:
                known = frozenset(self._ask(self.client.nthreads))
                self._workers = time.monotonic(), known
            return known

    def survey(self) -> tuple[list[Presence], list[Absence]]:
        """Ask all workers to describe themselves; return those that answered, by name, and the others, by address."""
        present, absent = [], []
        for address in sorted(self.workers()):
            before = time.time()
            answer = self._on(address, host.presence, on_error="return")
            if isinstance(answer, dict):
                present.append(_presence(address, answer, before, time.time()))
            else:
                absent.append(Absence(address, _why_absent(answer)))
        with self._lock:
            self._addresses = {found.name: found.address for found in present}
        return sorted(present, key=lambda found: found.name), absent

    def listens_everywhere(self) -> list[str]:
        """Return the unencrypted addresses at which the scheduler listens to every network; none if it does not say."""
        try:
            found = self._ask(self.client.run_on_scheduler, listening)
        except HostLost:
            return []
        return [text for text in found if text.startswith("tcp://") and any(sign in text for sign in _EVERYWHERE)]

    def allowed_failures(self) -> int | None:
        """Return how many workers may die under a task before Dask gives up; None if the scheduler does not say."""
        try:
            return int(self._ask(self.client.run_on_scheduler, deaths_allowed))
        except (HostLost, ValueError):
            return None

    def find(self, name: str, stop: Stop) -> str:
        """Return the address of a host, and wait for a lost one to come back; raises HostLost, and Interrupted."""
        until = time.monotonic() + self.grace
        while True:
            workers = self.workers()
            with self._lock:
                known = self._addresses.get(name, "")
                strangers = workers - set(self._addresses.values())
            if known in workers:
                return known
            for address in sorted(strangers):
                answer = self._on(address, host.presence, on_error="return")
                if isinstance(answer, dict):
                    with self._lock:
                        self._addresses[str(answer["name"])] = address
            if stop.by is not None:
                raise Interrupted(stop.by)
            if time.monotonic() > until:
                raise HostLost(f"its Dask worker is gone and did not come back within {self.grace:.0f} s")
            time.sleep(_FRESH)

    def forget(self, name: str) -> None:
        """Forget the address of a host."""
        with self._lock:
            self._addresses.pop(name, None)

    def call(self, name: str, stop: Stop, function: Callable[..., T], *arguments: object) -> T:
        """Call a function on a host, outside of its tasks; raises HostLost."""
        found: T = self._on(self.find(name, stop), function, *arguments)
        return found

    def submit(self, address: str, identity: str, name: str, visits: Sequence[Visit], seed: str, timing: Timing) -> Any:
        """Submit a sitting to the worker at this address only; return its future."""
        return self.client.submit(
            host.make_sitting,
            identity,
            name,
            visits,
            seed,
            timing,
            key=identity,
            workers=[address],
            allow_other_workers=False,
            retries=RETRIES,
            pure=False,
        )

    def stop_sitting(self, address: str, identity: str) -> None:
        """End a sitting early, if it is still at this address."""
        try:
            self._on(address, host.stop_sitting, identity)
        except IpcbenchError:
            return  # the host is lost, and its warden ends the visits

    def _on(self, address: str, function: Callable[..., Any], *arguments: object, on_error: str = "raise") -> Any:
        if address not in self.workers():  # Dask would try for half a minute
            raise HostLost("its Dask worker is gone")
        found = self._ask(self.client.run, function, *arguments, workers=[address], on_error=on_error)
        if address not in found:
            raise HostLost("its Dask worker does not answer")
        return found[address]

    def _ask(self, function: Callable[..., Any], *arguments: object, **more: object) -> Any:
        """Call the client; raises HostLost if it gets no answer, for whatever reason."""
        try:
            return function(*arguments, **more)
        except Exception as error:  # Dask raises errors of the other side, and its own of many types
            text = safe_text(error, 200) or type(error).__name__
            if "ConnectionPool" in text:  # the pool is closed because the scheduler cannot be reached
                raise HostLost("the Dask scheduler is gone") from error
            raise HostLost(f"the Dask cluster does not answer as it should: {text}") from error


_EVERYWHERE = ("//0.0.0.0", "//[::]", "//:")


def listening(dask_scheduler: Any = None) -> list[str]:
    """Return the addresses at which the scheduler listens; runs on the scheduler."""
    return [str(listener.listen_address) for listener in dask_scheduler.listeners]


def deaths_allowed(dask_scheduler: Any = None) -> int:
    """Return the scheduler's setting allowed-failures; runs on the scheduler."""
    return int(dask_scheduler.allowed_failures)


def _presence(address: str, answer: dict[str, Any], before: float, after: float) -> Presence:
    clock = float(answer["clock"])
    return Presence(
        address=address,
        name=str(answer["name"]),
        boot=str(answer["boot"]),
        version=str(answer["version"]),
        protocol=int(answer["protocol"]),
        python=str(answer["python"]),
        cpus=int(answer["cpus"]),
        loud=tuple(map(str, answer["loud"])),
        off=max(0.0, clock - after) + min(0.0, clock - before),
    )


def _why_absent(answer: object) -> str:
    text = safe_text(answer, 200) or type(answer).__name__
    if "No module named 'ipcbench'" in text:  # Dask passes on the text of an error, and not always its type
        return f"ipcbench is not installed there: {_EXTRA} in the Python of its Dask worker"
    if "No module named" in text or "cannot import name" in text:
        return f"an ipcbench without what a fleet needs ({text}): {_EXTRA} there"
    return f"it does not say who it is ({text})"
