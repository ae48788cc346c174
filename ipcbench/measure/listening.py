"""multiprocessing.connection.Listener and Client: a Connection over a socket with an address and a key."""

from __future__ import annotations

import os
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from ipcbench.measure.ports import Channel, PortSettings, Receive, Send, Side


class ListenerChannel(Channel):
    """The driver listens and accepts, the peer connects; after connect, `end` is this process's own.

    A Listener stays where it was made, so only patterns in which the driver is the upstream side can have it. The key
    is random: whoever connects without it is refused before a byte is unpickled.
    """

    end: Connection | None = None

    def __init__(self, settings: PortSettings) -> None:
        self.key = os.urandom(32)
        self.listener: Listener | None = self.listen(settings)
        self.address = self.listener.address

    def listen(self, settings: PortSettings) -> Listener:
        """Make the listener; here on a port of this host that nobody else reaches."""
        return Listener(("127.0.0.1", 0), authkey=self.key)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"listener": None}

    def connect(self, side: Side) -> None:
        if side == "peer":
            self.end = Client(self.address, authkey=self.key)
        elif self.listener:
            self.end = self.listener.accept()
        self.close_listener()

    def sender(self) -> Send:
        assert self.end is not None
        return self.end.send

    def receiver(self) -> Receive:
        assert self.end is not None
        return self.end.recv

    def close_listener(self) -> None:
        """Stop listening; a path goes only where it was made, as multiprocessing's finalizers see to."""
        if self.listener:
            self.listener.close()
            self.listener = None

    def close(self) -> None:
        self.close_listener()
        if self.end:
            self.end.close()
