"""Channels between two hosts: each half is made on its own host, and only an address goes from one to the other.

The peer of a pattern is the server: it binds to one interface, never to all, and says where. The driver is the client,
and dials. Both know the key of the visit, which is the authkey of both processes.

    server   port.offer() ──address──▶ client   port.there       then connect() on both, and the life of any port
"""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from collections.abc import Sequence
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from multiprocessing.process import current_process
from typing import Any, NamedTuple

from ipcbench.measure.ports import Channel, Mechanism, Port, Side

Address = Sequence[str | int]


class FarChannel(Channel):
    """One half of a channel between two hosts; there is what the other half has offered."""

    there: Address = ()

    @abstractmethod
    def offer(self) -> Address:
        """Bind to the interface of the settings; what the client's half needs to find it."""

    @abstractmethod
    def accept(self) -> None:
        """Wait for the client's half, where that must be waited for."""

    @abstractmethod
    def reach(self, address: Address) -> None:
        """Connect to the server's half."""

    def connect(self, side: Side) -> None:
        if side == "driver":
            self.reach(self.there)
        else:
            self.accept()


class Meeting(NamedTuple):
    """Where the server's half of a visit waits for the client's, and the key that only the two of them know, in hex."""

    host: str
    port: int
    key: str

    def write(self, path: str) -> None:
        """Leave it in a new file, whole or not at all, that its owner alone can read."""
        with open(os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(self, file)
        os.replace(f"{path}.tmp", path)

    @classmethod
    def read(cls, path: str) -> Meeting:
        """Read it back; raises OSError, and ValueError for what is none."""
        with open(path) as file:
            host, port, key = json.load(file)
        return cls(str(host), int(port), str(key))

    def share_key(self) -> None:
        """Make the key that of this process, and of what it starts from now on."""
        current_process().authkey = bytes.fromhex(self.key)


def far_form(mechanism: Mechanism) -> Mechanism:
    """The mechanism as one host has it of a pair; raises TypeError for one that has no such form."""
    if mechanism.far is None:
        raise TypeError(f"{mechanism.name} does not reach another host")
    return mechanism._replace(channel=mechanism.far)


def halves(ports: Sequence[Port]) -> list[FarChannel]:
    """The halves of channels in these ports, each once."""
    bare: list[Any] = [getattr(port, "inner", port) for port in dict.fromkeys(ports)]  # of arrays, below ArrayChannel
    return bare


def accept_known(listener: Listener) -> Connection:
    """A connection to the next caller that knows the key of this process; all others are turned away."""
    while True:
        try:
            return listener.accept()  # type: ignore[no-any-return, unused-ignore]
        except (AuthenticationError, EOFError, ConnectionError):
            continue
