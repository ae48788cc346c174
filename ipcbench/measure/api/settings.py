"""The settings from which a port is made, with the names and helper processes that belong to its visit."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Sequence
from multiprocessing.context import BaseContext
from multiprocessing.process import current_process
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from multiprocessing.managers import SyncManager  # its import takes 20 ms, which only manager mechanisms pay

_MANAGERS = ("manager", "tcp_manager")


class Helper(Protocol):
    """A process that a port started, such as measure.transports.external_server.Server."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def death(self) -> Exception | None:
        """Return how the process ended, if it ended before `stop`; else None."""

    def stop(self) -> None:
        """End the process; harmless if it has ended."""


class PortSettings:
    """Settings that a port is made from.

    context: the multiprocessing context of the start method. size: the most bytes of a message. window: messages in
    flight. workers: number of peers. payload: the kind of what travels, which reaches a channel of bytes coded, see
    measure.api.kind. A port draws every object from here, so that its names and helpers belong to the visit.
    """

    def __init__(self, context: BaseContext, size: int, window: int, workers: int, payload: str = "bytes") -> None:
        self.context = context
        self.size = size
        self.window = window
        self.workers = workers
        self.payload = payload
        self.cpus: Sequence[Sequence[int]] = ()  # CPUs of each worker that a port starts itself; empty: no pinning
        self.folder = tempfile.gettempdir()  # the visit's own folder, its path short enough for a socket
        self.named = 0
        self.started: list[int] = []  # ids of the processes that ports started, other than managers
        self.servers: dict[str, Helper] = {}  # by program

    def new_name(self) -> str:
        """Return a unique name for a system object; its prefix is the visit's, by which `clean` and warden find it."""
        self.named += 1
        visit: str = current_process()._config["semprefix"]  # type: ignore[attr-defined]  # see names.claim_names
        return f"{visit.lstrip('/')}-{os.getpid()}-{self.named}"

    def new_path(self) -> str:
        """Return a path in the visit's folder, at most 107 bytes, for a socket or a fifo."""
        return os.path.join(self.folder, self.new_name())

    @functools.cached_property
    def manager(self) -> SyncManager:
        """The manager process that all ports of a visit share, started at the first use."""
        return self.context.Manager()

    @functools.cached_property
    def tcp_manager(self) -> SyncManager:
        """A second manager, reached over TCP on loopback with the authentication key of this visit's processes."""
        from multiprocessing.managers import SyncManager

        manager = SyncManager(("127.0.0.1", 0), ctx=self.context)
        manager.start()
        return manager

    def helpers(self) -> list[int]:
        """Return the ids of the processes that ports started, beside the peers."""
        managers = [self.__dict__[name]._process.pid for name in _MANAGERS if name in self.__dict__]
        return [*managers, *self.started]

    def close(self) -> None:
        """End the helper processes; harmless when there are none, or twice."""
        for name in _MANAGERS:
            if name in self.__dict__:
                self.__dict__.pop(name).shutdown()
        while self.servers:
            _, server = self.servers.popitem()
            self.started.remove(server.pid)
            server.stop()

    def blame(self, error: Exception) -> Exception:
        """Return the unexpected end of a server as the cause of an error; the error itself if all servers run."""
        return next((death for server in self.servers.values() if (death := server.death())), error)
